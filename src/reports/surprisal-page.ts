// The page of `rnn eval --html`: a text in which each character is shaded by its surprisal, with
// the predictions of the model.
import { count } from '../count.ts';
import type { ModelConfiguration } from '../model/configuration.ts';
import { type ScoredCharacter, printableToken } from '../evaluation/scored-text.ts';
import type { Surprisal } from '../evaluation/surprisal.ts';
import { chartPlaceholders } from './chart-html.ts';
import type { Chart, Point } from './charts.ts';
import { bars, escapeHtml, section } from './html.ts';
import { page, pageScript, styleSheet } from './page.ts';
import { SHADES, shadedText, shadesStyle } from './shaded-text.ts';
import { splitRows } from './thin.ts';

/** The contents of the page. */
export interface SurprisalReport {
  /** The names of the run and of the text. */
  readonly run: string;
  readonly text: string;
  readonly model: Pick<ModelConfiguration, 'cell' | 'layers' | 'hidden'>;
  /** The level of the model. */
  readonly unit: 'character' | 'byte';
  /** The number of scored tokens in the whole text. */
  readonly characters: number;
  /** Bits per token. */
  readonly bits: number;
  readonly accuracy: number;
  /** Bits per token of baselines. */
  readonly others: readonly (readonly [name: string, bits: number])[];
  /** The characters on the page. */
  readonly pieces: readonly ScoredCharacter[];
  readonly surprisal: Surprisal;
  /** The tokens of the text, and the text of each token. */
  readonly ids: ArrayLike<number>;
  readonly symbols: readonly string[];
}

/** The data for the program in the page. */
export interface SurprisalData {
  readonly charts: readonly Chart[];
  readonly unit: string;
  readonly symbols: readonly string[];
  /** For each character, its scored tokens. */
  readonly scored: readonly (readonly TokenPrediction[])[];
}

/**
 * A token: its surprisal in bits, its rank from 1, its id, and the most likely tokens with their
 * probabilities in units of 1/10,000.
 */
type TokenPrediction = readonly [
  bits: number,
  rank: number,
  id: number,
  ...likeliest: (readonly [id: number, share: number])[],
];

/** From this surprisal in bits, characters have the darkest red. */
const MAX_SHADED_BITS = 8;
/** Points of the curve along the text. */
const MAX_CURVE_POINTS = 200;
const MAX_LEAST_EXPECTED = 10;
/** Characters of context before a character, and half as many after it. */
const CONTEXT_CHARACTERS = 20;

const bitsOf = (nats: number): number => nats / Math.LN2;
const shadeOf = (bits: number): number => Math.min(SHADES, Math.round((SHADES * bits) / MAX_SHADED_BITS));

export function surprisalPage(report: SurprisalReport): string {
  const { run, text, model, unit, bits, accuracy, others, characters, pieces } = report;
  const shown = pieces.at(-1)!.lastTokenIndex;
  const part = shown < characters ? `The first ${count(shown)} ${unit}s are shown below.` : '';
  const charts = surprisalCurve(report);
  const data: SurprisalData = {
    charts,
    unit,
    symbols: report.symbols.map(printableToken),
    scored: pieces.map((piece) => tokenPredictions(piece, report)),
  };
  const figures = [
    [`bits per ${unit}`, bits.toFixed(4)],
    [`nats per ${unit}`, (bits * Math.LN2).toFixed(4)],
    ['perplexity', (2 ** bits).toFixed(3)],
    ['top-1 accuracy', `${(100 * accuracy).toFixed(2)} %`],
    [`${unit}s`, count(characters)],
  ];
  const modelMean = [run, bits] as const;
  const means = [modelMean, ...others].toSorted(([, a], [, b]) => a - b);
  const rows = means.map((mean) => ({
    name: mean[0],
    share: mean[1] / means.at(-1)![1],
    value: mean[1].toFixed(4),
    isHighlighted: mean === modelMean,
  }));
  return page({
    title: `Predictions of ${run}`,
    summary: `${model.cell}, ${model.layers} × ${model.hidden}, reading ${text}. ${part}`.trim(),
    style: `${styleSheet('charts')}${styleSheet('text')}${styleSheet('surprise')}${shadesStyle}`,
    body: `<dl class="tiles">${figures.map(([name, value]) => `<div><dt>${name}</dt><dd>${value}</dd></div>`).join('')}</dl>
${chartPlaceholders(charts)}
${section('reader', 'The text', textViewer(pieces))}
<div class="after">
${section('dearest', 'Least expected', leastExpectedList(data, pieces))}
${others.length === 0 ? '' : section('others', `Bits per ${unit}, compared`, bars(rows))}
</div>`,
    script: pageScript('surprise'),
    data,
  });
}

function tokenPredictions(
  { lastTokenIndex, scoredTokens }: ScoredCharacter,
  { surprisal: { nats, ranks, alternatives: K, likeliest, probabilities }, ids }: SurprisalReport,
): TokenPrediction[] {
  return Array.from({ length: scoredTokens }, (_, before) => {
    const index = lastTokenIndex - scoredTokens + before;
    const others = Array.from({ length: K }, (__, place) => {
      const share = Math.round(10_000 * probabilities[index * K + place]);
      return [likeliest[index * K + place], share] as const;
    });
    return [Number(bitsOf(nats[index]).toFixed(2)), ranks[index] + 1, ids[index + 1], ...others];
  });
}

/** A chart of the mean surprisal along the text. Empty if the text is too short. */
function surprisalCurve({ unit, pieces }: SurprisalReport): Chart[] {
  const scored = pieces.map((piece, place) => ({ ...piece, place })).filter((piece) => piece.scoredTokens > 0);
  const length = Math.max(10, Math.ceil(scored.length / MAX_CURVE_POINTS));
  const sum = (characters: readonly ScoredCharacter[], member: 'nats' | 'scoredTokens'): number =>
    characters.reduce((total, each) => total + each[member], 0);
  const points = splitRows(scored, Math.floor(scored.length / length)).map((characters): Point => [
    characters[0].place,
    bitsOf(sum(characters, 'nats') / sum(characters, 'scoredTokens')),
  ]);
  if (points.length < 4) return [];
  return [
    {
      name: 'along',
      title: 'Along the text',
      unit: `bits per ${unit} (click a point to go to it in the text)`,
      isLogarithmic: false,
      hasZero: true,
      horizontal: 'characters',
      series: [{ name: `mean over about ${length} characters`, run: 0, colour: 1, dash: 0, points }],
    },
  ];
}

const textViewer = (pieces: readonly ScoredCharacter[]): string =>
  `<p class="hint" id="keys">The redder a character, the less expected it was. Point at a character or tap it to see the predictions. Move with <kbd>←</kbd> <kbd>→</kbd> <kbd>↑</kbd> <kbd>↓</kbd>. Press <kbd>n</kbd> or <kbd>p</kbd> to go to the next or previous character with more than 5 bits.</p>
<p class="scale" aria-hidden="true">${Array.from({ length: MAX_SHADED_BITS + 1 }, (_, bits) => `<i class="s${shadeOf(bits)}">${bits}</i>`).join('')} bits and more</p>
<div class="beside">
${shadedText(pieces.map(({ text, nats }) => ({ text, shade: shadeOf(bitsOf(nats)) })))}
<aside id="panel" class="card" aria-label="Predictions"></aside>
</div>`;

/** The characters with the highest surprisal, as buttons that lead to their positions. */
function leastExpectedList({ scored, symbols }: SurprisalData, pieces: readonly ScoredCharacter[]): string {
  const around = (from: number, to: number): string =>
    escapeHtml(
      pieces
        .slice(Math.max(0, from), to)
        .map(({ text }) => text.replace('\n', '↵').replace('\t', '→'))
        .join(''),
    );
  const byNats = [...pieces.keys()].toSorted((a, b) => pieces[b].nats - pieces[a].nats).slice(0, MAX_LEAST_EXPECTED);
  const items = byNats.flatMap((at) => {
    const [symbol] = scored[at].toSorted(([a], [b]) => b - a);
    if (symbol === undefined) return [];
    const [, , , [likeliest]] = symbol;
    return `<li><button type="button" data-piece="${at}">${around(at - CONTEXT_CHARACTERS, at)}<b>${around(at, at + 1)}</b>${around(at + 1, at + 1 + CONTEXT_CHARACTERS / 2)}</button>
<span>${bitsOf(pieces[at].nats).toFixed(1)} bits. The model expected <q>${escapeHtml(symbols[likeliest])}</q></span></li>`;
  });
  return `<ol class="dearest">${items.join('\n')}</ol>`;
}
