// The page of `rnn eval --html`: a text in which each character is shaded by what it cost, with
// what was expected in its place.
import type { Piece } from '../evaluation/pieces.ts';
import { escapeHtml, section } from './html.ts';
import { page, pageScript, styleSheet } from './page.ts';
import {
  type SurpriseReport,
  alongSvg,
  comparison,
  dearest,
  shadedText,
  shadesStyle,
  tiles,
} from './surprise-parts.ts';

export type { SurpriseReport };

/** What the page's program is given: of each symbol but the first, in little-endian base64. */
export interface SurpriseData {
  readonly symbols: readonly string[];
  /** How many of them each piece has; null where each but the first has one. */
  readonly scored: string | null; // Uint8
  readonly alternatives: number;
  /** Thousandths of a bit. */
  readonly costs: string; // (C) Uint16
  /** How many symbols were likelier. */
  readonly ranks: string; // (C) Uint16
  readonly own: string; // (C) Uint32
  readonly likeliest: string; // (C, K) Uint32, or Uint8 for up to 256 symbols
  /** Of 65,535. */
  readonly probabilities: string; // (C, K) Uint16
}

export function surprisePage(report: SurpriseReport): string {
  const { run, text, model, unit, characters, pieces } = report;
  const scored = pieces.at(-1)!.at;
  const shown = scored < characters ? `The first ${scored.toLocaleString('en')} ${unit}s are below.` : '';
  return page({
    title: `What ${run} expected`,
    summary: `${model.cell}, ${model.layers} × ${model.hidden}, reading ${text}. ${shown}`.trim(),
    style: `${styleSheet('surprise')}${styleSheet('panel')}${shadesStyle}`,
    body: `${tiles(report)}
${alongSvg(report)}
${reader(pieces)}
<div class="after">
${dearest(report)}
${comparison(report)}
</div>`,
    script: pageScript('surprise'),
    data: dataOf(report),
  });
}

function reader(pieces: readonly Piece[]): string {
  return section(
    'text',
    'The text',
    `<p class="hint" id="keys">The redder, the less expected. Point at a character or tap it to see what was; or go there by <span class="keys"><kbd>←</kbd> <kbd>→</kbd> <kbd>↑</kbd> <kbd>↓</kbd></span>, and by <kbd>n</kbd> and <kbd>p</kbd> to the next and the previous one of more than 5 bits.</p>
<p class="scale" aria-hidden="true">${Array.from({ length: 9 }, (_, each) => `<i class="s${2 * each}">${each}</i>`).join('')} bits and more</p>
<div class="reader">
<div id="text" class="text card" tabindex="0" role="application" aria-roledescription="text with a caret" aria-label="${escapeHtml(`The text, ${pieces.length.toLocaleString('en')} characters`)}" aria-describedby="keys">${shadedText(pieces)}</div>
<aside id="panel" class="card" aria-label="What was expected"><p class="muted">What was expected in the place of a character stands here.</p></aside>
</div>
<p id="told" class="unseen" aria-live="polite"></p>`,
  );
}

function dataOf({
  unit,
  pieces,
  surprise: { nats, alternatives: K, ranks, likeliest, probabilities },
  ids,
  symbols,
}: SurpriseReport): SurpriseData {
  const C = pieces.at(-1)!.at;
  const Ids = symbols.length <= 256 ? Uint8Array : Uint32Array;
  const filled = (rows: Uint8Array | Uint16Array | Uint32Array, value: (index: number) => number): string => {
    const most = 2 ** (8 * rows.BYTES_PER_ELEMENT) - 1;
    for (const index of rows.keys()) rows[index] = Math.min(most, Math.round(value(index)));
    return Buffer.from(rows.buffer).toString('base64');
  };
  return {
    symbols,
    scored: unit === 'byte' ? filled(new Uint8Array(pieces.length), (piece) => pieces[piece].scored) : null,
    alternatives: K,
    costs: filled(new Uint16Array(C), (index) => (1000 * nats[index]) / Math.LN2),
    ranks: filled(new Uint16Array(C), (index) => ranks[index]),
    own: filled(new Ids(C), (index) => ids[index + 1]),
    likeliest: filled(new Ids(K * C), (place) => likeliest[place]),
    probabilities: filled(new Uint16Array(K * C), (place) => 0xffff * probabilities[place]),
  };
}
