// What moves on the page of surprise: a caret in the text, by pointer, touch or keyboard, and what
// was expected where it is.
import type { SurpriseData } from '../surprise-page.ts';
import { element, pageData } from './page.ts';

const data = pageData<SurpriseData>();
const { alternatives: K, symbols } = data;
const bytesOf = (base64: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
const idsOf = (base64: string): Uint8Array | Uint32Array =>
  symbols.length <= 256 ? bytesOf(base64) : new Uint32Array(bytesOf(base64).buffer);
const costs = new Uint16Array(bytesOf(data.costs).buffer);
const ranks = new Uint16Array(bytesOf(data.ranks).buffer);
const own = idsOf(data.own);
const likeliest = idsOf(data.likeliest);
const probabilities = new Uint16Array(bytesOf(data.probabilities).buffer);

const text = element('text');
const panel = element('panel');
const pieces = [...text.querySelectorAll('i')];
const places = new Map(pieces.map((piece, index) => [piece as Element, index]));
/** Bits of a character that is worth stopping at. */
const DEAR = 5;
/** Characters before one that are shown with it. */
const BEFORE = 40;

/** Of each piece, the first of its symbols that were scored, and of the text's end. */
const starts = startsOf(data.scored === null ? null : bytesOf(data.scored));

let here = -1;
let over = -1;
/** Where up and down lead to, from line to line. */
let column: number | null = null;

function go(piece: number): void {
  pieces[here]?.classList.remove('here');
  here = Math.max(0, Math.min(pieces.length - 1, piece));
  pieces[here].classList.add('here');
  show(here);
  element('told').textContent = saidOf(here);
  const place = document.getElementById('place');
  if (place !== null) {
    place.hidden = false;
    place.style.left = `${(100 * here) / Math.max(1, pieces.length - 1)}%`;
  }
}

/**
 * As `go`, and to where it can be seen: the text scrolls in the page, and the character in the
 * text.
 */
function goTo(piece: number): void {
  go(piece);
  for (const each of [text, pieces[here]]) each.scrollIntoView({ block: 'nearest', behavior: 'instant' });
}

interface Guess {
  readonly id: number;
  readonly probability: number;
  readonly isOwn: boolean;
  readonly isBeyond: boolean;
}

/** The likeliest symbols, and after them the one that came if it is none of them. */
function guessesOf(index: number): readonly Guess[] {
  const guesses = Array.from({ length: K }, (_, place) => {
    const id = likeliest[index * K + place];
    return { id, probability: probabilities[index * K + place] / 0xffff, isOwn: id === own[index], isBeyond: false };
  });
  return ranks[index] < K
    ? guesses
    : [...guesses, { id: own[index], probability: ownProbability(index), isOwn: true, isBeyond: true }];
}

const ownProbability = (index: number): number => 2 ** (-costs[index] / 1000);

function startsOf(scored: Uint8Array | null): Uint32Array {
  const all = new Uint32Array(pieces.length + 1);
  for (let piece = 0; piece < pieces.length; piece++)
    all[piece + 1] = all[piece] + (scored === null ? Math.sign(piece) : scored[piece]);
  return all;
}

/** Its symbols that were scored. */
const symbolsOf = (piece: number): readonly number[] =>
  Array.from({ length: starts[piece + 1] - starts[piece] }, (_, index) => starts[piece] + index);

/** Bits of all of them. */
const costOf = (piece: number): number => symbolsOf(piece).reduce((sum, index) => sum + costs[index], 0) / 1000;

const onlyRead = `the first ${data.scored === null ? 'character' : 'byte'} is only read`;

function show(piece: number): void {
  const context = pieces
    .slice(Math.max(0, piece - BEFORE), piece)
    .map((each) => each.textContent!.replace('\n', ''))
    .join('');
  const came = made(
    'b',
    pieces[piece].className.replace(/here|over|faint/g, '').trim(),
    pieces[piece].textContent!.replace('\n', ''),
  );
  const line = made('p', 'context');
  const shown = made('bdi');
  shown.append(context, came);
  line.append(shown);
  const parts: HTMLElement[] = [line];
  if (piece === 0) parts.push(made('p', 'muted', `${onlyRead.replace('t', 'T')}: nothing was expected.`));
  const all = symbolsOf(piece);
  if (all.length > 0) {
    const cost = made('p', 'cost');
    cost.append(
      made('strong', '', costOf(piece).toFixed(2)),
      ` bits, ${all.length > 1 ? `of ${all.length} bytes` : rankOf(all[0])}`,
    );
    parts.push(cost);
  }
  for (const index of all) {
    if (all.length > 1)
      parts.push(
        made('p', 'each', `${nameOf(own[index])}: ${(costs[index] / 1000).toFixed(2)} bits, ${rankOf(index)}`),
      );
    const list = made('ol');
    list.append(...guessesOf(index).map(rowOf));
    parts.push(list);
  }
  panel.replaceChildren(...parts);
}

function rowOf({ id, probability, isOwn, isBeyond }: Guess): HTMLElement {
  const row = made('li', [isOwn ? 'own' : '', isBeyond ? 'beyond' : ''].join(' ').trim());
  const name = nameOf(id);
  const bar = made('span', 'bar');
  bar.style.width = `${100 * probability}%`;
  row.append(
    made('span', name === symbols[id] ? 'symbol' : 'symbol named', name),
    bar,
    made('span', 'share', percent(probability)),
  );
  if (isOwn) row.title = 'what came';
  return row;
}

function rankOf(index: number): string {
  const rank = ranks[index] + 1;
  if (rank === 1) return 'the likeliest';
  const ending = rank % 100 >= 11 && rank % 100 <= 13 ? 'th' : (['th', 'st', 'nd', 'rd'][rank % 10] ?? 'th');
  return `the ${rank}${ending} likeliest`;
}

/** For who listens. */
function saidOf(piece: number): string {
  const all = symbolsOf(piece);
  const each = all.map((index) => {
    const guesses = guessesOf(index)
      .filter(({ isBeyond }) => !isBeyond)
      .map(({ id, probability }) => `${nameOf(id)} ${percent(probability)}`);
    return `${nameOf(own[index])}: ${(costs[index] / 1000).toFixed(1)} bits, ${rankOf(index)}. Expected: ${guesses.join(', ')}.`;
  });
  const { textContent } = pieces[piece];
  return [
    ...(piece === 0 ? [`${textContent}: ${onlyRead}.`] : []),
    ...(all.length > 1 ? [`${textContent}: ${costOf(piece).toFixed(1)} bits, of ${all.length} bytes.`] : []),
    ...each,
  ].join(' ');
}

const percent = (probability: number): string =>
  `${probability < 0.0001 ? '< 0.01' : (100 * probability).toFixed(probability < 0.01 ? 2 : probability < 0.0995 ? 1 : 0)} %`;

function nameOf(id: number): string {
  const names: Readonly<Record<string, string>> = {
    '\n': 'line end',
    ' ': 'space',
    '\t': 'tab',
    '\r': 'return',
    '\u00A0': 'no-break space',
  };
  const symbol = symbols[id];
  return (
    names[symbol] ??
    (/^[\p{C}\p{M}\p{Z}]/u.test(symbol)
      ? `U+${symbol.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`
      : symbol)
  );
}

function made<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  className = '',
  content = '',
): HTMLElementTagNameMap[Name] {
  const node = document.createElement(name);
  node.className = className;
  node.textContent = content;
  return node;
}

/** The piece of the line above (−1) or below (1) that is nearest to the column. */
function inNextLine(direction: -1 | 1): number {
  const start = pieces[here].getBoundingClientRect();
  column ??= start.left;
  let best = here;
  let line: number | null = null;
  let least = Infinity;
  for (let piece = here + direction; piece >= 0 && piece < pieces.length; piece += direction) {
    const { left, top } = pieces[piece].getClientRects()[0];
    if (line === null && Math.abs(top - start.top) < 3) continue;
    line ??= top;
    if (Math.abs(top - line) > 3) break;
    if (Math.abs(left - column) >= least) continue;
    least = Math.abs(left - column);
    best = piece;
  }
  return best;
}

function nextDear(direction: -1 | 1): number {
  for (let piece = here + direction; piece > 0 && piece < pieces.length; piece += direction)
    if (costOf(piece) > DEAR) return piece;
  return here;
}

/** Where a key leads from here. */
const keys: Readonly<Record<string, () => number>> = {
  ArrowLeft: () => here - 1,
  ArrowRight: () => here + 1,
  ArrowUp: () => inNextLine(-1),
  ArrowDown: () => inNextLine(1),
  Home: () => 0,
  End: () => pieces.length - 1,
  n: () => nextDear(1),
  p: () => nextDear(-1),
};

text.addEventListener('keydown', (event) => {
  const move = event.altKey || event.metaKey || event.ctrlKey ? undefined : keys[event.key];
  if (move === undefined) return;
  event.preventDefault();
  const isVertical = event.key === 'ArrowUp' || event.key === 'ArrowDown';
  goTo(here < 0 ? 0 : move());
  if (!isVertical) column = null;
});
text.addEventListener('focus', () => {
  if (here < 0) go(Math.min(1, pieces.length - 1));
});
text.addEventListener('click', ({ target }) => {
  const piece = places.get((target as Element).closest('i') ?? text);
  if (piece !== undefined) go(piece);
  column = null;
});
text.addEventListener('pointerover', ({ target, pointerType }) => {
  if (pointerType === 'mouse') hover(places.get((target as Element).closest('i') ?? text) ?? -1);
});
text.addEventListener('pointerleave', () => hover(-1));

function hover(piece: number): void {
  pieces[over]?.classList.remove('over');
  over = piece;
  pieces[over]?.classList.add('over');
  if (over >= 0) show(over);
  else if (here >= 0) show(here);
}

document.getElementById('along')?.addEventListener('click', ({ clientX, currentTarget }) => {
  const { left, width } = (currentTarget as Element).getBoundingClientRect();
  goTo(Math.round(((clientX - left) / width) * (pieces.length - 1)));
});
for (const button of document.querySelectorAll<HTMLElement>('[data-piece]')) {
  button.addEventListener('click', () => {
    text.focus({ preventScroll: true });
    goTo(Number(button.dataset.piece));
  });
}
