import { describe, expect, test } from 'vitest';
import {
  type ChainSpecification,
  type ChainOperand,
  type OperandWalk,
  addChain,
  chainKey,
} from '../../../src/devices/cpu/chain.ts';
import { loadKernels } from '../../../src/devices/cpu/kernels.ts';
import { ModuleWriter } from '../../../src/devices/cpu/wasm.ts';
import { computeValue } from '../../../src/devices/reference/evaluate.ts';
import { Builder } from '../../../src/program/builder.ts';
import type { ElementwiseFunction, Value } from '../../../src/program/value.ts';
import { Random } from '../../../src/random.ts';

/**
 * Sigmoid and tanh have an error of at most 2e-7. All other errors are the rounding of one or two
 * operations in float32.
 */
const ABSOLUTE = 3e-7;
const RELATIVE = 3e-7;

const PAGES = 2;
// Node 20 accepts the relaxed instructions only after the kernels have been loaded.
const { variant } = await loadKernels();
const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES, shared: true });
const floats = new Float32Array(memory.buffer);
const UNTOUCHED = 12345;

/** Awkward numbers first: zeros of both signs, infinities, NaN, large, tiny. */
const SPECIAL = [0, -0, Infinity, -Infinity, NaN, 1e30, -1e30, 1e-30, -1e-38, 1, -1, 100, -100, 20, -20, 0.5];

function run(chain: ChainSpecification, rows: number, columns: number, ...pointers: readonly number[]): void {
  const writer = new ModuleWriter();
  addChain(writer, chain, variant, 'chain');
  const instance = new WebAssembly.Instance(new WebAssembly.Module(writer.encode(PAGES)), { env: { memory } });
  (instance.exports['chain'] as (...values: number[]) => void)(rows, columns, ...pointers);
}

function expectClose(got: ArrayLike<number>, expected: ArrayLike<number>, what: string): void {
  const wrong = Array.from(expected, (x, i) => [i, Math.fround(x), got[i]] as const).filter(
    ([, x, y]) => !(Object.is(x, y) || x === y || Math.abs(x - y) <= ABSOLUTE + RELATIVE * Math.abs(x)),
  );
  expect(wrong, what).toEqual([]);
}

const functions: readonly {
  readonly apply: ElementwiseFunction;
  readonly operands: number;
  readonly constant?: number;
}[] = [
  { apply: 'add', operands: 2 },
  { apply: 'subtract', operands: 2 },
  { apply: 'multiply', operands: 2 },
  { apply: 'divide', operands: 2 },
  { apply: 'scale', operands: 1, constant: -1.25 },
  { apply: 'offset', operands: 1, constant: 0.75 },
  { apply: 'flush', operands: 1, constant: 1e-3 },
  { apply: 'clip', operands: 1, constant: 0.5 },
  { apply: 'sigmoid', operands: 1 },
  { apply: 'tanh', operands: 1 },
  { apply: 'relu', operands: 1 },
  { apply: 'sqrt', operands: 1 },
  { apply: 'sigmoidGradient', operands: 2 },
  { apply: 'tanhGradient', operands: 2 },
  { apply: 'reluGradient', operands: 2 },
];

describe.each(functions)('$apply', ({ apply, operands, constant = 0 }) => {
  const walks: readonly OperandWalk[] = ['matrix', 'row', 'column', 'scalar'];
  const combinations: OperandWalk[][] =
    operands === 1
      ? [['matrix']]
      : [
          ...walks.flatMap((x) => walks.map((y) => [x, y])).filter((each) => each.includes('matrix')),
          ['row', 'column'],
        ];

  test.each(combinations.map((kinds) => [kinds.join(' and '), kinds] as const))(
    'of %s operands equals the reference, in rows of any width',
    (_, kinds) => {
      const random = new Random(3);
      for (const columns of [1, 3, 4, 7, 16]) {
        const rows = 19; // 19 · 16 pairs are enough to combine each special value with every other
        const leading = columns + 2; // the elements next to the matrix must not change
        const ops = new Builder();
        const inputs = kinds.map((kind, index) =>
          ops.input(
            `x${index}`,
            kind === 'matrix' || kind === 'column' ? rows : 1,
            kind === 'matrix' || kind === 'row' ? columns : 1,
          ),
        );
        const value = ops.elementwise(apply, inputs, constant) as Value<'elementwise'>;
        const matrices = inputs.map((input, index) =>
          Float64Array.from({ length: input.rows * input.columns }, (_, i) => {
            const special = index === 0 ? i % SPECIAL.length : Math.floor(i / SPECIAL.length);
            return Math.fround(special < SPECIAL.length ? SPECIAL[special] : 3 * random.normal());
          }),
        );
        // Derivatives take results of a sigmoid or tanh, which cannot be 1e30.
        if (apply === 'sigmoidGradient' || apply === 'tanhGradient')
          matrices[0] = matrices[0].map((y) => Math.fround(Math.tanh(y)));
        const expected = computeValue(value, matrices, { parameters: new Map(), inputs: new Map(), state: new Map() });

        floats.fill(UNTOUCHED, 0, 8192);
        const starts = [1024, 2048, 4096]; // in elements
        const places = new Map<Value, ChainOperand & { walk: OperandWalk }>();
        inputs.forEach((input, index) => {
          const walk = kinds[index];
          for (let row = 0; row < input.rows; row++)
            floats.set(
              matrices[index].subarray(row * input.columns, (row + 1) * input.columns),
              starts[index] + row * leading,
            );
          places.set(input, { pointer: index, column: 0, walk });
        });
        run(
          {
            values: [value],
            operands: places,
            stores: new Map([[value, [{ pointer: 2, column: 1 }]]]),
            strides: [
              ...[0, 1].map((index) => (kinds[index] === 'matrix' || kinds[index] === 'column' ? leading : 0)),
              leading,
            ],
          },
          rows,
          columns,
          ...starts.map((start) => 4 * start),
        );
        for (let row = 0; row < rows; row++) {
          const at = starts[2] + row * leading;
          expectClose(
            floats.subarray(at + 1, at + 1 + columns),
            expected.subarray(row * columns, (row + 1) * columns),
            `${columns} columns, row ${row}`,
          );
          expect([floats[at], floats[at + 1 + columns]]).toEqual([UNTOUCHED, UNTOUCHED]);
        }
      }
    },
  );
});

describe('a chain', () => {
  const [rows, columns] = [3, 7];
  const ops = new Builder();
  const [z, c] = [ops.input('z', rows, 2 * columns), ops.input('c', rows, columns)];
  const [left, right] = [ops.columns(z, 0, columns), ops.columns(z, columns, columns)];
  const gate = ops.sigmoid(left) as Value<'elementwise'>;
  const candidate = ops.tanh(right) as Value<'elementwise'>;
  const cell = ops.add(ops.multiply(gate, candidate), c) as Value<'elementwise'>;
  const values = [gate, candidate, cell.inputs[0] as Value<'elementwise'>, cell];
  const [zAt, cAt, copyAt] = [1024, 2048, 4096];
  const operands = new Map<Value, ChainOperand & { walk: OperandWalk }>([
    [left, { pointer: 0, column: 0, walk: 'matrix' }],
    [right, { pointer: 0, column: columns, walk: 'matrix' }],
    [c, { pointer: 1, column: 0, walk: 'matrix' }],
  ]);
  const strides = [2 * columns, columns, columns];

  test('can store results over its operands, and one result in two places', () => {
    const random = new Random(8);
    const [zs, cs] = [rows * 2 * columns, rows * columns].map((count) =>
      Float64Array.from({ length: count }, () => Math.fround(random.normal())),
    );
    floats.set(zs, zAt);
    floats.set(cs, cAt);
    const stores = new Map<Value, ChainOperand[]>([
      // The gates are swapped: each is stored where the other was read.
      [gate, [{ pointer: 0, column: columns }]],
      [candidate, [{ pointer: 0, column: 0 }]],
      [
        cell,
        [
          { pointer: 1, column: 0 },
          { pointer: 2, column: 0 },
        ],
      ],
    ]);
    run({ values, operands, stores, strides }, rows, columns, 4 * zAt, 4 * cAt, 4 * copyAt);
    const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        const [a, b, old] = [
          zs[row * 2 * columns + column],
          zs[row * 2 * columns + columns + column],
          cs[row * columns + column],
        ];
        const expected = [Math.tanh(b), sigmoid(a), sigmoid(a) * Math.tanh(b) + old];
        const at = row * columns + column;
        expectClose(
          [
            floats[zAt + row * 2 * columns + column],
            floats[zAt + row * 2 * columns + columns + column],
            floats[cAt + at],
          ],
          expected,
          `row ${row}, column ${column}`,
        );
        expect(floats[copyAt + at]).toBe(floats[cAt + at]);
      }
    }
  });

  test('without rows does not store anything', () => {
    floats.fill(UNTOUCHED, copyAt, copyAt + 64);
    run(
      { values, operands, stores: new Map([[cell, [{ pointer: 2, column: 0 }]]]), strides },
      0,
      columns,
      4 * zAt,
      4 * cAt,
      4 * copyAt,
    );
    expect(floats.subarray(copyAt, copyAt + 64).every((x) => x === UNTOUCHED)).toBe(true);
  });

  test('has a key that depends only on functions, constants, places, walks and strides', () => {
    const specification: ChainSpecification = {
      values,
      operands,
      stores: new Map([[cell, [{ pointer: 2, column: 0 }]]]),
      strides,
    };
    const moved = new Map(operands).set(c, { pointer: 1, column: 1, walk: 'matrix' });
    const walked = new Map(operands).set(c, { pointer: 1, column: 0, walk: 'row' });
    const splat = new Map(operands).set(c, { pointer: 1, column: 0, walk: 'column' });
    const scaled = ops.scale(c, 2) as Value<'elementwise'>;
    const scaledMore = ops.scale(c, 3) as Value<'elementwise'>;
    const others: ChainSpecification[] = [
      { ...specification, values: [gate, ops.sigmoid(right) as Value<'elementwise'>, values[2], cell] },
      { ...specification, operands: moved },
      { ...specification, operands: walked },
      { ...specification, operands: splat },
      { ...specification, stores: new Map([[cell, [{ pointer: 2, column: 1 }]]]) },
      { ...specification, strides: [2 * columns, columns, columns + 1] },
      { ...specification, values: [scaled] },
      { ...specification, values: [scaledMore] },
    ];
    expect(new Set([specification, ...others].map(chainKey)).size).toBe(others.length + 1);
    expect(chainKey({ ...specification, operands: new Map(operands) })).toBe(chainKey(specification));
  });
});
