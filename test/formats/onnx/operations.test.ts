// Every operation of programs: ONNX Runtime computes the same as the reference, or the export
// refuses it by name. The types of the two tables require every operation, so a new operation does
// not compile until it is in one of them.
import { describe, expect, it } from 'vitest';
import { evaluateProgram } from '../../../src/devices/reference/evaluate.ts';
import { graphOf } from '../../../src/formats/onnx/graph.ts';
import { onnxFile } from '../../../src/formats/onnx/messages.ts';
import { Builder } from '../../../src/program/builder.ts';
import type { ElementwiseFunction, OperationKind, Program, Value } from '../../../src/program/value.ts';
import { Random } from '../../../src/random.ts';
import { OnnxSession, carried, largestDifference } from './runtime.ts';

/** For numbers of about 1, in float32. */
const TOLERANCE = 2e-6;
/** More than any weight has rows or columns, which the graph requires. */
const ROWS = 11;
const [V, D] = [7, 5];

interface Probe {
  readonly ops: Builder;
  readonly ids: Value;
  /** (V, D) */
  readonly table: Value;
  /** (D, D) */
  readonly W: Value;
  /** (1, D) */
  readonly b: Value;
  /** (N, D) */
  readonly state: Value;
  /** (N, D), from the input. */
  readonly x: Value;
}

/** Returns the outputs of a program. */
type Write = (probe: Probe) => readonly Value[];

const refused = {
  scatter: ({ ops, x, ids }) => [ops.scatter(x, ids, V)],
  dropoutMask: ({ ops, x }) => [ops.dropoutMask(x.rows, D, { rate: 0.5, site: 0, stepRows: x.rows })],
  columnSums: ({ ops, x }) => [ops.columnSums(x)],
  crossEntropy: ({ ops, x, ids }) => [ops.crossEntropy(x, ids, 1)],
  penalty: ({ ops, x }) => {
    ops.penalty(x, 1);
    return [x];
  },
  clipGradient: ({ ops, x }) => [ops.clipGradient(x, 1)],
} satisfies Partial<Record<OperationKind, Write>>;

const written: Record<Exclude<OperationKind, keyof typeof refused>, Write> = {
  parameter: ({ ops, x, W, b }) => [b, ops.add(x, ops.rows(W, 2, 1))],
  input: ({ ops, table, ids }) => [ops.gather(table, ids)],
  loadState: ({ state }) => [state],
  storeState: ({ ops, x, state }) => {
    ops.storeState('other', state); // the previous state, one step later
    ops.storeState('twice', ops.add(x, state));
    ops.storeState('again', ops.add(x, state));
    return [
      ops.loadState('other', x.rows, D),
      ops.loadState('twice', x.rows, D),
      ops.loadState('again', x.rows, D),
      ops.add(x, state),
    ];
  },
  gather: ({ ops, table, ids, b }) => [ops.gather(table, ids), ops.gather(table, ids, b)],
  matmul: ({ ops, x, table, W, b, state }) => [
    ops.matmul(x, W),
    ops.matmul(x, W, { bias: b }),
    ops.matmul(x, W, { plus: state }),
    ops.matmul(x, W, { bias: b, plus: state }),
    ops.matmul(x, table, { transposeB: true }),
    ops.matmul(table, table, { transposeA: true }),
    ops.matmul(W, table, { transposeA: true, transposeB: true }),
  ],
  elementwise: ({ ops, x, b, state }) => [
    ops.add(x, state),
    ops.add(x, b),
    ops.multiply(ops.columns(b, 0, 1), x),
    ops.subtract(x, ops.columns(state, 0, 1)),
  ],
  rowSums: ({ ops, x, W }) => [ops.rowSums(x), ops.subtract(W, ops.rowSums(W))],
  rows: ({ ops, table }) => [ops.rows(table, 2, 3), ops.rows(table, 6, 1)],
  columns: ({ ops, x, table }) => [ops.columns(x, 1, 3), ops.columns(table, D - 1, 1)],
  join: ({ ops, x, state, b, W }) => [
    ops.join([
      { value: x, row: 0, column: D },
      { value: state, row: 0, column: 0 },
    ]),
    ops.join([
      { value: W, row: 1, column: 0 },
      { value: b, row: 0, column: 0 },
    ]),
  ],
  zeros: ({ ops, x }) => [ops.zeros(3, D), ops.zeros(x.rows, 2), ops.offset(ops.zeros(x.rows, 1), 0.5)],
};

const functions: Record<ElementwiseFunction, Write | 'refused'> = {
  add: ({ ops, x, state }) => [ops.add(x, state)],
  subtract: ({ ops, x, state, b }) => [ops.subtract(x, state), ops.subtract(b, x)],
  multiply: ({ ops, x, state }) => [ops.multiply(x, state)],
  divide: ({ ops, x, state }) => [ops.divide(x, ops.offset(ops.multiply(state, state), 1))],
  scale: ({ ops, x }) => [ops.scale(x, -1 / 3)],
  offset: ({ ops, x }) => [ops.offset(x, 0.25), ops.offset(x, 1e-5)],
  sigmoid: ({ ops, x }) => [ops.sigmoid(x), ops.sigmoid(ops.scale(x, 40))],
  tanh: ({ ops, x }) => [ops.tanh(x), ops.tanh(ops.scale(x, 40))],
  relu: ({ ops, x }) => [ops.relu(x)],
  sqrt: ({ ops, x }) => [ops.sqrt(ops.multiply(x, x))],
  clip: ({ ops, x }) => [ops.clip(x, 0.5)],
  flush: ({ ops, x }) => [ops.flush(x, 0.5)],
  sigmoidGradient: 'refused',
  tanhGradient: 'refused',
  reluGradient: 'refused',
};

function programOf(write: Write, rows: number): Program {
  const ops = new Builder();
  const ids = ops.input('ids', rows);
  const [table, W, b] = [
    ops.parameter('layer0.table', V, D),
    ops.parameter('layer0.W', D, D),
    ops.parameter('layer1.b', 1, D),
  ];
  const [state, x] = [ops.loadState('layer0.h', rows, D), ops.gather(table, ids)];
  const outputs = write({ ops, ids, table, W, b, state, x }).map((value, at) => [`output${at}`, value] as const);
  ops.storeState('layer0.h', ops.add(x, ops.scale(state, 0.5)));
  return ops.program(new Map(outputs));
}

const random = new Random(5);
const normal = (count: number): Float32Array => Float32Array.from({ length: count }, () => random.normal());
const weights = new Map([
  ['layer0.table', normal(V * D)],
  ['layer0.W', normal(D * D)],
  ['layer1.b', normal(D)],
]);

/** Three steps of four rows, by ONNX Runtime and by the reference. */
async function expectAlike(write: Write): Promise<void> {
  const rows = 4;
  const session = await OnnxSession.open(onnxFile(graphOf(programOf(write, ROWS), ROWS, weights), {}));
  const program = programOf(write, rows);
  const parameters = new Map([...weights].map(([name, data]) => [name, Float64Array.from(data)]));
  const state = new Map<string, Float64Array>();
  let states = new Map<string, Float32Array>();
  for (const ids of [
    [0, 6, 3, 3],
    [1, 2, 5, 4],
    [6, 6, 0, 1],
  ]) {
    const results = await session.run(ids, states);
    const { values } = evaluateProgram(program, {
      parameters,
      inputs: new Map([['ids', Float64Array.from(ids)]]),
      state,
    });
    states = carried(results);
    const outputs = [...program.outputs].map(([name, value]) => [name, values.get(value)!] as const);
    const kept = [...state].map(([name, matrix]) => [`next.${name}`, matrix] as const);
    for (const [name, expected] of [...outputs, ...kept]) {
      expect(largestDifference(results.get(name)!, expected), name).toBeLessThan(TOLERANCE);
    }
  }
  await session.close();
}

describe('ONNX Runtime computes the same as the reference for', () => {
  it.each(Object.entries(written))('%s', (_kind, write) => expectAlike(write));

  const known = Object.entries(functions).flatMap(([name, write]) =>
    write === 'refused' ? [] : [[name, write] as const],
  );
  it.each(known)('%s of each element', (_name, write) => expectAlike(write));
});

describe('an operation that a one-step program does not have is refused by name', () => {
  const graph = (write: Write): unknown => graphOf(programOf(write, ROWS), ROWS, weights);

  it.each(Object.entries(refused))('%s', (kind, write) => {
    expect(() => graph(write)).toThrow(`cannot export the operation '${kind}' to ONNX`);
  });

  const unknown = (Object.keys(functions) as ElementwiseFunction[]).filter((name) => functions[name] === 'refused');
  it.each(unknown)('%s', (name) => {
    expect(() => graph(({ ops, x, state }) => [ops.elementwise(name, [x, state])])).toThrow(
      `cannot export the operation '${name}' to ONNX`,
    );
  });

  it('a view of some rows of a batch, and a join of pieces both side by side and on top of each other', () => {
    expect(() => graph(({ ops, x }) => [ops.rows(x, 0, 2)])).toThrow("the operation 'rows of a batch'");
    const places = [
      [0, 0],
      [0, 2],
      [2, 0],
      [2, 2],
    ].map(([row, column]) => ({ row, column }));
    const tiled: Write = ({ ops, W }) => [
      ops.join(places.map((place) => ({ ...place, value: ops.part(W, place, 2, 2) }))),
    ];
    expect(() => graph(tiled)).toThrow("the operation 'join both ways'");
  });

  it('several steps at once', () => {
    expect(() => graph(({ ops, x, state }) => [ops.concatenate([x, state])])).toThrow(
      'one step has 11 rows, but join has 22',
    );
  });
});
