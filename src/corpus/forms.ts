// The forms of one text that look the same to a reader: with other line ends, and with accents composed (NFC) or apart (NFD). A model
// that was trained on one of them knows no other. Knows vocabularies only as a question.
import type { Pieces } from '../pieces.ts';
import { Encoder } from './encoder.ts';
import { withLineFeeds } from './line-ends.ts';
import type { Tokens } from './store.ts';

type Form = (text: string) => string;

const forms: readonly Form[] = [
  withLineFeeds,
  (text) => withLineFeeds(text).normalize('NFC'),
  (text) => withLineFeeds(text).normalize('NFD'),
];

/** Ids made to text at a time. */
const BLOCK = 65_536;

/** The form of a text of which every character is known; the text as it is where that is so, or no form does. */
export function knownForm(text: string, isKnown: (character: string) => boolean): string {
  const fits = (form: string): boolean => [...new Set(form)].every(isKnown);
  if (fits(text)) return text;
  return forms.map((form) => form(text)).find(fits) ?? text;
}

/** Whether another form of a text may do without this character. */
const mayVanish = (character: string): boolean =>
  character === '\r' ||
  /[\p{M}\u{1100}-\u{11FF}]/u.test(character) ||
  character.normalize('NFD') !== character ||
  character.normalize('NFC') !== character;

/**
 * A text that is encoded already, in the form of which every character is known; null if no form does.
 *
 * @param parts of the text, one after another
 * @param missing its characters that are not known
 */
export function* encodedInKnownForm(
  parts: readonly Tokens[],
  codePoints: readonly number[],
  missing: readonly string[],
  isKnown: (character: string) => boolean,
): Pieces<{ readonly encoder: Encoder; readonly ends: readonly number[] } | null> {
  if (!missing.some(mayVanish)) return null;
  for (const form of forms) {
    const encoder = new Encoder('char');
    const ends: number[] = [];
    for (const part of parts) {
      for (const piece of piecesOf(part, codePoints)) {
        encoder.push(Buffer.from(form(piece)));
        yield;
      }
      ends.push(encoder.store.length);
    }
    const counts = yield* encoder.store.count(encoder.codePoints.length, 0, encoder.store.length);
    if (encoder.codePoints.every((codePoint, id) => counts[id] === 0 || isKnown(String.fromCodePoint(codePoint)))) return { encoder, ends };
  }
  return null;
}

/** The text in pieces that begin with an ASCII character other than a line end: nothing before it composes with it. */
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
