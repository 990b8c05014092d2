// What `rnn gradients` found as a table: as many steps as the terminal is wide.
import type { ModelConfiguration } from '../model/configuration.ts';
import type { NetworkGradients } from '../reports/gradients.ts';
import { harmless, wrap } from './format.ts';
import type { Output } from './output.ts';

export interface GradientsOf extends NetworkGradients {
  readonly model: ModelConfiguration;
}

/** The steps that are shown, as far as there are so many and as they fit; the last one always is. */
const shown = [0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000];
const nameWidth = 12;
const width = 8;
const rateWidth = 10;
const stretchWidth = 7;

const legend =
  'The norm of the gradient of the loss at a step with respect to what was held k steps before it, and what it is multiplied by per step.';
const stretchLegend =
  'σ max: the largest singular value of the Jacobian of one step of a layer, the most that the step can multiply a gradient by within the layer.';

export function gradientsTable(
  networks: readonly GradientsOf[],
  { columns, colour: { dim, bold } }: Pick<Output, 'columns' | 'colour'>,
): string[] {
  const isStretchShown = networks.some(({ singularValues }) => singularValues.length > 0);
  const steps = stepsThatFit(
    networks[0].flows[0].logNorms.length - 1,
    columns - 1 - nameWidth - rateWidth - (isStretchShown ? stretchWidth : 0),
  );
  const numbers = steps.map((k) => (k === 0 ? 'k = 0' : String(k)).padStart(width));
  const stretchTitle = isStretchShown ? 'σ max'.padStart(stretchWidth) : '';
  const head = [''.padEnd(nameWidth), ...numbers, 'per step'.padStart(rateWidth), stretchTitle].join('');
  const told = [legend, ...(isStretchShown ? [stretchLegend] : [])].flatMap((text) => wrap(text, columns - 1));
  return [
    ...told.map((line) => dim(line)),
    ...networks.flatMap(({ name, model, flows, singularValues }) => [
      '',
      `${bold(harmless(name))}${dim(`  ${model.cell} ${model.layers}×${model.hidden}`)}`,
      dim(head),
      ...flows.map(({ layer, state, logNorms, perStep }, row) => {
        const values = steps.map((k) => powerOfTen(logNorms[k]).padStart(width)).join('');
        const stretch =
          flows[row - 1]?.layer === layer || singularValues.length === 0
            ? ''
            : median(singularValues[layer]).toFixed(2).padStart(stretchWidth);
        const rate = perStep === null ? '–' : `×${perStep.toFixed(3)}`;
        return [`layer ${layer}  ${state}`.padEnd(nameWidth), values, rate.padStart(rateWidth), stretch].join('');
      }),
    ]),
  ];
}

function stepsThatFit(K: number, room: number): number[] {
  const steps = [...new Set([...shown.filter((k) => k <= K), K])];
  const count = Math.min(steps.length, Math.max(2, Math.floor(room / width)));
  return Array.from({ length: count }, (_, index) => steps[Math.round((index * (steps.length - 1)) / (count - 1))]);
}

/** 3e-5, of a natural logarithm that may be beyond all numbers. */
function powerOfTen(logarithm: number): string {
  if (!Number.isFinite(logarithm)) return '0';
  const exponent = Math.floor(logarithm / Math.LN10);
  const digit = Math.round(Math.exp(logarithm - exponent * Math.LN10));
  return digit === 10 ? `1e${exponent + 1}` : `${digit}e${exponent}`;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}
