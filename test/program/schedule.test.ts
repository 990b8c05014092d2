import { describe, expect, test } from 'vitest';
import { allCells } from '../../src/model/cells/registry.ts';
import type { ModelConfiguration } from '../../src/model/configuration.ts';
import { trainingProgram } from '../../src/model/network.ts';
import { Builder } from '../../src/program/builder.ts';
import { type Copy, type Location, arenaBuffer } from '../../src/program/placement.ts';
import { type ExecutionStep, schedule } from '../../src/program/schedule.ts';
import { type Program, type Value, isView } from '../../src/program/value.ts';

/** A short description of a step. */
function inWords(step: ExecutionStep): string {
  if (step.kind === 'chain') return step.values.map((value) => value.apply).join('+');
  return step.kind === 'copy' ? `copy to row ${step.to.row}` : step.value.kind;
}

const atRow = (row: number): Location => ({ buffer: arenaBuffer(2, 2), row, column: 0 });

function scheduled(
  write: (ops: Builder) => readonly Value[],
  copies?: (ops: Builder) => ReadonlyMap<Value | null, readonly Copy[]>,
): string[] {
  const ops = new Builder();
  const outputs = write(ops);
  const program: Program = {
    values: ops.values,
    outputs: new Map(outputs.map((value, index) => [String(index), value])),
    gradients: new Map(),
  };
  return schedule(program, copies?.(ops)).map(inWords);
}

describe('a schedule', () => {
  test('makes one chain of elementwise operations of a shape, whether or not they depend on each other', () => {
    expect(
      scheduled((ops) => {
        const [x, y] = [ops.parameter('x', 2, 3), ops.parameter('y', 2, 3)];
        return [ops.add(ops.tanh(x), ops.parameter('row', 1, 3)), ops.sigmoid(y)];
      }),
    ).toEqual(['tanh+add+sigmoid']);
  });

  test('ends a chain at another shape and at any other operation', () => {
    expect(
      scheduled((ops) => {
        const x = ops.parameter('x', 3, 3);
        const row = ops.tanh(ops.parameter('row', 1, 3));
        return [ops.relu(ops.matmul(ops.scale(ops.sigmoid(x), 2), x)), row, ops.columnSums(ops.sqrt(x))];
      }),
    ).toEqual(['tanh', 'sigmoid+scale', 'matmul', 'relu+sqrt', 'columnSums']);
  });

  test('ends a chain before an operation that reads a view or a join of its values', () => {
    expect(
      scheduled((ops) => {
        const [x, y] = [ops.tanh(ops.parameter('x', 2, 4)), ops.parameter('y', 2, 4)];
        const turned = ops.join([
          { value: ops.columns(x, 2, 2), row: 0, column: 0 },
          { value: ops.columns(x, 0, 2), row: 0, column: 2 },
        ]);
        return [ops.multiply(turned, y)];
      }),
    ).toEqual(['tanh', 'multiply']);
  });

  test('does not end a chain before a view of an earlier value', () => {
    expect(
      scheduled((ops) => {
        const z = ops.parameter('z', 2, 4);
        return [ops.multiply(ops.sigmoid(ops.columns(z, 0, 2)), ops.tanh(ops.columns(z, 2, 2)))];
      }),
    ).toEqual(['sigmoid+tanh+multiply']);
  });

  test('puts copies after the pieces of their join and before its readers, and copies to gradients at the end', () => {
    let join: Value;
    let piece: Value;
    expect(
      scheduled(
        (ops) => {
          [piece] = [ops.tanh(ops.parameter('x', 2, 2))];
          join = ops.concatenate([piece, ops.sigmoid(piece)]);
          return [ops.relu(join)];
        },
        () =>
          new Map<Value | null, Copy[]>([
            [join, [{ kind: 'copy', value: piece, to: atRow(1) }]],
            [null, [{ kind: 'copy', value: piece, to: atRow(9) }]],
          ]),
      ),
    ).toEqual(['tanh+sigmoid', 'copy to row 1', 'relu', 'copy to row 9']);
  });

  test.each(allCells.map((cell) => cell.name))('of %s holds every operation once and after its inputs', (cell) => {
    const model: ModelConfiguration = {
      cell,
      layers: 2,
      hidden: 4,
      embedding: 3,
      vocabulary: 5,
      forgetBias: 1,
      initialisation: 'uniform',
      dropout: 0.1,
      conventions: {},
    };
    const program = trainingProgram(model, { steps: 4, rows: 2 }, 1);
    const done = new Set<Value>();
    const ready = (value: Value): boolean =>
      done.has(value) ||
      value.kind === 'parameter' ||
      value.kind === 'input' ||
      ((isView(value) || value.kind === 'join') && value.inputs.every(ready));
    const order: Value[] = [];
    for (const step of schedule(program)) {
      const { rows, columns } = step.kind === 'chain' ? step : step.value;
      for (const value of step.kind === 'chain' ? step.values : [step.value]) {
        expect(
          value.inputs.every((input) => ready(input)),
          `${value.kind} ${value.id}`,
        ).toBe(true);
        expect([value.rows, value.columns]).toEqual([rows, columns]);
        done.add(value);
        order.push(value);
      }
    }
    expect(order).toEqual(
      program.values.filter((value) => !isView(value) && !['parameter', 'input', 'join'].includes(value.kind)),
    );
  });
});
