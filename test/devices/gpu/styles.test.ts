// The ways in which threads share sums, which a software GPU does not choose: each must give the
// results of the reference, for products of operands in all orientations at sizes that tiles do
// and do not divide.
import { afterAll, describe, expect, it } from 'vitest';
import type { Device, Workload } from '../../../src/devices/device.ts';
import { Adapter } from '../../../src/devices/gpu/adapter.ts';
import type { Dispatch } from '../../../src/devices/gpu/compile.ts';
import { GpuExecutable } from '../../../src/devices/gpu/executable.ts';
import { compileWorkload } from '../../../src/devices/gpu/compile.ts';
import type { Style } from '../../../src/devices/gpu/kernel.ts';
import { WebGpuBackend } from '../../../src/devices/gpu/webgpu.ts';
import { Pair } from '../../../src/diagnosis/pair.ts';
import { normalise } from '../../../src/model/normalise.ts';
import { Builder } from '../../../src/program/builder.ts';
import { type ParameterShape, type Value, countParameters } from '../../../src/program/value.ts';
import { Random } from '../../../src/random.ts';
import { isEverything } from '../../everything.ts';
import { openHere } from './helpers.ts';

const { device: opened, missing } = await openHere('gpu:software');
const adapter = missing === '' ? await Adapter.open('software') : null!;

/** The GPU device with this style wherever it is possible. @param chosen counts the dispatches that have it */
function deviceWith(style: Style, chosen: Dispatch[]): Device {
  const stylesOf = (dispatch: Dispatch): readonly Style[] => {
    const terms = dispatch.planes.flatMap(({ sums }) => sums.flat());
    if (dispatch.isByRow) {
      chosen.push(dispatch);
      return ['row'];
    }
    const isPossible =
      style === 'workgroup' ? terms.length > 0 : terms.length > 0 && terms.every(({ left, right }) => left && right);
    if (isPossible) chosen.push(dispatch);
    return [isPossible && dispatch.planes.every(({ sums }) => sums.length > 0) ? style : 'element'];
  };
  const description = JSON.stringify(style);
  return {
    name: description,
    description,
    estimate: async () => 0,
    compile(workload) {
      const { jobs, sizes } = compileWorkload(workload);
      const open = (): Promise<WebGpuBackend> => WebGpuBackend.open(adapter, jobs, sizes, stylesOf);
      return GpuExecutable.open(workload, jobs, { description, memoryBytes: 0, sizes, open });
    },
    close: async () => {},
  };
}

/** @param isShort only two products: a software GPU compiles one in large tiles for a second */
function workloadOf(m: number, k: number, n: number, isShort: boolean): Workload {
  const ops = new Builder();
  const shapes: ParameterShape[] = [];
  const matrix = (rows: number, columns: number): Value => {
    const name = `in${shapes.length}`;
    shapes.push({ name, rows, columns });
    return ops.parameter(name, rows, columns);
  };
  const made = (rows: number, columns: number): Value => ops.scale(matrix(rows, columns), 1.5);
  const [x, h] = [made(m, k), made(m, k + 1)];
  // Four gates: products that share a left factor, each with a running sum of another.
  const inputs = ops.matmul(x, matrix(k, 4 * n), { bias: matrix(1, 4 * n) });
  const gates = ops.matmul(h, matrix(k + 1, 4 * n), { plus: inputs });
  const gate = (index: number): Value => ops.columns(gates, index * n, n);
  const cell = ops.add(
    ops.multiply(ops.sigmoid(gate(0)), made(m, n)),
    ops.multiply(ops.sigmoid(gate(1)), ops.tanh(gate(2))),
  );
  const mask = ops.dropoutMask(3 * m, n, { rate: 0.5, site: 0, stepRows: m });
  const results = {
    'a·b': ops.matmul(x, matrix(k, n)),
    'a·bᵀ + y': ops.matmul(x, matrix(n, k), { transposeB: true, plus: made(m, n) }),
    'aᵀ·b': ops.matmul(made(k, m), matrix(k, n), { transposeA: true }),
    'aᵀ·bᵀ + bias': ops.matmul(matrix(k + 2, m), matrix(n, k + 2), {
      transposeA: true,
      transposeB: true,
      bias: matrix(1, n),
    }),
    'part · part': ops.matmul(
      ops.part(made(m + 2, k + 3), { row: 2, column: 1 }, m, k),
      ops.part(matrix(k + 1, n + 4), { row: 1, column: 3 }, k, n),
    ),
    'the next cell': cell,
    h: ops.multiply(ops.sigmoid(gate(3)), ops.tanh(cell)),
    sums: ops.columnSums(h),
    // Planes of different operations, with other rows of one mask.
    'rows of a mask': ops.multiply(made(m, n), ops.rows(mask, m, m)),
    'later rows of a mask': ops.tanh(ops.multiply(made(m, n), ops.rows(mask, 2 * m, m))),
    'no rows of a mask': ops.sigmoid(made(m, n)),
  };
  const program = ops.program(
    new Map(Object.entries(results).filter(([name]) => !isShort || name.startsWith('a·bᵀ') || name === 'aᵀ·b')),
  );
  return { parameters: shapes, jobs: [{ name: 'probe', steps: m, batch: 1, build: () => program }], update: null };
}

/** Normalised rows, which are read again to normalise others. */
function rowsWorkload(): Workload {
  const ops = new Builder();
  const [x, y, gain] = [ops.parameter('x', 5, 300), ops.parameter('y', 5, 7), ops.parameter('gain', 1, 300)];
  const normalised = normalise(ops, ops.scale(x, 2), gain);
  const part = ops.multiply(ops.columns(normalised, 290, 7), y);
  const others = normalise(ops, ops.parameter('z', 5, 7), ops.columns(gain, 0, 7));
  const results = { normalised, again: normalise(ops, part, ops.columns(gain, 3, 7)), others };
  const parameters = [
    { name: 'x', rows: 5, columns: 300 },
    { name: 'y', rows: 5, columns: 7 },
    { name: 'gain', rows: 1, columns: 300 },
    { name: 'z', rows: 5, columns: 7 },
  ];
  const program = ops.program(new Map(Object.entries(results)));
  return { parameters, jobs: [{ name: 'probe', steps: 5, batch: 1, build: () => program }], update: null };
}

/** Compares with the reference. @returns the dispatches that have the style */
async function compare(style: Style, workload: Workload, rows: number): Promise<readonly Dispatch[]> {
  const chosen: Dispatch[] = [];
  const random = new Random(3);
  const values = Float32Array.from({ length: countParameters(workload.parameters) }, () => 2 * random.uniform() - 1);
  const { worst, tolerance, where } = await Pair.compare(deviceWith(style, chosen), workload, async (pair) => {
    await pair.write({ kind: 'parameters' }, values);
    await pair.run('probe', [{ ids: new Int32Array(rows) }]);
  });
  expect(worst, where).toBeLessThanOrEqual(tolerance);
  return chosen;
}

describe.skipIf(missing !== '')(`on a software GPU${missing}`, () => {
  afterAll(() => Promise.all([opened!.close(), adapter.close()]));

  it.each([
    ['one thread each', 'element', 19, 21, 35, false],
    ['whole workgroups', 'workgroup', 5, 300, 7, true],
    ['tiles of 16', { rows: 16, columns: 16, down: 1, across: 1 }, 19, 21, 35, false],
    ['whole tiles of 16', { rows: 16, columns: 16, down: 1, across: 1 }, 16, 32, 32, true],
    ['tiles of 64', { rows: 64, columns: 64, down: 4, across: 4 }, 65, 18, 35, true],
    ...(isEverything
      ? ([
          ['tiles of 32', { rows: 32, columns: 32, down: 2, across: 2 }, 35, 17, 66, false],
          ['whole tiles of 64', { rows: 64, columns: 64, down: 4, across: 4 }, 64, 16, 64, false],
        ] as const)
      : []),
  ] as const)('sums by %s equal the sums of the reference', async (_, style, m, k, n, isShort) => {
    const chosen = await compare(style, workloadOf(m, k, n, isShort && !isEverything), m);
    expect(Math.max(...chosen.map(({ planes }) => planes.length))).toBeGreaterThan(1);
  });

  it('rows that workgroups sum and read in several turns equal the rows of the reference', async () => {
    const chosen = await compare('row', rowsWorkload(), 5);
    const turns = chosen.flatMap(({ planes }) => planes.map(({ inTurn }) => inTurn.length));
    expect(turns.toSorted()).toEqual([2, 6]);
  });
});
