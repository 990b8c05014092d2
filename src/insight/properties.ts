// Properties of each position in a text that a unit may track: whether it is in a quotation, how
// deep in brackets, how far from the end of the line. The value for a character is the value after
// the network has read that character.
import { type Span, bracketSpans, notationSpans, matchSpans } from './spans.ts';

/** A property of the positions in a text. */
export interface Property {
  readonly name: string;
  readonly description: string;
  /** Whether the property is numeric. Otherwise its values are 0 and 1. */
  readonly isNumber: boolean;
  /**
   * A value after each piece of the text: a number (NaN if unknown), or 1 if the property holds and
   * 0 if it does not.
   */
  readonly values: Float32Array;
}

/**
 * The text of each token: the character that it completes, or '' if the character needs more
 * tokens.
 */
type Pieces = readonly string[];

type ValuesOfText = (pieces: Pieces) => Float32Array;

const booleanProperty = (name: string, description: string, find: (text: string) => Iterable<Span>) => ({
  name,
  description,
  isNumber: false,
  values: (pieces: Pieces) => depths(pieces, find).map((depth) => Math.min(depth, 1)),
});
const numericProperty = (name: string, description: string, values: ValuesOfText) => ({
  name,
  description,
  isNumber: true,
  values,
});

const definitions = [
  booleanProperty('quotes', 'inside quotation marks', (text) => notationSpans(text, 'quote')),
  booleanProperty('comment', 'in a program comment', (text) => notationSpans(text, 'comment')),
  booleanProperty('brackets', 'inside brackets', bracketSpans),
  numericProperty('bracket depth', 'how many brackets are open', (pieces) => depths(pieces, bracketSpans)),
  numericProperty(
    'line position',
    'characters since the start of the line',
    runningCount((before, piece) => (piece === '\n' ? 0 : before + 1)),
  ),
  numericProperty('line left', 'characters to the end of the line', leftInLine),
  numericProperty('indentation', 'white space at the start of the line', indentation),
  booleanProperty('word', 'inside a word', (text) => matchSpans(text, /[\p{L}\p{M}\p{N}_'’]+/gu)),
  booleanProperty('upper case', 'at a capital letter', (text) => matchSpans(text, /\p{Lu}+/gu)),
  booleanProperty('after if', 'in a line, after the word if', (text) => matchSpans(text, /(?<=\bif\b)[^\n]+/g)),
];

/** All properties, whether or not they occur in the text. */
export function propertiesOf(pieces: Pieces): Property[] {
  return definitions.map(({ values, ...property }) => ({ ...property, values: values(pieces) }));
}

/** The number of spans in which each piece ends. */
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

function runningCount(next: (before: number, piece: string) => number): ValuesOfText {
  return (pieces) => {
    let count = 0;
    return Float32Array.from(pieces, (piece) => (piece === '' ? count : (count = next(count, piece))));
  };
}

function leftInLine(pieces: Pieces): Float32Array {
  let left = NaN; // the rest of the last line is unknown
  return Float32Array.from(pieces.toReversed(), (piece) => {
    const after = left;
    if (piece !== '') left = piece === '\n' ? 1 : left + 1;
    return after;
  }).toReversed();
}

function indentation(pieces: Pieces): Float32Array {
  let atStart = true;
  return runningCount((before, piece) => {
    if (piece === '\n') return Number(!(atStart = true));
    atStart &&= piece === ' ' || piece === '\t';
    return before + Number(atStart);
  })(pieces);
}
