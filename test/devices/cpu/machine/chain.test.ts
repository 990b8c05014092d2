import { describe, expect, it } from 'vitest';
import type { ChainSpecification, ChainOperand, OperandWalk } from '../../../../src/devices/cpu/chain.ts';
import { Builder } from '../../../../src/program/builder.ts';
import type { ElementwiseFunction, Value } from '../../../../src/program/value.ts';
import { Random } from '../../../../src/random.ts';
import { floats, isFused, runChainByWasm, runCode, widths } from './helpers.ts';

const one: readonly ElementwiseFunction[] = ['sigmoid', 'tanh', 'relu', 'sqrt', 'scale', 'offset', 'flush', 'clip'];
const two: readonly ElementwiseFunction[] = [
  'add',
  'subtract',
  'multiply',
  'divide',
  'sigmoidGradient',
  'tanhGradient',
  'reluGradient',
];
/** The size of each operand and result, in elements. */
const DEPTH_CHUNK = 2048;
const SPECIAL = [0, -0, Infinity, -Infinity, NaN, 1e30, -1e30, 1e-38, -1e-40, 1, -1, 100, -100, 20, -20, 0.5];

interface Case {
  readonly chain: ChainSpecification;
  readonly rows: number;
  readonly columns: number;
  readonly pointers: readonly number[];
}

/** A chain of random operations on random operands. @param length the number of operations */
function randomChain(random: Random, length: number): Case {
  const below = (limit: number): number => Math.floor(random.uniform() * limit);
  const [rows, columns] = [1 + below(4), 1 + below(70)];
  const ops = new Builder();
  const strides: number[] = [];
  const operands = new Map<Value, ChainOperand & { walk: OperandWalk }>();
  const known: Value[] = [];
  const place = (walk: OperandWalk): ChainOperand => {
    const column = below(3);
    strides.push(walk === 'matrix' || walk === 'column' ? columns + column + below(3) : 0);
    return { pointer: strides.length - 1, column };
  };
  for (let each = 0; each < 1 + below(14); each++) {
    const walk = each === 0 ? 'matrix' : (['matrix', 'row', 'column', 'scalar'] as const)[below(4)];
    const value = ops.input(
      `x${each}`,
      walk === 'matrix' || walk === 'column' ? rows : 1,
      walk === 'matrix' || walk === 'row' ? columns : 1,
    );
    // One row or one column can be read in only one way.
    operands.set(value, { ...place(walk), walk });
    known.push(value);
  }
  const values: Value<'elementwise'>[] = [];
  const stores = new Map<Value, ChainOperand[]>();
  const [whole] = known;
  while (values.length < length) {
    const isOne = random.uniform() < 0.5;
    const apply = isOne ? one[below(one.length)] : two[below(two.length)];
    // A result has the shape of the chain, because one of its operands has it.
    const wholes = [whole, ...values];
    const x = wholes[below(wholes.length)];
    const value = ops.elementwise(
      apply,
      isOne ? [x] : [x, [...known, ...values][below(known.length + values.length)]],
      random.normal(),
    );
    if (value.kind !== 'elementwise' || values.includes(value as Value<'elementwise'>)) continue;
    values.push(value as Value<'elementwise'>);
    if (random.uniform() < 0.3 || values.length === length) stores.set(value, [place('matrix')]);
  }
  return {
    chain: { values, operands, stores, strides },
    rows,
    columns,
    pointers: strides.map((_, index) => 64 + DEPTH_CHUNK * index),
  };
}

describe.skipIf(widths.length === 0 || !isFused)(
  'chains in machine code (skipped if machine code or fused WebAssembly is missing)',
  () => {
    it.each(widths)('have the same bits as WebAssembly, with vectors of %s', (width) => {
      const random = new Random(17);
      for (let each = 0; each < 60; each++) {
        const { chain, rows, columns, pointers } = randomChain(random, 1 + (each % 40));
        const filled = DEPTH_CHUNK * (pointers.length + 1);
        for (let at = 0; at < filled; at++)
          floats[at] = random.uniform() < 0.05 ? SPECIAL[at % SPECIAL.length] : random.normal();
        const before = floats.slice(0, filled);
        runChainByWasm(
          chain,
          rows,
          columns,
          pointers.map((pointer) => 4 * pointer),
        );
        const expected = floats.slice(0, filled);
        floats.set(before);
        runCode(width, (writer) =>
          writer.chain(
            chain,
            rows,
            columns,
            pointers.map((pointer) => ({ fixed: 4 * pointer })),
          ),
        );
        const wrong = Array.from(expected.keys()).filter((at) => !Object.is(floats[at], expected[at]));
        expect(
          wrong.map((at) => [at, expected[at], floats[at]]),
          `chain ${each}`,
        ).toEqual([]);
        expect(Array.from(expected.keys()).some((at) => !Object.is(before[at], expected[at]))).toBe(true);
      }
    });
  },
);
