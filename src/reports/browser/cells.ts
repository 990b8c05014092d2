// The script of the page of `rnn inspect --html`: shades the text by the chosen unit, and shows the
// value of the unit at a character.
import { printableToken } from '../../evaluation/scored-text.ts';
import type { CellsData } from '../cells-page.ts';
import { SHADES } from '../shaded-text.ts';
import { selectPiece, pieces, readText } from './caret.ts';
import { element, onKeys, pageData } from './page.ts';

const { cells, first } = pageData<CellsData>();
const names = Object.keys(cells);
const choice = element<HTMLSelectElement>('cell');
/** Buttons of units that were found, and dots of gates. */
const ways = [...document.querySelectorAll<HTMLElement | SVGElement>('[data-cell]')];
let values: readonly number[] = [];

function choose(name: string): void {
  choice.value = name;
  for (const way of ways) way.setAttribute('aria-pressed', String(way.dataset.cell === name));
  const { range: [lowest, highest], usual: [low, high], levels } = cells[name]; // prettier-ignore
  values = Array.from(atob(levels), (level) => lowest + (level.charCodeAt(0) / 255) * (highest - lowest));
  for (const [at, piece] of pieces.entries()) {
    const place = high === low ? 0 : (2 * (values[at] - low)) / (high - low) - 1;
    piece.className = `s${Math.round(SHADES * Math.max(-1, Math.min(1, place)))}`;
  }
  element('low').textContent = valueText(low);
  element('high').textContent = valueText(high);
  selectPiece(0);
}

const valueText = (value: number): string => value.toFixed(2).replace('-', '−');

function step(by: number): void {
  choose(names[(names.indexOf(choice.value) + by + names.length) % names.length]);
}

readText((piece) => {
  const value = valueText(values[piece]);
  element('value').textContent = value;
  return `${printableToken(pieces[piece].textContent!)}: ${value}`;
});
onKeys(document, { ArrowLeft: () => step(-1), ArrowRight: () => step(1) });
element('previous').addEventListener('click', () => step(-1));
element('next').addEventListener('click', () => step(1));
choice.addEventListener('change', () => choose(choice.value));
for (const way of ways) way.addEventListener('click', () => choose(way.dataset.cell!));
choose(first);
