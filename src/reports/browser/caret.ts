// Tracks the current position in the text of a page, which follows pointer, finger and keys.
import { mapValues } from '../../group.ts';
import { element, onKeys } from './page.ts';

const text = element('text');
/** The characters of the text. A page whose text changes keeps them up to date. */
export const pieces = [...text.querySelectorAll('i')];
/** Positions that differ by fewer pixels are on the same line. */
const SAME_LINE = 3;

let current = 0;
let describe: (piece: number) => string;

/** Makes a character the current one. */
export function selectPiece(piece: number): void {
  if (pieces.length === 0) return;
  pieces[current]?.classList.remove('here');
  current = Math.max(0, Math.min(pieces.length - 1, piece));
  pieces[current].classList.add('here');
  text.setAttribute('aria-valuenow', String(current + 1));
  text.setAttribute('aria-valuetext', describe(current));
}

/** Makes a character the current one and scrolls to it, within the page and within the text. */
export function goTo(piece: number): void {
  selectPiece(piece);
  for (const each of [text, pieces[current]]) each.scrollIntoView({ block: 'nearest', behavior: 'instant' });
}

/**
 * Starts reading the text.
 * @param show shows the current character, and returns a description
 * @param more additional keys, each with a function from the current to the next character
 */
export function readText(
  show: (piece: number) => string,
  more: Readonly<Record<string, (from: number) => number>> = {},
): void {
  describe = show;
  const moves: typeof more = {
    ArrowLeft: (from) => from - 1,
    ArrowRight: (from) => from + 1,
    ArrowUp: (from) => inNextLine(from, -1),
    ArrowDown: (from) => inNextLine(from, 1),
    Home: () => 0,
    End: () => pieces.length - 1,
    ...more,
  };
  onKeys(
    text,
    mapValues(moves, (move) => () => {
      if (pieces.length > 0) goTo(move(Math.min(current, pieces.length - 1)));
    }),
  );
  text.addEventListener('pointerover', ({ target }) => {
    const piece = pieces.indexOf((target as Element).closest('i')!);
    if (piece >= 0) selectPiece(piece);
  });
}

/** The character above (−1) or below (1). */
function inNextLine(from: number, direction: -1 | 1): number {
  const placeOf = (piece: number): DOMRect => pieces[piece].getClientRects()[0];
  const isIn = (line: number, piece: number): boolean => Math.abs(placeOf(piece).top - line) < SAME_LINE;
  const { left, top } = placeOf(from);
  const end = direction < 0 ? 0 : pieces.length - 1;
  let to = from;
  while (to !== end && isIn(top, to)) to += direction;
  const line = placeOf(to).top;
  while (to !== end && isIn(line, to + direction) && (placeOf(to).left - left) * direction < 0) to += direction;
  return to;
}
