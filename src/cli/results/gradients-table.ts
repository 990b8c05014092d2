// The results of `rnn gradients` as a table, with the time steps that fit the terminal.
import type { Gradients } from '../../api/model-results.ts';
import { median } from '../../median.ts';
import { escapeControls, wrap } from '../output/format.ts';
import type { Output } from '../output/output.ts';
import { textTable } from '../output/text-table.ts';

/** The time steps to show if they exist and fit. The last step is always shown. */
const PREFERRED_STEPS = [0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000];
/**
 * Widths of the columns: name, factor per step, σ max, and each time step. All except the name
 * include the gap before the column.
 */
const NAME_WIDTH = 12;
const FACTOR_WIDTH = 10;
const SIGMA_WIDTH = 7;
const STEP_WIDTH = 8;

const legend =
  'Gradient norm of the loss at a time step with respect to the state k time steps earlier, and the factor by which the norm changes per step.';
const sigmaLegend =
  'σ max: the largest factor by which a time step of a layer can multiply a gradient within the layer (largest singular value of the Jacobian, median over the measured steps).';

/** Returns the legend and one table per network, as lines. */
export function gradientsTable(
  networks: readonly Gradients[],
  { columns, colour: { dim, bold } }: Pick<Output, 'columns' | 'colour'>,
): string[] {
  const isSigmaShown = networks.some(({ singularValues }) => singularValues.length > 0);
  const room = columns - 1 - NAME_WIDTH - FACTOR_WIDTH - (isSigmaShown ? SIGMA_WIDTH : 0);
  const steps = stepsThatFit(networks[0].flows[0].logNorms.length - 1, room);
  const numbers = steps.map((k) => (k === 0 ? 'k = 0' : String(k)).padStart(STEP_WIDTH - 2));
  const headings = [' '.repeat(NAME_WIDTH), ...numbers, 'per step', isSigmaShown ? 'σ max' : ''];
  return [
    ...[legend, ...(isSigmaShown ? [sigmaLegend] : [])].flatMap((text) => wrap(text, columns - 1)).map(dim),
    ...networks.flatMap(({ name, model, flows, singularValues }) => {
      const rows = flows.map(({ layer, state, logNorms, perStep }, row) => [
        `layer ${layer}  ${state}`,
        ...steps.map((k) => powerOfTen(logNorms[k])),
        perStep === null ? '–' : `×${perStep.toFixed(3)}`,
        flows[row - 1]?.layer === layer || singularValues.length === 0 ? '' : median(singularValues[layer]).toFixed(2),
      ]);
      const [head, ...lines] = textTable([headings, ...rows], 'lr');
      return [
        '',
        `${bold(escapeControls(name))}${dim(`  ${model.cell} ${model.layers}×${model.hidden}`)}`,
        dim(head),
        ...lines,
      ];
    }),
  ];
}

function stepsThatFit(K: number, room: number): number[] {
  const steps = [...new Set([...PREFERRED_STEPS.filter((k) => k <= K), K])];
  const count = Math.min(steps.length, Math.max(2, Math.floor(room / STEP_WIDTH)));
  return Array.from({ length: count }, (_, index) => steps[Math.round((index * (steps.length - 1)) / (count - 1))]);
}

/** Formats e^logarithm as `3e-5`. Works even if the value itself would underflow or overflow. */
function powerOfTen(logarithm: number): string {
  if (!Number.isFinite(logarithm)) return '0';
  const exponent = Math.floor(logarithm / Math.LN10);
  const digit = Math.round(Math.exp(logarithm - exponent * Math.LN10));
  return digit === 10 ? `1e${exponent + 1}` : `${digit}e${exponent}`;
}
