// What may be said of each place in a text, and so may be what a cell keeps in mind: whether it is
// in a quotation, how deep in brackets, how far from the line's end. The place of a character is
// the one after it, where a cell has read it. Knows nothing of models.
import { type Span, bracketed, inNotation, matching } from './spans.ts';

export interface Property {
  readonly name: string;
  readonly what: string;
  /** A number; else it holds or does not. */
  readonly isNumber: boolean;
  /**
   * After each piece of the text, 1 or 0 if it holds or does not; NaN where a number is not known.
   */
  readonly values: Float32Array;
}

/**
 * A text by its symbols: the character that each completes, or nothing where a character takes
 * several symbols.
 */
type Pieces = readonly string[];

type Values = (pieces: Pieces) => Float32Array;

const holds = (name: string, what: string, find: (text: string) => Iterable<Span>) => ({
  name,
  what,
  isNumber: false,
  values: (pieces: Pieces) => depths(pieces, find).map((depth) => Math.min(depth, 1)),
});
const number = (name: string, what: string, values: Values) => ({ name, what, isNumber: true, values });

const definitions = [
  holds('quotes', 'inside quotation marks', (text) => inNotation(text, 'quote')),
  holds('comment', 'in a comment of a program', (text) => inNotation(text, 'comment')),
  holds('brackets', 'inside brackets', bracketed),
  number('bracket depth', 'how many brackets are open', (pieces) => depths(pieces, bracketed)),
  number(
    'line position',
    "characters since the line's start",
    counted((before, piece) => (piece === '\n' ? 0 : before + 1)),
  ),
  number('line left', "characters to the line's end", leftInLine),
  number('indentation', "white space at the line's start", indentation),
  holds('word', 'inside a word', (text) => matching(text, /[\p{L}\p{M}\p{N}_'’]+/gu)),
  holds('upper case', 'at a capital letter', (text) => matching(text, /\p{Lu}+/gu)),
  holds('after if', 'in a line, after the word if', (text) => matching(text, /(?<=\bif\b)[^\n]+/g)),
];

/** All of them, whether they occur in the text or not. */
export function propertiesOf(pieces: Pieces): Property[] {
  return definitions.map(({ values, ...property }) => ({ ...property, values: values(pieces) }));
}

/** How many of the spans that are found in the text each piece ends in. */
function depths(pieces: Pieces, find: (text: string) => Iterable<Span>): Float32Array {
  const text = pieces.join('');
  const changes = new Int32Array(text.length + 1);
  for (const [from, to] of find(text)) {
    changes[from]++;
    changes[to]--;
  }
  let [at, depth] = [0, 0];
  return Float32Array.from(pieces, (piece) => {
    for (const end = at + piece.length; at < end; at++) depth += changes[at];
    return depth;
  });
}

function counted(next: (before: number, piece: string) => number): Values {
  return (pieces) => {
    let count = 0;
    return Float32Array.from(pieces, (piece) => (piece === '' ? count : (count = next(count, piece))));
  };
}

function leftInLine(pieces: Pieces): Float32Array {
  let left = NaN; // nobody knows how the last line goes on
  return Float32Array.from(pieces.toReversed(), (piece) => {
    const after = left;
    if (piece !== '') left = piece === '\n' ? 1 : left + 1;
    return after;
  }).toReversed();
}

function indentation(pieces: Pieces): Float32Array {
  let atStart = true;
  return counted((before, piece) => {
    if (piece === '\n') return Number(!(atStart = true));
    atStart &&= piece === ' ' || piece === '\t';
    return before + Number(atStart);
  })(pieces);
}
