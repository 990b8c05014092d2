// The parts of the page of surprise that need no program: figures, a curve along the text, the text itself, and where it cost most.
import type { Piece } from '../insight/pieces.ts';
import { escapeHtml } from './page.ts';
import type { SurpriseReport } from './surprise-page.ts';

/** Half bits from which on shades are the reddest. */
export const HIGHEST_LEVEL = 16;
/** Characters after whose last line's end a block of text ends, so that a browser can leave out those out of sight. */
const BLOCK = 2000;
/** Places of the curve along the text. */
const PLACES = 200;
const DEAREST = 10;
/** Characters around one, to know it by. */
const AROUND = 20;

export function tiles({ bits, accuracy, characters }: SurpriseReport): string {
  const tile = (name: string, value: string): string => `<div><dt>${name}</dt><dd>${value}</dd></div>`;
  return `<dl class="tiles">${[
    tile('bits per character', bits.toFixed(3)),
    tile('nats per character', (bits * Math.LN2).toFixed(3)),
    tile('perplexity', (2 ** bits).toFixed(2)),
    tile('were the likeliest', `${(100 * accuracy).toFixed(1)} %`),
    tile('characters', characters.toLocaleString('en')),
  ].join('')}</dl>`;
}

/** A table of bars; nothing if there is nothing to compare with. */
export function comparison({ run, bits, others }: SurpriseReport): string {
  if (others.length === 0) return '';
  const rows = [[run, bits] as const, ...others].toSorted(([, a], [, b]) => a - b);
  const most = rows.at(-1)![1];
  const row = ([name, each]: readonly [string, number]): string =>
    `<tr${name === run ? ' class="own"' : ''}><th scope="row">${escapeHtml(name)}</th><td><span class="bar" style="width: ${((100 * each) / most).toFixed(1)}%"></span></td><td>${each.toFixed(3)}</td></tr>`;
  return `<section aria-labelledby="others-title"><h2 id="others-title">Beside others</h2>
<table class="others"><caption>bits per character; fewer are better</caption><tbody>${rows.map(row).join('')}</tbody></table></section>`;
}

/** Mean bits over the text from its beginning to its end; the program goes to where it is clicked. */
export function alongSvg(pieces: readonly Piece[]): string {
  const scored = pieces.slice(1);
  const places = Math.min(PLACES, Math.floor(scored.length / 10));
  if (places < 4) return '';
  const means = Array.from({ length: places }, (_, place) => {
    const some = scored.slice(Math.floor((place * scored.length) / places), Math.floor(((place + 1) * scored.length) / places));
    return some.reduce((sum, { nats }) => sum + nats, 0) / some.length / Math.LN2;
  });
  const highest = Math.max(...means);
  const points = means.map((mean, place) => `${place},${(100 - (95 * mean) / highest).toFixed(1)}`);
  const said = `Bits per character along the text: from ${Math.min(...means).toFixed(1)} to ${highest.toFixed(1)} in means over ${Math.round(scored.length / places)} characters.`;
  return `<section aria-labelledby="along-title"><h2 id="along-title">Along the text</h2>
<p class="hint">${said} A click goes there.</p>
<div id="along"><svg viewBox="0 0 ${places - 1} 100" preserveAspectRatio="none" role="img" aria-label="${said}"><polygon points="0,100 ${points.join(' ')} ${places - 1},100"/><polyline points="${points.join(' ')}"/></svg><span id="place" hidden></span></div></section>`;
}

/** Each piece in an element of its own. */
export function shadedText(pieces: readonly Piece[]): string {
  const blocks: string[] = [];
  let block = '';
  let length = 0;
  for (const [index, { text, nats }] of pieces.entries()) {
    const level = Math.min(HIGHEST_LEVEL, Math.round((2 * nats) / Math.LN2));
    const classes = [index === 0 || (/^[\n\t]$/.test(text) && level < HIGHEST_LEVEL / 2) ? 'faint' : '', level === 0 ? '' : `s${level}`].filter((each) => each !== '').join(' ');
    block += `<i${classes === '' ? '' : ` class="${classes}"`}>${escapeHtml(inText(text))}</i>`;
    length++;
    if (length < BLOCK || text !== '\n') continue;
    blocks.push(block);
    block = '';
    length = 0;
  }
  return [...blocks, block].filter((each) => each !== '').map((each) => `<div>${each}</div>`).join('');
}

/** The characters that cost most, each a way to its place. */
export function dearest({ pieces, surprise: { alternatives: K, likeliest, probabilities }, symbols }: SurpriseReport): string {
  const most = pieces.map((_, index) => index).slice(1).toSorted((a, b) => pieces[b].nats - pieces[a].nats).slice(0, DEAREST);
  const around = (from: number, to: number): string => escapeHtml(pieces.slice(Math.max(0, from), to).map(({ text }) => inLine(text)).join(''));
  const item = (index: number): string => {
    const { text, at, nats } = pieces[index];
    const expected = symbols[likeliest[(at - 1) * K]];
    return `<li><button type="button" data-piece="${index}"><span class="before">${around(index - AROUND, index)}</span><b>${escapeHtml(inLine(text))}</b>${around(index + 1, index + AROUND / 2)}</button>
<span>${(nats / Math.LN2).toFixed(1)} bits, not <q>${escapeHtml(inLine(expected))}</q> (${(100 * probabilities[(at - 1) * K]).toFixed(0)} %)</span></li>`;
  };
  return most.length === 0 ? '' : `<section aria-labelledby="dearest-title"><h2 id="dearest-title">Least expected</h2><ol class="dearest">${most.map(item).join('\n')}</ol></section>`;
}

/** What shows nothing by itself gets a sign, and still does what it did. */
function inText(text: string): string {
  if (text === '\n') return '↵\n';
  return text === '\t' ? '→\t' : visible(text);
}

function inLine(text: string): string {
  if (text === '\n') return '↵';
  return text === '\t' ? '→' : visible(text);
}

/** Control characters as their symbols (␛): HTML allows few of them. */
function visible(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, (character) => (character < ' ' ? String.fromCharCode(0x2400 + character.charCodeAt(0)) : '·'));
}
