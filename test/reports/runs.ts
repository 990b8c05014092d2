// Synthetic runs for charts: the loss falls with the update steps, and is sometimes validated.
import { Curves } from '../../src/training/curves.ts';

export interface RunShape {
  readonly reports?: number;
  /** Update steps between reports. */
  readonly every?: number;
  /** Added to the loss. */
  readonly above?: number;
  readonly evaluations?: number;
  readonly samples?: readonly string[];
}

export function curvesOf({
  reports = 20,
  every = 50,
  above = 0,
  evaluations = 4,
  samples = [],
}: RunShape = {}): Curves {
  const curves = new Curves();
  const last = reports * every;
  const loss = (step: number): number => above + 1.5 + 2 * Math.exp(-step / 200);
  curves.add({ event: 'start', corpus: { train: 10_000 } });
  for (let step = every; step <= last; step += every) {
    curves.add({
      event: 'report',
      step,
      epoch: step / 100,
      elapsedMs: step * 100,
      lossNats: loss(step),
      gradientNorm: 0.2 + 1 / step,
      learningRate: 0.01 * (1 - step / last),
      charactersPerSecond: 50_000 + step,
    });
  }
  for (let index = 1; index <= evaluations; index++)
    curves.add({
      event: 'evaluation',
      step: (index * last) / evaluations,
      validationLossNats: loss((index * last) / evaluations) + 0.2,
    });
  for (const [index, text] of samples.entries())
    curves.add({ event: 'sample', step: ((index + 1) * last) / samples.length, text });
  return curves;
}
