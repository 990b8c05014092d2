// Forms of a text that look the same to a reader: with other line endings, and with accents
// composed (NFC) or decomposed (NFD). A model knows only the form that it was trained on.
import type { SlicedWork } from '../sliced-work.ts';
import { withLineFeeds } from './line-ends.ts';
import { TokenEncoder, type Tokens } from './store.ts';

type Form = (text: string) => string;

/** The part of a vocabulary that this file uses. */
interface KnownCharacters {
  readonly data: { readonly unknown: number | null };
  find(character: string): number;
}

const forms: readonly Form[] = [
  withLineFeeds,
  (text) => withLineFeeds(text).normalize('NFC'),
  (text) => withLineFeeds(text).normalize('NFD'),
];

/** Ids converted to text at a time. */
const BLOCK = 65_536;

/**
 * Returns a form of the text in which every character is known. If the text is such a form already,
 * or if no form is, returns the text unchanged.
 */
export function inKnownForm(text: string, isKnown: (character: string) => boolean): string {
  const fits = (form: string): boolean => [...new Set(form)].every(isKnown);
  if (fits(text)) return text;
  return forms.map((form) => form(text)).find(fits) ?? text;
}

/**
 * Returns the form of the text with the fewest unknown characters. Among equal forms, the text itself
 * comes first.
 */
export function nearestKnownForm(text: string, isKnown: (character: string) => boolean): string {
  const unknownIn = (form: string): number => [...form].filter((character) => !isKnown(character)).length;
  let [nearest, fewest] = [text, unknownIn(text)];
  for (const form of fewest === 0 ? [] : forms.map((each) => each(text))) {
    const unknown = unknownIn(form);
    if (unknown < fewest) [nearest, fewest] = [form, unknown];
  }
  return nearest;
}

/** Whether a character may be missing from another form of a text. */
const mayVanish = (character: string): boolean =>
  character === '\r' || /[\p{M}\u{1100}-\u{11FF}]/u.test(character) || character.normalize('NFD') !== character;

/** A text that has been read. */
export interface EncodedText {
  readonly encoder: TokenEncoder;
  /**
   * End positions in the store: of the sources, of the separate validation text, of the separate
   * test text.
   */
  readonly ends: readonly number[];
}

/**
 * Re-encodes the text in a form in which the vocabulary knows every character. Null if the
 * vocabulary knows the original text, or if no form helps.
 */
export function* encodeInKnownForm(
  { encoder, ends }: EncodedText,
  vocabulary: KnownCharacters,
): SlicedWork<EncodedText | null> {
  // A vocabulary with an unknown token was trained on texts with unknown characters.
  if (vocabulary.data.unknown !== null || !(yield* charactersUnknownTo(vocabulary, encoder)).some(mayVanish))
    return null;
  for (const form of forms) {
    const candidate = new TokenEncoder();
    const candidateEnds: number[] = [];
    for (const [part, end] of ends.entries()) {
      for (const piece of piecesOf(encoder.store.view(ends[part - 1] ?? 0, end), encoder.codePoints)) {
        candidate.push(form(piece));
        yield;
      }
      candidateEnds.push(candidate.store.length);
    }
    if ((yield* charactersUnknownTo(vocabulary, candidate)).length === 0)
      return { encoder: candidate, ends: candidateEnds };
  }
  return null;
}

/** The characters of a text that a vocabulary does not have. */
function* charactersUnknownTo(
  vocabulary: KnownCharacters,
  { store, codePoints }: TokenEncoder,
): SlicedWork<readonly string[]> {
  const counts = yield* store.count(codePoints.length, 0, store.length);
  const characters = codePoints.filter((_, id) => counts[id] > 0).map((codePoint) => String.fromCodePoint(codePoint));
  return characters.filter((character) => vocabulary.find(character) < 0);
}

/**
 * Splits the text into pieces that begin with an ASCII character other than a line ending. Such a
 * character does not compose with the text before it.
 */
function* piecesOf(ids: Tokens, codePoints: readonly number[]): Generator<string> {
  let pending = '';
  for (let start = 0; start < ids.length; start += BLOCK) {
    for (const id of ids.subarray(start, start + BLOCK)) pending += String.fromCodePoint(codePoints[id]);
    const cut = pending.search(/[ -~][^ -~]*$/);
    if (cut <= 0) continue;
    yield pending.slice(0, cut);
    pending = pending.slice(cut);
  }
  yield pending;
}
