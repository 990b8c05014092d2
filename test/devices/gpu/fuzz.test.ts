// Random programs, which use operations in ways that networks do not: views of views, joins within
// joins whose pieces come in any order, stacks of the same steps one later, results that are read
// again. Each is lowered, and its passes run as JavaScript in float64. All results are compared
// with the meaning of the operations. The tests look for errors in lowering, so they run without
// gpu.js.
import { describe, expect, it } from 'vitest';
import { hashFunctions } from '../../../src/devices/gpu/dialect.ts';
import { type PassList, type Place, carryName, compilePasses } from '../../../src/devices/gpu/passes.ts';
import { RESET, seedNames } from '../../../src/devices/gpu/reader.ts';
import { type Reference, type Shape, isNumber } from '../../../src/devices/gpu/writer.ts';
import { evaluateProgram } from '../../../src/devices/reference/evaluate.ts';
import { allCells } from '../../../src/model/cells/registry.ts';
import type { ModelConfiguration } from '../../../src/model/configuration.ts';
import { networkProgram, trainingProgram } from '../../../src/model/network.ts';
import { parameterShapes } from '../../../src/model/parameters.ts';
import { type Program, countParameters } from '../../../src/program/value.ts';
import { Random, dropoutSeed } from '../../../src/random.ts';
import { isEverything } from '../../everything.ts';
import { Author, V, type Written } from './random-programs.ts';

/** The same programs in every run. A failure prints its number and the program. */
const PROGRAMS = 1200;
const NETWORKS = 250;
/**
 * The series of tanh has an error of 2e-8 of x. Apart from that, only the order of sums differs.
 */
const TOLERANCE = 1e-6;
/**
 * WebGPU guarantees a kernel eight buffers, one of which it writes. With fewer buffers, stacks are
 * cut sooner, which is worth a test.
 */
const MIN_INPUTS = 5;
type Nested = Float64Array | Nested[];

/** Runs passes as JavaScript, the language of their source. */
class Interpreter {
  readonly #list: PassList;
  readonly #carried = new Map<string, Nested>();

  constructor(list: PassList) {
    this.#list = list;
    for (const { pass } of list.states.values())
      this.#carried.set(
        carryName(pass),
        nested(list.passes[pass].shape, () => 0),
      );
  }

  /** One call. @param given all arguments except the states */
  run(given: ReadonlyMap<string, Nested | number>): Nested[] {
    const made: Nested[] = [];
    this.#list.passes.forEach(({ source, shape, operands }, index) => {
      const functions = hashFunctions(source, true)
        .map((each) => (each as { source: string }).source)
        .join('\n');
      // oxlint-disable-next-line typescript/no-implied-eval -- as gpu.js does in its mode cpu
      const kernel = new Function(`${functions}\nreturn ${source}`)() as (this: object, ...values: unknown[]) => number;
      const values = operands.map((operand) => this.#valueOf(operand, made.slice(0, index), given));
      made.push(nested(shape, (z, y, x) => kernel.call({ thread: { x, y, z } }, ...values)));
    });
    for (const { pass } of this.#list.states.values()) this.#carried.set(carryName(pass), made[pass]);
    return made;
  }

  #valueOf(operand: Reference, made: readonly Nested[], given: ReadonlyMap<string, Nested | number>): Nested | number {
    if (operand.kind === 'number') return operand.value;
    const value =
      operand.kind === 'pass' ? made[operand.index] : (this.#carried.get(operand.name) ?? given.get(operand.name));
    if (value === undefined) throw new Error(`${JSON.stringify(operand)} is not there`);
    return value;
  }
}

function nested(shape: Shape, element: (z: number, y: number, x: number) => number): Nested {
  const row = (length: number, z: number, y: number): Float64Array =>
    Float64Array.from({ length }, (_, x) => element(z, y, x));
  if (shape.kind === 'vector') return row(shape.length, 0, 0);
  const plane = (z: number): Nested[] => Array.from({ length: shape.rows }, (_, y) => row(shape.columns, z, y));
  return shape.planes > 1 ? Array.from({ length: shape.planes }, (_, z) => plane(z)) : plane(0);
}

const flat = (value: Nested): number[] => (value instanceof Float64Array ? [...value] : value.flatMap(flat));

function partOf(made: readonly Nested[], list: PassList, { pass, plane, row, column, rows, columns }: Place): number[] {
  const { shape } = list.passes[pass];
  if (shape.kind === 'vector') throw new Error('a matrix was wanted');
  const all = flat(made[pass]);
  return Array.from(
    { length: rows * columns },
    (_, i) => all[(plane * shape.rows + row + Math.floor(i / columns)) * shape.columns + column + (i % columns)],
  );
}

interface Given {
  readonly ids: Float64Array;
  readonly targets: Float64Array;
  readonly dropoutKey: number;
  readonly reset: boolean;
}

const buffersOf = ({ operands }: PassList['passes'][number]): number =>
  operands.filter((operand) => operand.kind === 'pass' || (operand.kind === 'argument' && !isNumber(operand.name)))
    .length;

/**
 * Three calls by the passes of a program and by its meaning, the last from a zero state.
 * @returns the difference, or null if they agree
 */
function flawOf({ program, parameters, rows }: Written, mostInputs: number, random: Random): string | null {
  const mostStacked = [Infinity, 40, 8][random.uint32() % 3];
  const list = compilePasses(program, { parameters, update: null, mostInputs, mostStacked });
  const most = Math.max(0, ...list.passes.map(buffersOf));
  if (mostInputs >= MIN_INPUTS && most > mostInputs) return `a pass reads ${most} buffers, not ${mostInputs}`;
  const weights = Float64Array.from({ length: countParameters(parameters) }, () => 2 * random.uniform() - 1);
  const interpreter = new Interpreter(list);
  const state = new Map<string, Float64Array>();
  for (const call of [0, 1, 2]) {
    const given: Given = {
      ids: Float64Array.from({ length: rows }, () => random.uint32() % V),
      targets: Float64Array.from({ length: rows }, () => (random.uint32() % (V + 1)) - 1),
      dropoutKey: random.uint32(),
      reset: call === 2,
    };
    const wanted = meant({ program, parameters, rows }, weights, given, state);
    const got = told(interpreter, list, weights, given);
    for (const [name, values] of wanted) {
      const bad = values.findIndex(
        (x, i) => !(Math.abs(x - got.get(name)![i]) <= TOLERANCE * Math.max(1, Math.abs(x))),
      );
      if (bad >= 0)
        return `call ${call}, ${name}: element ${bad} of ${values.length} is ${got.get(name)![bad]}, not ${values[bad]}`;
    }
  }
  return null;
}

function meant(
  { program, parameters }: Written,
  weights: Float64Array,
  { ids, targets, dropoutKey, reset }: Given,
  state: Map<string, Float64Array>,
): Map<string, readonly number[]> {
  let offset = 0;
  const matrices = new Map(
    parameters.map(({ name, rows, columns }) => [name, weights.subarray(offset, (offset += rows * columns))]),
  );
  if (reset) state.clear();
  const { values, lossNats } = evaluateProgram(program, {
    parameters: matrices,
    inputs: new Map([
      ['ids', ids],
      ['targets', targets],
    ]),
    state,
    dropoutKey,
  });
  const gradients = parameters.flatMap(({ name, rows, columns }) => [
    ...(values.get(program.gradients.get(name)!) ?? new Float64Array(rows * columns)),
  ]);
  return new Map<string, readonly number[]>([
    ['loss', [lossNats]],
    ...[...program.outputs].map(([name, value]) => [`output ${name}`, [...values.get(value)!]] as const),
    ...[...state].map(([name, matrix]) => [`state ${name}`, [...matrix]] as const),
    ...(program.gradients.size > 0
      ? ([
          ['gradients', gradients],
          ['norm', [Math.hypot(...gradients)]],
        ] as const)
      : []),
  ]);
}

function told(
  interpreter: Interpreter,
  list: PassList,
  weights: Float64Array,
  { ids, targets, dropoutKey, reset }: Given,
): Map<string, readonly number[]> {
  const seeds = list.masks.flatMap(({ site }) => {
    const seed = dropoutSeed(dropoutKey, site);
    const { high, low } = seedNames(site);
    return [
      [high, seed >>> 16],
      [low, seed & 0xffff],
    ] as const;
  });
  const made = interpreter.run(
    new Map<string, Nested | number>([
      ['weights', weights],
      ['ids', ids],
      ['targets', targets],
      [RESET, reset ? 1 : 0],
      ...seeds,
    ]),
  );
  const { training, losses, outputs, states } = list;
  return new Map<string, readonly number[]>([
    ['loss', [losses.flatMap((pass) => flat(made[pass])).reduce((sum, x) => sum + x, 0)]],
    ...[...outputs].map(([name, place]) => [`output ${name}`, partOf(made, list, place)] as const),
    ...[...states].map(([name, place]) => [`state ${name}`, partOf(made, list, place)] as const),
    ...(training
      ? ([
          ['gradients', flat(made[training.gradients])],
          ['norm', flat(made[training.norm])],
        ] as const)
      : []),
  ]);
}

function textOf({ values, outputs, gradients }: Program): string {
  const lines = values.map(
    ({ id, kind, rows, columns, inputs, ...rest }) =>
      `${id}: ${kind} ${rows}×${columns} of ${inputs.map((input) => input.id).join(', ')} ${JSON.stringify(rest)}`,
  );
  return [...lines, ...[...outputs, ...gradients].map(([name, { id }]) => `${name}: ${id}`)].join('\n');
}

/** Fewer programs are checked unless RNN_TEST=all. The first are always the same. */
const share = isEverything ? 1 : 0.1;

/** Writes and checks programs. @returns the number and error of the first that fails, or null */
function firstFlaw(count: number, write: (random: Random) => Written | null): string | null {
  for (let number = 1; number <= count * share; number++) {
    const random = new Random(number);
    const written = write(random);
    if (written === null) continue;
    const mostInputs = 3 + (random.uint32() % 12);
    const tell = (flaw: string): string =>
      `program ${number}, of passes that read ${mostInputs} buffers: ${flaw}\n${textOf(written.program)}`;
    try {
      const flaw = flawOf(written, mostInputs, random);
      if (flaw !== null) return tell(flaw);
    } catch (error) {
      return tell((error as Error).message);
    }
  }
  return null;
}

function network(random: Random): Written {
  const below = (limit: number): number => random.uint32() % limit;
  const [N, T] = [1 + below(3), 1 + below(6)];
  const model: ModelConfiguration = {
    cell: allCells[below(allCells.length)].name,
    layers: 1 + below(3),
    hidden: 1 + below(5),
    embedding: below(2) * (1 + below(4)),
    vocabulary: V,
    forgetBias: 1,
    initialisation: 'uniform',
    dropout: 0.3 * below(2),
    conventions: {},
  };
  const parameters = parameterShapes(model);
  switch (below(4)) {
    case 0:
      return { program: networkProgram(model, { steps: 1, rows: N }, { outputs: 'logits' }), parameters, rows: N };
    case 1:
      return { program: networkProgram(model, { steps: T, rows: N }, { loss: true }), parameters, rows: T * N };
    default:
      return { program: trainingProgram(model, { steps: T, rows: N }, 1 / (T * N)), parameters, rows: T * N };
  }
}

describe('the passes of random programs compute the same results as the programs', () => {
  it('of any operations', () => {
    expect(firstFlaw(PROGRAMS, (random) => new Author(random, false).write())).toBeNull();
  });

  it('of a loss and its gradients', () => {
    expect(firstFlaw(PROGRAMS, (random) => new Author(random, true).train())).toBeNull();
  });

  it('of networks of every kind and size', () => {
    expect(firstFlaw(NETWORKS, network)).toBeNull();
  });
});
