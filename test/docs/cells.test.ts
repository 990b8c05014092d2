// Compares docs/cells.md with the cells: a section for each, and in it equations, numbers of
// parameters and blocks that are the program's.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { evaluateProgram } from '../../src/devices/reference/evaluate.ts';
import type { Cell, CellWeight } from '../../src/model/cells/cell.ts';
import { allCells } from '../../src/model/cells/registry.ts';
import { Builder } from '../../src/program/builder.ts';
import { Random } from '../../src/random.ts';
import { type Algebra, type Equation, parseEquations, parseExpression, valueOf } from './equations.ts';

/** Two orders of adding a few float64 numbers near one. */
const TOLERANCE = 1e-12;
const [D, H] = [5, 4];

const page = readFileSync(resolve(import.meta.dirname, '../../docs/cells.md'), 'utf8');
const sections = new Map(
  page
    .split(/^## /m)
    .slice(1)
    .map((section) => {
      const [heading, ...lines] = section.split('\n');
      return [heading, lines.join('\n')];
    }),
);
const rows = new Map(
  [...page.matchAll(/^\| \[`([\w-]+)`\]\(#[\w-]+\) \|(.*)\|$/gm)].map(([, name, cells]) => [
    name,
    cells.split('|').map((text) => text.trim()),
  ]),
);
const equationsOf = (section: string): Equation[] => parseEquations(/^```text\n([\s\S]*?)^```/m.exec(section)![1]);

const parametersOf = (cell: Cell, width: number, hidden: number): number =>
  cell.weights(width, hidden).reduce((sum, weight) => sum + weight.rows * weight.columns, 0);
const blocksOf = (cell: Cell): string => cell.weights(D, H).find(({ name }) => name === 'b')!.gates;

const arithmetic = (names: Readonly<Record<string, number>>): Algebra<number> => ({
  number: (value) => value,
  name: (name) => names[name],
  call: (name) => {
    throw new Error(`${name} is not a function of numbers of parameters`);
  },
  operation: (operator, left, right) => (operator === '+' ? left + right : left * right),
});

type Row = readonly number[];
interface Weight extends CellWeight {
  readonly values: Row;
}

const functions: Readonly<Record<string, (z: number) => number>> = {
  σ: (z) => 1 / (1 + Math.exp(-z)),
  tanh: Math.tanh,
  relu: (z) => Math.max(0, z),
};
const operators: Readonly<Record<string, (a: number, b: number) => number>> = {
  '+': (a, b) => a + b,
  '−': (a, b) => a - b,
  '∘': (a, b) => a * b,
};

/** The block of a weight: its columns for a gate. */
function blockOf({ rows: height, gates, values, columns }: Weight, gate: string): Row {
  const start = gates.length === 1 ? 0 : gates.indexOf(gate) * H;
  expect(start).toBeGreaterThanOrEqual(0);
  return Array.from({ length: height }, (_, row) =>
    values.slice(row * columns + start, row * columns + start + H),
  ).flat();
}

/** The rows that an expression stands for, if it computes the block of a gate. */
function rowsOf(values: ReadonlyMap<string, Row>, weights: ReadonlyMap<string, Weight>, gate: string): Algebra<Row> {
  return {
    number: (value) => Array<number>(H).fill(value),
    name: (name) => values.get(name) ?? blockOf(weights.get(name)!, gate),
    call: (name, argument) => argument.map(functions[name]),
    operation: (operator, left, right) =>
      operator === '·'
        ? Array.from({ length: H }, (_, j) => left.reduce((sum, x, d) => sum + x * right[d * H + j], 0))
        : left.map((x, j) => operators[operator](x, right[j])),
  };
}

/** All values that the equations name, after one time step. */
function computed(
  equations: readonly Equation[],
  given: ReadonlyMap<string, Row>,
  weights: ReadonlyMap<string, Weight>,
  blocks: string,
): Map<string, Row> {
  const values = new Map(given);
  for (const { names, expression } of equations)
    for (const name of names)
      values.set(name, valueOf(expression, rowsOf(values, weights, blocks.includes(name) ? name : 'h')));
  return values;
}

/** The states and gates of a cell after one time step, by the program. */
function programStep(
  cell: Cell,
  given: ReadonlyMap<string, Row>,
  weights: ReadonlyMap<string, Weight>,
): Map<string, Row> {
  const ops = new Builder();
  const parameters = Object.fromEntries(
    [...weights.values()].map(({ name, rows: height, columns }) => [name, ops.parameter(name, height, columns)]),
  );
  const states = Object.fromEntries(cell.states.map((name) => [name, ops.loadState(name, 1, H)]));
  const x = ops.linear(ops.input('x', 1, D), parameters['Wx'], parameters['b']);
  const program = ops.program(new Map(Object.entries(cell.step(ops, x, states, parameters))));
  const { values } = evaluateProgram(program, {
    parameters: new Map([...weights].map(([name, weight]) => [name, Float64Array.from(weight.values)])),
    inputs: new Map([['x', Float64Array.from(given.get('x')!)]]),
    state: new Map(cell.states.map((name) => [name, Float64Array.from(given.get(name)!)])),
  });
  return new Map([...program.outputs].map(([name, value]) => [name, [...values.get(value)!]]));
}

it('docs/cells.md has a section and a row for each cell, in the order of the help', () => {
  const names = allCells.map(({ name }) => name);
  expect([...sections.keys()].filter((heading) => !/^[A-Z]/.test(heading))).toEqual(names);
  expect([...rows.keys()]).toEqual(names);
});

describe.each(allCells.map((cell) => [cell.name, cell] as const))('the section of %s', (name, cell) => {
  const section = sections.get(name) ?? '';

  it('has the equations of the program', () => {
    const random = new Random(8);
    const normal = (count: number): Row => Array.from({ length: count }, () => random.normal());
    const weights = new Map(
      cell.weights(D, H).map((weight) => [weight.name, { ...weight, values: normal(weight.rows * weight.columns) }]),
    );
    const given = new Map([['x', normal(D)], ...cell.states.map((state) => [state, normal(H)] as const)]);
    const shown = computed(equationsOf(section), given, weights, blocksOf(cell));
    for (const [each, values] of programStep(cell, given, weights)) {
      const row = shown.get(cell.states.includes(each) ? `${each}'` : each);
      for (const [j, value] of values.entries()) expect(Math.abs(row![j] - value), each).toBeLessThan(TOLERANCE);
    }
  });

  it('has the number of parameters of the program, as a formula', () => {
    const formula = parseExpression(/^- \*Parameters\*: `(.*)`$/m.exec(section)![1]);
    for (const [width, hidden] of [
      [128, 128],
      [62, 100],
      [300, 7],
    ])
      expect(valueOf(formula, arithmetic({ D: width, H: hidden }))).toBe(parametersOf(cell, width, hidden));
  });

  it('names a paper and a use', () => {
    expect(section).toMatch(/^- \*Papers?\*: /m);
    expect(section).toMatch(/^- \*Use\*: /m);
  });

  it('has a row with the states, blocks, parameters and learning rate of the program', () => {
    expect(rows.get(name)!.slice(0, 4)).toEqual([
      cell.states.join(' '),
      [...blocksOf(cell)].join(' '),
      parametersOf(cell, 128, 128).toLocaleString('en'),
      String(cell.learningRateTimesHidden),
    ]);
  });
});

describe('the reader of equations', () => {
  it('multiplies before it adds, and reads from left to right', () => {
    expect(valueOf(parseExpression('2·H·(D + 1) + 3'), arithmetic({ D: 4, H: 5 }))).toBe(53);
    expect(parseEquations("f, o = σ(x·Wx)\nh' = o∘c'")).toMatchObject([{ names: ['f', 'o'] }, { names: ["h'"] }]);
  });

  it.each(['(a + b', 'a + ', 'a b', '+ a'])('refuses "%s"', (text) => {
    expect(() => parseExpression(text)).toThrow('cannot read');
  });
});
