// Chooses texts among samples: samples more than are wanted, and keeps those that meet conditions.
// The choice depends only on the seeds, not on the order in which samples are complete.
import { hash53 } from '../corpus/text-hash.ts';
import type { RnnError } from '../errors.ts';
import type { OneText, TextOrBytes } from './sample.ts';
import type { TextOutcome } from './text.ts';

/** Texts that must not occur. */
export interface TextSet {
  has(text: string): boolean;
}

/** The conditions that a text must meet, and how it is chosen. */
export interface Conditions {
  /** No text occurs twice. */
  readonly isUnique: boolean;
  readonly excluded: readonly TextSet[];
  /** Matches each text. */
  readonly match: RegExp | null;
  /** Samples for one text after which it is abandoned. */
  readonly maxTries: number;
  /** Samples of which the likeliest is kept. */
  readonly bestOf: number;
}

/** A text to sample. */
export interface WantedText {
  readonly index: number;
  /** The prompt. Undefined for the prompt of all texts. */
  readonly prime?: TextOrBytes;
  /** Why it cannot be sampled. Null if it can. */
  readonly error: RnnError | null;
  /** @param attempt from 0 */
  seedOf(attempt: number): number;
}

/** A sample, in the form that the caller wants and as text. */
export interface Candidate<Text> {
  readonly text: Text;
  /** The text that must be unique and not excluded. */
  readonly whole: string;
  /** The text that must match. */
  readonly answer: string;
  readonly outcome: TextOutcome;
}

/** A text that was chosen, or null if none meets the conditions or the text cannot be sampled. */
export interface Chosen<Text> {
  readonly wanted: WantedText;
  readonly seed: number;
  readonly candidate: Candidate<Text> | null;
  /** Samples that did not meet the conditions. */
  readonly refused: number;
}

interface Slot<Text> {
  readonly wanted: WantedText;
  /** By attempts. Null for a sample that cannot be chosen, undefined for a sample that was not added yet. */
  readonly candidates: (Candidate<Text> | null | undefined)[];
  /** Attempts that were passed on to be sampled. */
  asked: number;
  /** Attempts that do not meet the conditions. */
  refused: number;
}

/** Texts that may wait for an earlier text. */
const MAX_SLOTS = 512;

/** Passes on what to sample (iterate over it), takes the samples in the same order, and chooses. */
export class Selection<Text> implements Iterable<OneText> {
  readonly #conditions: Conditions;
  readonly #takeNext: () => WantedText | null;
  /** Attempts at each text, a multiple of `bestOf`. */
  readonly #maxAttempts: number;
  readonly #mayRefuse: boolean;
  /** Texts that are not settled, in order. */
  readonly #slots: Slot<Text>[] = [];
  /** Attempts whose samples were not added yet. */
  readonly #pending: { readonly slot: Slot<Text>; readonly attempt: number }[] = [];
  readonly #chosenHashes = new Set<number>();

  /** @param takeNext returns the next text, or null if no text is available now */
  constructor(conditions: Conditions, takeNext: () => WantedText | null) {
    this.#conditions = conditions;
    this.#takeNext = takeNext;
    const { maxTries, bestOf } = conditions;
    this.#maxAttempts = Math.ceil(maxTries / bestOf) * bestOf;
    this.#mayRefuse = mayRefuse(conditions);
  }

  /** The iterator may have further texts after it was done, if a sample was refused. */
  [Symbol.iterator](): Iterator<OneText> {
    this.#pending.length = 0; // samples that the caller did not wait for
    return {
      next: () => {
        const value = this.#nextAttempt();
        return value === null ? { done: true, value: undefined } : { done: false, value };
      },
    };
  }

  /** Whether all texts are settled and none is to come now. */
  get isIdle(): boolean {
    if (this.#slots.length === 0) this.#begin();
    return this.#slots.length === 0;
  }

  /** The text whose sample `add` takes next. */
  get sampling(): WantedText {
    return this.#pending[0].slot.wanted;
  }

  /** Takes the next sample, in the order in which they were asked for. */
  add(candidate: Candidate<Text>): void {
    const { slot, attempt } = this.#pending.shift()!;
    slot.candidates[attempt] = this.#isAllowed(candidate) ? candidate : null;
    // A slot that waits for earlier slots learns here that it needs more attempts.
    if (slot !== this.#slots[0]) this.#best(slot, false);
  }

  /** Removes the next text that is settled, in order. Null if none is. */
  takeChosen(): Chosen<Text> | null {
    const [slot] = this.#slots;
    if (slot === undefined) return null;
    const attempt = slot.wanted.error === null ? this.#best(slot, true) : null;
    if (attempt === undefined) return null;
    this.#slots.shift();
    const { wanted, refused } = slot;
    const candidate = attempt === null ? null : slot.candidates[attempt]!;
    if (candidate !== null && this.#conditions.isUnique) this.#chosenHashes.add(hash53(candidate.whole));
    return { wanted, seed: wanted.seedOf(attempt ?? 0), candidate, refused };
  }

  #nextAttempt(): OneText | null {
    const slot = this.#slots.find((each) => this.#needsAttempt(each)) ?? this.#begin() ?? this.#speculative();
    if (slot === null) return null;
    const attempt = slot.asked++;
    this.#pending.push({ slot, attempt });
    const { prime } = slot.wanted;
    return { seed: slot.wanted.seedOf(attempt), ...(prime !== undefined && { prime }) };
  }

  #needsAttempt({ wanted, asked, refused }: Slot<Text>): boolean {
    return wanted.error === null && asked < Math.min(refused + this.#conditions.bestOf, this.#maxAttempts);
  }

  /** Begins with the next text that can be sampled. */
  #begin(): Slot<Text> | null {
    while (this.#slots.length < MAX_SLOTS) {
      const wanted = this.#takeNext();
      if (wanted === null) return null;
      const slot = { wanted, candidates: [], asked: 0, refused: 0 };
      this.#slots.push(slot);
      if (wanted.error === null) return slot;
    }
    return null;
  }

  /** A text that may need another attempt, for rows that have nothing else to do. */
  #speculative(): Slot<Text> | null {
    if (!this.#mayRefuse) return null;
    return this.#slots.find(({ wanted, asked }) => wanted.error === null && asked < this.#maxAttempts) ?? null;
  }

  #isAllowed({ whole, answer }: Candidate<Text>): boolean {
    const { excluded, match } = this.#conditions;
    // `search` ignores the position of a regular expression with the flag g.
    return !excluded.some((texts) => texts.has(whole)) && (match === null || answer.search(match) !== -1);
  }

  /**
   * The attempt to choose. Null if all attempts were made in vain, undefined if more samples are
   * needed.
   *
   * @param isNext whether all earlier texts are settled, so that it can be decided which are unique
   */
  #best(slot: Slot<Text>, isNext: boolean): number | null | undefined {
    const { bestOf, isUnique } = this.#conditions;
    if (bestOf === 1 && !this.#mayRefuse) return slot.candidates.length === 0 ? undefined : 0;
    while (slot.refused < this.#maxAttempts) {
      const round = Array.from({ length: bestOf }, (_, index) => slot.refused + index);
      if (round.some((attempt) => slot.candidates[attempt] === undefined)) return undefined;
      const allowed = round.filter((attempt) => slot.candidates[attempt] !== null);
      if (allowed.length > 0 && !isNext) return undefined;
      const left = allowed.filter(
        (attempt) => !isUnique || !this.#chosenHashes.has(hash53(slot.candidates[attempt]!.whole)),
      );
      if (left.length > 0) return likeliest(left, (attempt) => slot.candidates[attempt]!.outcome);
      slot.refused += bestOf;
    }
    return null;
  }
}

/** Whether conditions can refuse a text. */
export const mayRefuse = ({ isUnique, excluded, match }: Conditions): boolean =>
  isUnique || excluded.length > 0 || match !== null;

/** The attempt with the highest log-probability per token, the first of equals. */
function likeliest(attempts: readonly number[], outcomeOf: (attempt: number) => TextOutcome): number {
  const score = (attempt: number): number => {
    const { logProbability, tokens } = outcomeOf(attempt);
    return (logProbability ?? 0) / Math.max(1, tokens);
  };
  return attempts.reduce((best, attempt) => (score(attempt) > score(best) ? attempt : best));
}
