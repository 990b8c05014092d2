// The script of the page of `rnn eval --html`: shows the predictions at a character of the text.
import { printableToken } from '../../evaluation/scored-text.ts';
import { bars, escapeHtml } from '../html.ts';
import type { SurprisalData } from '../surprisal-page.ts';
import { goTo, selectPiece, pieces, readText } from './caret.ts';
import { element, pageData } from './page.ts';
import { cursorOver, moveCursor, showCharts } from './plot.ts';

const { charts, unit, symbols, scored } = pageData<SurprisalData>();
const panel = element('panel');
/** Minimum surprisal in bits of the characters at which `n` and `p` stop. */
const DEAR = 5;

const bitsOf = (piece: number): number => scored[piece].reduce((sum, [bits]) => sum + bits, 0);

function show(piece: number): string {
  const predictions = scored[piece];
  const lines = [
    ...(piece === 0 ? [`The first ${unit} has no prediction: the model only reads it.`] : []),
    ...(predictions.length > 1 ? [`${bitsOf(piece).toFixed(2)} bits, of ${predictions.length} bytes`] : []),
  ];
  const paragraphs = predictions.map(([bits, rank, own, ...likeliest]) => {
    const isListed = likeliest.some(([id]) => id === own);
    const guesses = isListed ? likeliest : [...likeliest, [own, 10_000 * 2 ** -bits] as const];
    const rows = guesses.map(([id, share]) => ({
      name: symbols[id],
      share: share / 10_000,
      value: `${(share / 100).toFixed(2)} %`,
      isHighlighted: id === own,
    }));
    return `<p><b>${escapeHtml(symbols[own])}</b>: ${bits.toFixed(2)} bits, rank ${rank}</p>${bars(rows)}`;
  });
  panel.innerHTML = [...lines.map((line) => `<p class="all">${line}</p>`), ...paragraphs].join('');
  moveCursor('characters', piece);
  return `${printableToken(pieces[piece].textContent!)}: ${panel.innerText}`;
}

/** The next character with a high surprisal. */
function nextDear(from: number, direction: -1 | 1): number {
  for (let piece = from + direction; piece > 0 && piece < pieces.length; piece += direction)
    if (bitsOf(piece) > DEAR) return piece;
  return from;
}

readText(show, { n: (from) => nextDear(from, 1), p: (from) => nextDear(from, -1) });
if (charts.length > 0) {
  showCharts(charts);
  element('charts').addEventListener('click', () => goTo(cursorOver('characters') ?? 0));
}
for (const button of document.querySelectorAll<HTMLElement>('[data-piece]')) {
  button.addEventListener('click', () => {
    element('text').focus({ preventScroll: true });
    goTo(Number(button.dataset.piece));
  });
}
selectPiece(1);
