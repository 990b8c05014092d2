// Beam search: looks for the likeliest continuation of a text. The likeliest texts so far are rows
// of one batch, which advance together.
import { setImmediate } from 'node:timers/promises';
import type { Device } from '../devices/device.ts';
import { type TrainedModel, parameterVector } from '../runs/store.ts';
import { logSumExp } from './likeliest.ts';
import { type ModelText, type Prompt, type PromptRules, type TextOrBytes, modelTextOf } from './model-text.ts';
import { Network, type NetworkRows } from './network.ts';

/** Which continuation to search for, and how. */
export interface BeamRequest extends PromptRules {
  readonly prime: TextOrBytes;
  /**
   * The number of texts that are kept at each step. The greedy text is kept as well, so the result is
   * never less likely.
   */
  readonly beam: number;
  /** Tokens of the continuation, at most: characters or bytes. */
  readonly length: number;
  /** Each ends a text, to which it belongs. */
  readonly stop: TextOrBytes | readonly TextOrBytes[] | null;
}

/** A continuation, and how likely the model considers it. */
export interface BeamResult {
  /** Without the prompt. */
  readonly text: string;
  /** Its tokens, with the token that ends a record. */
  readonly tokens: number;
  /** The sum of ln p of these tokens. */
  readonly logProbability: number;
  /** The text reached its maximum length before a stop or the end of a record. */
  readonly isCut: boolean;
}

/** A text that may become the continuation. */
interface Hypothesis {
  /** The text without its last token, or null for the empty text. */
  readonly parent: Hypothesis | null;
  /** The last token. */
  readonly id: number;
  readonly logProbability: number;
  /** The end of the text, as long as the longest stop. */
  readonly end: string;
  readonly isEnded: boolean;
  /** Each of its tokens is the likeliest. */
  readonly isGreedy: boolean;
  /** The row whose prediction the last token is from. */
  readonly row: number;
}

const EMPTY: Hypothesis = {
  parent: null,
  id: -1,
  logProbability: 0,
  end: '',
  isEnded: false,
  isGreedy: true,
  row: 0,
};

/**
 * Searches for the continuation with the highest probability among texts that end, or that have the
 * maximum length.
 *
 * @throws RnnError `corpus` for characters in the prompt that the model does not know, `usage` if no
 * token may be sampled
 */
export async function searchBeam(trained: TrainedModel, device: Device, request: BeamRequest): Promise<BeamResult> {
  const text = modelTextOf(trained);
  const prompt = text.promptOf(request.prime, request);
  const extend = extender(text, prompt, request);
  const network = await Network.open(trained.model, device, request.beam + 1);
  try {
    await network.load(parameterVector(trained));
    const { logits: first, states } = await network.read(prompt.context, setImmediate);
    const rows = network.rowsOf(request.beam + 1);
    await rows.setStates(new Map([[0, states]]));
    let best: Hypothesis | null = null;
    let live: readonly Hypothesis[] = [EMPTY];
    let logits: readonly Float32Array[] = [first];
    for (let length = 1; ; length++) {
      const next: readonly Hypothesis[] = extend(live, logits);
      const isLast = length === request.length;
      for (const each of next)
        if ((each.isEnded || isLast) && (best === null || each.logProbability > best.logProbability)) best = each;
      // A longer text is never more likely.
      const bound = best?.logProbability ?? -Infinity;
      live = next.filter(({ isEnded, logProbability }) => !isEnded && logProbability > bound);
      if (isLast || live.length === 0) return continuationOf(best!, text);
      await moveStates(rows, live);
      for (const [row, { id }] of live.entries()) rows.ids[row] = id;
      const stepping = rows.advance();
      if (stepping) await stepping;
      logits = rows.logits;
      await setImmediate(); // gives signals a turn
    }
  } finally {
    await network.close();
  }
}

/** Gives each text the states of the text that it extends. */
async function moveStates(rows: NetworkRows, live: readonly Hypothesis[]): Promise<void> {
  if (live.every(({ row }, to) => row === to)) return;
  const states = await rows.allStates();
  await rows.setStates(new Map(live.map(({ row }, to) => [to, states[row]])));
}

type Extend = (live: readonly Hypothesis[], logits: readonly Float32Array[]) => readonly Hypothesis[];

/** Extends texts by a token, and keeps the likeliest texts, in descending order. */
function extender(text: ModelText, { ids }: Prompt, { beam, stop }: BeamRequest): Extend {
  const isEmpty = ids.length === 0;
  const { end, data, size } = text.vocabulary;
  text.symbols({}, isEmpty ? end : null); // refuses a vocabulary without a token to choose
  const stops = [stop ?? []].flat().map((each) => text.stopOf(each));
  const longest = Math.max(0, ...stops.map((each) => each.length));
  const texts = text.textsOfTokens;
  return (live, logits) => {
    const kept: Hypothesis[] = [];
    let greedy: Hypothesis | null = null;
    for (const [row, parent] of live.entries()) {
      const total = logSumExp(logits[row]);
      // No record is empty.
      const isAllowed = (id: number): boolean => id !== data.unknown && !(isEmpty && parent === EMPTY && id === end);
      const likeliest = parent.isGreedy ? likeliestOf(logits[row], isAllowed) : -1;
      for (let id = 0; id < size; id++) {
        const logProbability = parent.logProbability + logits[row][id] - total;
        const isGreedy = id === likeliest;
        const isKept = kept.length < beam || logProbability > kept[beam - 1].logProbability;
        if (!isAllowed(id) || !(isKept || isGreedy)) continue;
        const tail = longest === 0 || id === end ? '' : `${parent.end}${texts[id]}`.slice(-longest);
        const isEnded = id === end || stops.some((each) => tail.endsWith(each));
        const extended = { parent, id, logProbability, end: tail, isEnded, isGreedy, row };
        if (isGreedy) greedy = extended;
        if (isKept) insert(extended, kept, beam);
      }
    }
    return greedy === null || kept.includes(greedy) ? kept : [...kept, greedy];
  };
}

/** The allowed id with the largest logit, the lowest of equals. */
function likeliestOf(logits: Float32Array, isAllowed: (id: number) => boolean): number {
  let likeliest = -1;
  for (const [id, logit] of logits.entries())
    if (isAllowed(id) && (likeliest < 0 || logit > logits[likeliest])) likeliest = id;
  return likeliest;
}

/** Inserts into a list in descending order, behind equals. The least likely of too many is dropped. */
function insert(hypothesis: Hypothesis, kept: Hypothesis[], most: number): void {
  let at = kept.length;
  while (at > 0 && kept[at - 1].logProbability < hypothesis.logProbability) at--;
  kept.splice(at, 0, hypothesis);
  if (kept.length > most) kept.pop();
}

function continuationOf(last: Hypothesis, { vocabulary }: ModelText): BeamResult {
  const ids: number[] = [];
  for (let each = last; each.parent !== null; each = each.parent) ids.push(each.id);
  ids.reverse();
  return {
    text: vocabulary.decode(last.id === vocabulary.end ? ids.slice(0, -1) : ids),
    tokens: ids.length,
    logProbability: last.logProbability,
    isCut: !last.isEnded,
  };
}
