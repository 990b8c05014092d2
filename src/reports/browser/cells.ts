// The program of the page of `rnn inspect --html`: shades the text by the cell that is chosen, and
// tells what it holds at a character.
import type { CellsData, ShownCells } from '../cells-page.ts';
import { element, pageData } from './page.ts';

interface Cell {
  readonly shown: ShownCells;
  /** Its place among the units that are shown. */
  readonly index: number;
}

/** Of the highest shade; the style sheet has them. */
const TOP = 32;
/**
 * Of all characters, so many are beyond each end of the scale: a few extremes would else leave all
 * others without a shade.
 */
const BEYOND = 0.02;

const { pieces, shown, first } = pageData<CellsData>();
const levels = new Map(
  shown.map((each) => [each, Uint8Array.from(atob(each.levels), (character) => character.charCodeAt(0))]),
);
const [layerChoice, nameChoice, unitChoice] = ['layer', 'name', 'unit'].map((id) => element<HTMLSelectElement>(id));
const [text, tip, told] = ['text', 'tip', 'told'].map((id) => element(id));
const found = [...document.querySelectorAll<HTMLButtonElement>('.found button')];
const dots = [...document.querySelectorAll<SVGCircleElement>('circle[data-unit]')];
const plots = [...document.querySelectorAll('svg')];

/** A place where a symbol completes a character, which can be pointed at. */
interface Place {
  readonly at: number;
  readonly mark: HTMLSpanElement;
}
const places: Place[] = pieces.flatMap((piece, at) => (piece === '' ? [] : { at, mark: markOf(piece) }));
const placeOf = new Map<EventTarget | null, number>(places.map(({ mark }, place) => [mark, place]));
text.append(...places.map(({ mark }) => mark));
text.setAttribute('aria-valuemax', String(places.length));

let cell: Cell = cellNamed(first.layer, first.name, first.unit);
let here = 0;

function markOf(piece: string): HTMLSpanElement {
  const mark = document.createElement('span');
  mark.textContent = piece;
  return mark;
}

/** That cell; one as near as can be, if it is not there. */
function cellNamed(layer: number, name: string, unit: number): Cell {
  const ofLayer = shown.filter((each) => each.layer === layer);
  const chosen = ofLayer.find((each) => each.name === name) ?? ofLayer.at(-1)!;
  return { shown: chosen, index: Math.max(0, chosen.units.indexOf(unit)) };
}

function choose(next: Cell): void {
  cell = next;
  const { layer, name, units } = cell.shown;
  layerChoice.value = String(layer);
  for (const option of nameChoice.options)
    option.disabled = !shown.some((each) => each.layer === layer && each.name === option.value);
  nameChoice.value = name;
  unitChoice.replaceChildren(...units.map((unit) => new Option(String(unit))));
  unitChoice.value = String(units[cell.index]);
  shade();
  const own = found.filter(
    ({ dataset }) =>
      Number(dataset.layer) === layer && dataset.name === name && Number(dataset.unit) === units[cell.index],
  );
  for (const button of found) button.setAttribute('aria-pressed', String(own.includes(button)));
  for (const plot of plots) {
    const dot = plot.querySelector(`circle[data-layer="${layer}"][data-unit="${units[cell.index]}"]`)!;
    for (const place of ['cx', 'cy']) plot.querySelector('.ring')!.setAttribute(place, dot.getAttribute(place)!);
  }
  const tells = own.map(
    (button) =>
      `${button.closest('[data-property]')!.getAttribute('data-property')!} (${button.querySelector('b')!.textContent})`,
  );
  told.textContent = `${layer}.${name}.${units[cell.index]}${tells.length > 0 ? ` tells ${tells.join(', ')}` : ''}`;
}

function shade(): void {
  const own = levelsOf(cell);
  const sorted = own.toSorted();
  const [low, high] = [BEYOND, 1 - BEYOND].map((part) => sorted[Math.round(part * (sorted.length - 1))]);
  for (const { at, mark } of places) {
    const level = Math.round((TOP * (own[at] - low)) / (high - low || 1));
    mark.className = `s${Math.max(0, Math.min(TOP, level))}${pieces[at] === '\n' ? ' end' : ''}`;
  }
  element('low').textContent = valueText(low);
  element('high').textContent = valueText(high);
  tip.hidden = true;
}

function levelsOf({ shown: chosen, index }: Cell): Uint8Array {
  return levels.get(chosen)!.subarray(index * pieces.length, (index + 1) * pieces.length);
}

function valueText(level: number): string {
  const { lows, highs } = cell.shown;
  return (lows[cell.index] + (level / 255) * (highs[cell.index] - lows[cell.index])).toFixed(2).replace('-', '−');
}

/** Tells what the cell holds there. */
function tell(place: number): void {
  places[here].mark.classList.remove('here');
  here = place;
  const { at, mark } = places[here];
  mark.classList.add('here');
  const value = valueText(levelsOf(cell)[at]);
  tip.textContent = value;
  tip.hidden = false;
  const { left, top } = mark.getClientRects()[0];
  tip.style.left = `${Math.min(left, innerWidth - tip.offsetWidth - 8)}px`;
  tip.style.top = `${top > 2 * tip.offsetHeight ? top - tip.offsetHeight - 4 : top + 28}px`;
  text.setAttribute('aria-valuenow', String(here + 1));
  text.setAttribute('aria-valuetext', `${JSON.stringify(pieces[at])}: ${value}`);
}

/** Where a key leads within the text. */
const moves: Readonly<Record<string, (from: number) => number>> = {
  ArrowLeft: (from) => from - 1,
  ArrowRight: (from) => from + 1,
  ArrowUp: (from) => places.findLastIndex(({ at }, place) => place < from && pieces[at] === '\n'),
  ArrowDown: (from) => places.findIndex(({ at }, place) => place > from && pieces[at] === '\n'),
  Home: () => 0,
  End: () => places.length - 1,
};

function step(by: number): void {
  const { units } = cell.shown;
  choose({ ...cell, index: (cell.index + by + units.length) % units.length });
}

text.addEventListener('keydown', (event) => {
  const move = moves[event.key];
  if (move === undefined) return;
  event.preventDefault();
  const to = move(here);
  if (to < 0 || to >= places.length) return;
  tell(to);
  places[here].mark.scrollIntoView({ block: 'nearest' });
});
text.addEventListener('pointerover', ({ target }) => {
  const place = placeOf.get(target);
  if (place !== undefined) tell(place);
});
for (const leave of ['pointerleave', 'blur', 'scroll'])
  text.addEventListener(leave, () => {
    tip.hidden = true;
  });
document.addEventListener('keydown', ({ key, target, altKey, ctrlKey, metaKey }) => {
  if (altKey || ctrlKey || metaKey || target === text || target instanceof HTMLSelectElement) return;
  if (key === 'ArrowLeft') step(-1);
  if (key === 'ArrowRight') step(1);
});
element('previous').addEventListener('click', () => step(-1));
element('next').addEventListener('click', () => step(1));
for (const choice of [layerChoice, nameChoice, unitChoice]) {
  choice.addEventListener('change', () =>
    choose(cellNamed(Number(layerChoice.value), nameChoice.value, Number(unitChoice.value))),
  );
}
for (const button of found)
  button.addEventListener('click', () =>
    choose(cellNamed(Number(button.dataset.layer), button.dataset.name!, Number(button.dataset.unit))),
  );
for (const dot of dots)
  dot.addEventListener('click', () =>
    choose(cellNamed(Number(dot.dataset.layer), cell.shown.name, Number(dot.dataset.unit))),
  );
choose(cell);
