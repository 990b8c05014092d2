// Checks of the states of a program of one step, and of the masks of dropout, by programs that are
// not networks.
import type { Call, Device, Job, Workload } from '../../src/devices/device.ts';
import { Builder } from '../../src/program/builder.ts';
import { type ParityResult, Pair, type ParityCheck } from '../../src/diagnosis/pair.ts';

/** A program of independent rows, so that a device may split its batch. */
function handmade(
  name: string,
  { steps, batch, build }: Omit<Job, 'name'>,
  calls: readonly Call[],
  columns: number,
): ParityCheck {
  const workload: Workload = {
    parameters: [{ name: 'table', rows: 5, columns }],
    jobs: [{ name: 'probe', steps, batch, build }],
    update: null,
  };
  return {
    name,
    run: (device: Device): Promise<ParityResult> =>
      Pair.compare(device, workload, async (pair) => {
        await pair.write(
          { kind: 'parameters' },
          Float32Array.from({ length: 5 * columns }, (_, i) => ((i * 7) % 11) / 4 - 1),
        );
        for (const run of [calls.slice(0, 2), calls.slice(2, 3), calls.slice(3)]) await pair.run('probe', run);
      }),
  };
}

const ids = (count: number): Int32Array => Int32Array.from({ length: count }, (_, i) => (i * i) % 5);

const carrying = [1, 13].map((batch) =>
  handmade(
    `states that are carried, exchanged, unchanged, and reset, batch ${batch}`,
    {
      steps: 1,
      batch,
      build(rows) {
        const ops = new Builder();
        const x = ops.gather(ops.parameter('table', 5, 7), ops.input('ids', rows));
        const [a, b, still, wide] = [
          ops.loadState('a', rows, 7),
          ops.loadState('b', rows, 7),
          ops.loadState('still', rows, 7),
          ops.loadState('wide', rows, 14),
        ];
        ops.storeState('a', b);
        ops.storeState('b', ops.add(a, x));
        ops.storeState('still', still);
        ops.storeState(
          'wide',
          ops.join([
            { value: ops.columns(wide, 7, 7), row: 0, column: 0 },
            { value: x, row: 0, column: 7 },
          ]),
        );
        return ops.program(
          new Map([
            ['a', ops.scale(a, 1)],
            ['b', ops.scale(b, 1)],
            ['both', ops.multiply(ops.add(a, b), ops.add(still, ops.columns(wide, 0, 7)))],
          ]),
        );
      },
    },
    Array.from({ length: 7 }, (_, i) => ({ ids: ids(batch).map((id) => (id + i) % 5), reset: i === 5 })),
    7,
  ),
);

const masks = (
  [
    [1, 1, 1],
    [13, 5, 7],
    [9, 3, 67],
  ] as const
).map(([batch, steps, columns]) =>
  handmade(
    `dropout masks, batch ${batch}, ${steps} steps of ${columns}`,
    {
      steps,
      batch,
      build(rows) {
        const ops = new Builder();
        const x = ops.gather(ops.parameter('table', 5, columns), ops.input('ids', steps * rows));
        const mask = (rate: number, site: number): ReturnType<Builder['zeros']> =>
          ops.dropoutMask(steps * rows, columns, { rate, site, stepRows: rows });
        return ops.program(
          new Map([
            ['mask', mask(0.4, 0)],
            ['applied', ops.multiply(x, mask(0.05, 1))],
            ['both', ops.multiply(mask(0.4, 0), mask(0.9, 2))],
          ]),
        );
      },
    },
    [0, 1, 1_234_567_891, 0xffffffff, 0x80000000].map((dropoutKey) => ({ ids: ids(steps * batch), dropoutKey })),
    columns,
  ),
);

export const stateChecks: readonly ParityCheck[] = [...carrying, ...masks];
