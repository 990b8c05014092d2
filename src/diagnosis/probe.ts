// Checks of single operations: small programs at awkward sizes. Values with as many rows as the job
// has time steps are outputs. Other values leave the program as gradients of weights that nothing
// reads. The batch is one row, which devices do not split.
import { Builder } from '../program/builder.ts';
import { type ParameterShape, type Value, countParameters } from '../program/value.ts';
import { Random } from '../random.ts';
import type { Call, Workload } from '../devices/device.ts';
import { Pair, type ParityCheck } from './pair.ts';

/** An element of a matrix, by its index. */
export type Fill = (index: number, random: Random) => number;

export const uniformBetween =
  (low: number, high: number): Fill =>
  (_, random) =>
    low + (high - low) * random.uniform();
export const cyclingThrough =
  (...values: readonly number[]): Fill =>
  (index) =>
    values[index % values.length];

/** Makes an input matrix, which is a weight. Default: elements from −1 to 1. */
type MakeMatrix = (rows: number, columns: number, fill?: Fill) => Value;

interface Probe {
  readonly name: string;
  readonly tolerance?: number;
  /** T. Default: the number of rows of the first value. */
  readonly steps?: number;
  /** The number of ids, and of tokens for targets. */
  readonly symbols?: number;
  /** The target of all rows. Default: random targets. */
  readonly target?: number;
  values(ops: Builder, matrix: MakeMatrix): Readonly<Record<string, Value>>;
}

/** A check that runs the program of a probe twice, with different ids and targets. */
export function probe({ name, tolerance = 2e-6, steps: givenSteps, symbols = 1, target, values }: Probe): ParityCheck {
  return {
    name,
    run(device) {
      const ops = new Builder();
      const shapes: ParameterShape[] = [];
      const fills: Fill[] = [];
      const matrix: MakeMatrix = (rows, columns, fill = uniformBetween(-1, 1)) => {
        const shape = { name: `in${shapes.length}`, rows, columns };
        shapes.push(shape);
        fills.push(fill);
        return ops.parameter(shape.name, rows, columns);
      };
      const results = Object.entries(values(ops, matrix));
      const steps = givenSteps ?? results[0][1].rows;
      const outputs = results.filter(([, value]) => value.rows === steps);
      const gradients = results.filter(([, value]) => value.rows !== steps);
      const program = ops.program(new Map(outputs), new Map(gradients));
      const parameters = [
        ...shapes,
        ...gradients.map(([result, { rows, columns }]) => ({ name: result, rows, columns })),
      ];
      const workload: Workload = {
        parameters,
        jobs: [{ name: 'probe', steps, batch: 1, build: () => program }],
        update: null,
      };

      const random = new Random(7);
      const vector = new Float32Array(countParameters(parameters));
      let offset = 0;
      for (const [i, { rows, columns }] of shapes.entries()) {
        for (let k = 0; k < rows * columns; k++) vector[offset++] = fills[i](k, random);
      }
      const below = (limit: number): number => random.uint32() % limit;
      const calls: Call[] = [0, 1].map(() => ({
        ids: Int32Array.from({ length: steps }, () => below(symbols)),
        targets: Int32Array.from({ length: steps }, (_, row) => target ?? (row % 5 === 2 ? -1 : below(symbols))),
      }));
      return Pair.compare(device, workload, async (pair) => {
        await pair.write({ kind: 'parameters' }, vector);
        for (const call of calls) {
          await pair.run('probe', [call], { loss: 1e-5, norm: 1e-5, outputs: tolerance });
          if (gradients.length > 0) await pair.tensors('value', 'gradients', tolerance);
        }
      });
    },
  };
}
