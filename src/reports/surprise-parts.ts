// The parts of the page of surprise that need no program: figures, a curve along the text, the text
// itself, and where it cost most.
import type { ModelConfiguration } from '../model/configuration.ts';
import type { Surprise } from '../evaluation/surprise.ts';
import type { Piece } from '../evaluation/pieces.ts';
import { escapeHtml, section } from './html.ts';

export interface SurpriseReport {
  /** The name of the model's run, and of the text. */
  readonly run: string;
  readonly text: string;
  readonly model: Pick<ModelConfiguration, 'cell' | 'layers' | 'hidden'>;
  /** What a symbol is. */
  readonly unit: 'character' | 'byte';
  /** Symbols of the whole text that were scored. */
  readonly characters: number;
  /** Per symbol. */
  readonly bits: number;
  readonly accuracy: number;
  /** Bits by other means. */
  readonly others: readonly (readonly [name: string, bits: number])[];
  /** What is on the page. */
  readonly pieces: readonly Piece[];
  readonly surprise: Surprise;
  /** The text's symbols, and how each is written. */
  readonly ids: ArrayLike<number>;
  readonly symbols: readonly string[];
}

/** Half bits from which on shades are the reddest. */
const HIGHEST_LEVEL = 16;
/**
 * Characters after whose last line's end a block of text ends, so that a browser can leave out
 * those out of sight.
 */
const BLOCK = 2000;
/** Places of the curve along the text. */
const PLACES = 200;
const DEAREST = 10;
/** Characters around one, to know it by. */
const AROUND = 20;

/** From a cost of half a bit to the highest. */
export const shadesStyle = Array.from({ length: HIGHEST_LEVEL }, (_, index) => {
  const share = (index + 1) / HIGHEST_LEVEL;
  const colour =
    share <= 0.5
      ? `color-mix(in oklab, var(--warm) ${Math.round(200 * share)}%, transparent)`
      : `color-mix(in oklab, var(--hot) ${Math.round(200 * share - 100)}%, var(--warm))`;
  return `.s${index + 1} { background: ${colour}; }`;
}).join('\n');

export function tiles({ unit, bits, accuracy, characters }: SurpriseReport): string {
  const tile = (name: string, value: string): string => `<div><dt>${name}</dt><dd>${value}</dd></div>`;
  return `<dl class="tiles">${[
    tile(`bits per ${unit}`, bits.toFixed(4)),
    tile(`nats per ${unit}`, (bits * Math.LN2).toFixed(4)),
    tile('perplexity', (2 ** bits).toFixed(3)),
    tile('were the likeliest', `${(100 * accuracy).toFixed(2)} %`),
    tile(`${unit}s`, characters.toLocaleString('en')),
  ].join('')}</dl>`;
}

/** A table of bars; nothing if there is nothing to compare with. */
export function comparison({ run, unit, bits, others }: SurpriseReport): string {
  if (others.length === 0) return '';
  const rows = [[run, bits] as const, ...others].toSorted(([, a], [, b]) => a - b);
  const most = rows.at(-1)![1];
  const row = ([name, each]: readonly [string, number]): string =>
    `<tr${name === run ? ' class="own"' : ''}><th scope="row">${escapeHtml(name)}</th><td><span class="bar" style="width: ${((100 * each) / most).toFixed(1)}%"></span></td><td>${each.toFixed(4)}</td></tr>`;
  const caption = `<caption>bits per ${unit}; fewer are better</caption>`;
  return section(
    'others',
    'Beside others',
    `<table class="others">${caption}<tbody>${rows.map(row).join('')}</tbody></table>`,
  );
}

/**
 * Mean bits over the text from its beginning to its end; the program goes to where it is clicked.
 */
export function alongSvg({ unit, pieces }: SurpriseReport): string {
  const scored = pieces.filter((piece) => piece.scored > 0);
  const places = Math.min(PLACES, Math.floor(scored.length / 10));
  if (places < 4) return '';
  const means = Array.from({ length: places }, (_, place) => {
    const some = scored.slice(
      Math.floor((place * scored.length) / places),
      Math.floor(((place + 1) * scored.length) / places),
    );
    return (
      some.reduce((sum, { nats }) => sum + nats, 0) /
      some.reduce((sum, { scored: symbols }) => sum + symbols, 0) /
      Math.LN2
    );
  });
  const highest = Math.max(...means);
  const points = means.map((mean, place) => `${place},${(100 - (95 * mean) / highest).toFixed(1)}`);
  const said = `Bits per ${unit} along the text: from ${Math.min(...means).toFixed(1)} to ${highest.toFixed(1)} in means over ${Math.round(scored.length / places)} characters.`;
  return section(
    'along',
    'Along the text',
    `<p class="hint">${said} A click goes there.</p>
<div id="along"><svg viewBox="0 0 ${places - 1} 100" preserveAspectRatio="none" role="img" aria-label="${said}"><polygon points="0,100 ${points.join(' ')} ${places - 1},100"/><polyline points="${points.join(' ')}"/></svg><span id="place" hidden></span></div>`,
  );
}

/** Each piece in an element of its own. */
export function shadedText(pieces: readonly Piece[]): string {
  const blocks: string[] = [];
  let block = '';
  let length = 0;
  for (const { text, scored, nats } of pieces) {
    const level = Math.min(HIGHEST_LEVEL, Math.round((2 * nats) / Math.LN2));
    const classes = [
      scored === 0 || (/^[\n\t]$/.test(text) && level < HIGHEST_LEVEL / 2) ? 'faint' : '',
      level === 0 ? '' : `s${level}`,
    ]
      .filter((each) => each !== '')
      .join(' ');
    block += `<i${classes === '' ? '' : ` class="${classes}"`}>${escapeHtml(inText(text))}</i>`;
    length++;
    if (length < BLOCK || text !== '\n') continue;
    blocks.push(block);
    block = '';
    length = 0;
  }
  return [...blocks, block]
    .filter((each) => each !== '')
    .map((each) => `<div>${each}</div>`)
    .join('');
}

/** The characters that cost most, each a way to its place. */
export function dearest(report: SurpriseReport): string {
  const { pieces } = report;
  const most = pieces
    .map((_, index) => index)
    .filter((index) => pieces[index].scored > 0)
    .toSorted((a, b) => pieces[b].nats - pieces[a].nats)
    .slice(0, DEAREST);
  const around = (from: number, to: number): string =>
    escapeHtml(
      pieces
        .slice(Math.max(0, from), to)
        .map(({ text }) => inLine(text))
        .join(''),
    );
  const item = (index: number): string => {
    const { text, nats } = pieces[index];
    const before = `<span class="before">${around(index - AROUND, index)}</span>`;
    const after = around(index + 1, index + AROUND / 2);
    return `<li><button type="button" data-piece="${index}">${before}<b>${escapeHtml(inLine(text))}</b>${after}</button>
<span>${(nats / Math.LN2).toFixed(1)} bits, ${expected(pieces[index], report)}</span></li>`;
  };
  if (most.length === 0) return '';
  return section('dearest', 'Least expected', `<ol class="dearest">${most.map(item).join('\n')}</ol>`);
}

/** What was likeliest in the place of a piece, or of its symbol that cost most. */
function expected(
  { text, at, scored }: Piece,
  { surprise: { nats, alternatives: K, likeliest, probabilities }, ids, symbols }: SurpriseReport,
): string {
  const places = Array.from({ length: scored }, (_, before) => at - 1 - before);
  const dearest = places.reduce((most, place) => (nats[place] > nats[most] ? place : most));
  const quoted = (id: number): string => `<q>${escapeHtml(inLine(symbols[id]))}</q>`;
  const share = `(${(100 * probabilities[dearest * K]).toFixed(0)} %)`;
  const [own, likely] = [ids[dearest + 1], likeliest[dearest * K]];
  const instead = own === likely ? `the likeliest ${share}` : `not ${quoted(likely)} ${share}`;
  return text === symbols[own]
    ? instead
    : `${(nats[dearest] / Math.LN2).toFixed(1)} of them for ${quoted(own)}, ${instead}`;
}

/** What shows nothing by itself gets a sign, and still does what it did. */
function inText(text: string): string {
  if (text === '\n') return '↵\n';
  return text === '\t' ? '→\t' : text;
}

function inLine(text: string): string {
  if (text === '\n') return '↵';
  return text === '\t' ? '→' : text;
}
