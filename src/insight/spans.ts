// Spans of a text that its notation marks: quotations, comments, brackets.

/** Positions of code units: the first in the span, and the first after it. */
export type Span = readonly [from: number, to: number];

/**
 * Comments and quotations, whichever begins first, so an apostrophe in a comment does not begin a
 * quotation. A quotation ends with its paragraph at the latest. A quotation in single marks, which
 * may be apostrophes, is limited to one line.
 */
const notation = new RegExp(
  [
    String.raw`(?<comment>(?<!:)//[^\n]*|/\*[\s\S]*?(?:\*/|$)|<!--[\s\S]*?(?:-->|$)|(?<!\S)#[ !][^\n]*)`,
    String.raw`(?<quote>"(?:\\.|[^"\\\n]|\n(?!\n))*"?|„(?:[^“”\n]|\n(?!\n))*[“”]?|“(?:[^”\n]|\n(?!\n))*”?|«(?:[^»\n]|\n(?!\n))*»?|(?<![\p{L}\p{N}])'(?:\\.|[^'\\\n])*'(?![\p{L}\p{N}]))`,
  ].join('|'),
  'gu',
);

/** End marks, which are not part of the inside. */
const ends = { quote: /["“”»']$/, comment: /(?:\*\/|-->)$/ } as const;

const closes: Readonly<Record<string, string>> = { ')': '(', ']': '[', '}': '{' };

/** From the first mark, after reading it, to the last. */
export function* notationSpans(text: string, kind: 'comment' | 'quote'): Generator<Span> {
  for (const {
    0: { length },
    index,
    groups,
  } of text.matchAll(notation)) {
    const found = groups![kind];
    if (found === undefined) continue; // the other kind
    yield [index, index + length - (length > 1 && ends[kind].test(found) ? 1 : 0)];
  }
}

/** Pairs of brackets. A bracket without a partner is skipped. */
export function* bracketSpans(text: string): Generator<Span> {
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

/** All matches of a global pattern. */
export function* matchSpans(text: string, pattern: RegExp): Generator<Span> {
  for (const {
    0: { length },
    index,
  } of text.matchAll(pattern))
    yield [index, index + length];
}
