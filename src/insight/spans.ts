// Stretches of a text that its notation marks: quotations, comments, brackets.

/** From a code unit of the text to the one before which it ends. */
export type Span = readonly [from: number, to: number];

/**
 * Comments and quotations, whichever begins first: an apostrophe in a comment quotes nothing. A
 * quotation ends with its paragraph at the latest; one in single marks, which may be apostrophes,
 * is in one line.
 */
const notation = new RegExp(
  [
    String.raw`(?<comment>(?<!:)//[^\n]*|/\*[\s\S]*?(?:\*/|$)|<!--[\s\S]*?(?:-->|$)|(?<!\S)#[ !][^\n]*)`,
    String.raw`(?<quote>"(?:\\.|[^"\\\n]|\n(?!\n))*"?|„(?:[^“”\n]|\n(?!\n))*[“”]?|“(?:[^”\n]|\n(?!\n))*”?|«(?:[^»\n]|\n(?!\n))*»?|(?<![\p{L}\p{N}])'(?:\\.|[^'\\\n])*'(?![\p{L}\p{N}]))`,
  ].join('|'),
  'gu',
);

/** What is no part of the inside any more. */
const ends = { quote: /["“”»']$/, comment: /(?:\*\/|-->)$/ } as const;

const closes: Readonly<Record<string, string>> = { ')': '(', ']': '[', '}': '{' };

/** From the first mark, once it is read, until the last is. */
export function* inNotation(text: string, kind: 'comment' | 'quote'): Generator<Span> {
  for (const {
    0: { length },
    index,
    groups,
  } of text.matchAll(notation)) {
    const found = groups![kind];
    if (found === undefined) continue; // it is of the other kind
    yield [index, index + length - (length > 1 && ends[kind].test(found) ? 1 : 0)];
  }
}

/** Pairs of brackets; one without a partner is passed over. */
export function* bracketed(text: string): Generator<Span> {
  const open: { readonly bracket: string; readonly at: number }[] = [];
  for (const { 0: bracket, index } of text.matchAll(/[()[\]{}]/g)) {
    if (!Object.hasOwn(closes, bracket)) {
      open.push({ bracket, at: index });
      continue;
    }
    const partner = open.findLastIndex((each) => each.bracket === closes[bracket]);
    if (partner < 0) continue;
    yield [open[partner].at, index];
    open.length = partner;
  }
}

export function* matching(text: string, pattern: RegExp): Generator<Span> {
  for (const {
    0: { length },
    index,
  } of text.matchAll(pattern))
    yield [index, index + length];
}
