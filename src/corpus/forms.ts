// The forms of one text that look the same to a reader: with other line ends, and with accents
// composed (NFC) or apart (NFD). A model that was trained on one of them knows no other. Knows
// vocabularies only as a question.
import type { Pieces } from '../pieces.ts';
import { withLineFeeds } from './line-ends.ts';
import { Encoder, type Tokens } from './store.ts';

type Form = (text: string) => string;

/** What is asked of a vocabulary. */
interface KnownCharacters {
  readonly data: { readonly unknown: number | null };
  find(character: string): number;
}

const forms: readonly Form[] = [
  withLineFeeds,
  (text) => withLineFeeds(text).normalize('NFC'),
  (text) => withLineFeeds(text).normalize('NFD'),
];

/** Ids made to text at a time. */
const BLOCK = 65_536;

/**
 * The form of a text of which every character is known; the text as it is where that is so, or no
 * form does.
 */
export function knownForm(text: string, isKnown: (character: string) => boolean): string {
  const fits = (form: string): boolean => [...new Set(form)].every(isKnown);
  if (fits(text)) return text;
  return forms.map((form) => form(text)).find(fits) ?? text;
}

/** Whether another form of a text may do without this character. */
const mayVanish = (character: string): boolean =>
  character === '\r' || /[\p{M}\u{1100}-\u{11FF}]/u.test(character) || character.normalize('NFD') !== character;

/** A text that was read. */
export interface Encoded {
  readonly encoder: Encoder;
  /** Where in the store the sources end, then the text to validate on, then the text to test on. */
  readonly ends: readonly number[];
}

/**
 * The text in a form of which the vocabulary knows every character, where it does not know the text
 * as it is; null if no form does.
 */
export function* encodedInKnownForm({ encoder, ends }: Encoded, vocabulary: KnownCharacters): Pieces<Encoded | null> {
  // Where there is a symbol for the unknown, texts were trained on with it.
  if (vocabulary.data.unknown !== null || !(yield* unknownTo(vocabulary, encoder)).some(mayVanish)) return null;
  for (const form of forms) {
    const other = new Encoder();
    const otherEnds: number[] = [];
    for (const [part, end] of ends.entries()) {
      for (const piece of piecesOf(encoder.store.view(ends[part - 1] ?? 0, end), encoder.codePoints)) {
        other.push(form(piece));
        yield;
      }
      otherEnds.push(other.store.length);
    }
    if ((yield* unknownTo(vocabulary, other)).length === 0) return { encoder: other, ends: otherEnds };
  }
  return null;
}

/** The characters of a text that a vocabulary does not have. */
function* unknownTo(vocabulary: KnownCharacters, { store, codePoints }: Encoder): Pieces<readonly string[]> {
  const counts = yield* store.count(codePoints.length, 0, store.length);
  const characters = codePoints.filter((_, id) => counts[id] > 0).map((codePoint) => String.fromCodePoint(codePoint));
  return characters.filter((character) => vocabulary.find(character) < 0);
}

/**
 * The text in pieces that begin with an ASCII character other than a line end: nothing before it
 * composes with it.
 */
function* piecesOf(ids: Tokens, codePoints: readonly number[]): Generator<string> {
  let held = '';
  for (let start = 0; start < ids.length; start += BLOCK) {
    for (const id of ids.subarray(start, start + BLOCK)) held += String.fromCodePoint(codePoints[id]);
    const cut = held.search(/[ -~][^ -~]*$/);
    if (cut <= 0) continue;
    yield held.slice(0, cut);
    held = held.slice(cut);
  }
  yield held;
}
