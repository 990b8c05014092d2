// Random programs, which do what networks do not: views of views, joins within joins whose pieces come in any order, stacks of the same
// steps one later, results that are read again. Each is lowered, its passes are run as the JavaScript that they are, in float64, and all
// that comes out is compared with what the operations mean. Needs no gpu.js: what is looked for is a lowering that is wrong.
import { describe, expect, it } from 'vitest';
import { hashFunctions } from '../../../src/devices/gpu/dialect.ts';
import { type PassList, type Place, carryName, compilePasses } from '../../../src/devices/gpu/passes.ts';
import { RESET, seedNames } from '../../../src/devices/gpu/reader.ts';
import { type Reference, type Shape, isNumber } from '../../../src/devices/gpu/writer.ts';
import { evaluate } from '../../../src/devices/reference/evaluate.ts';
import { cells } from '../../../src/model/cells/registry.ts';
import type { ModelConfiguration } from '../../../src/model/configuration.ts';
import { evaluationProgram, samplingProgram, trainingProgram } from '../../../src/model/network.ts';
import { parameterShapes } from '../../../src/model/parameters.ts';
import { Builder } from '../../../src/program/builder.ts';
import { differentiate } from '../../../src/program/differentiate.ts';
import { foldRunningSums, hoistInputProducts } from '../../../src/program/rewrite.ts';
import { type Place as Corner, type ElementwiseFunction, type ParameterShape, type Program, type Value, countParameters } from '../../../src/program/value.ts';
import { Random, dropoutSeed } from '../../../src/random.ts';

/** The same ones each time: a failure tells its number, and what the program is. */
const PROGRAMS = 1200;
const NETWORKS = 250;
/** What tanh loses to its series is 2e-8 of x; else only the order of sums differs. */
const TOLERANCE = 1e-6;
/** WebGPU promises a kernel eight buffers, one of which it writes. With fewer stacks are cut up sooner, which is worth a try. */
const LEAST_INPUTS = 7;
/** Symbols. */
const V = 4;

interface Written {
  readonly program: Program;
  readonly parameters: readonly ParameterShape[];
  /** Of `ids` and `targets`. */
  readonly rows: number;
}

const unary: readonly ElementwiseFunction[] = ['scale', 'offset', 'sigmoid', 'tanh', 'relu'];
const binary: readonly ElementwiseFunction[] = ['add', 'subtract', 'multiply'];
const withoutDerivative: readonly ElementwiseFunction[] = ['tanhGradient', 'sigmoidGradient', 'reluGradient'];

/** Writes one program, operation by operation. */
class Author {
  readonly #random: Random;
  /** Only what has a derivative. */
  readonly #trains: boolean;
  readonly #ops = new Builder();
  readonly #parameters: ParameterShape[] = [];
  readonly #values: Value[] = [];
  readonly #rows: number;
  readonly #states = new Map<string, Value>();

  constructor(random: Random, trains: boolean) {
    this.#random = random;
    this.#trains = trains;
    this.#rows = this.#below(6) + 1;
  }

  write(): Written {
    for (let i = 0; i < 3; i++) this.#values.push(this.#leaf());
    for (let i = 4 + this.#below(30); i > 0; i--) this.#values.push(this.#operation());
    for (const [name, { rows, columns }] of this.#states) this.#ops.keep(name, this.#of(rows, columns));
    const outputs = this.#some();
    // Other values leave as gradients of weights that no operation reads.
    const gradients = this.#some().map((value, i) => [`g${i}`, value] as const);
    const parameters = [...this.#parameters, ...gradients.map(([name, { rows, columns }]) => ({ name, rows, columns }))];
    return { program: this.#ops.program(new Map(outputs.map((value, i) => [`out${i}`, value])), new Map(gradients)), parameters, rows: this.#rows };
  }

  /** The same with a loss, and the gradients of its weights; null if a derivative of it is not defined. */
  train(): Written | null {
    const { program, rows } = this.write();
    const ends = [...program.outputs.values()].map((value) => this.#ops.matmul(value, this.#parameter(value.columns, V)));
    const logits = this.#ops.matmul(this.#ops.stack([...ends, this.#ops.zeros(rows, V)]), this.#parameter(V, V));
    const loss = this.#ops.crossEntropy(this.#ops.rows(logits, 0, rows), this.#ops.input('targets', rows), 0.5);
    const forward = hoistInputProducts(this.#ops.program(new Map([...program.outputs, ['gradient of logits', loss]])));
    try {
      const program = foldRunningSums(differentiate(forward));
      return program.values.some(overlaps) ? null : { program, parameters: this.#parameters, rows };
    } catch {
      return null;
    }
  }

  /** The pieces may come in any order. */
  #join(pieces: readonly (Corner & { readonly value: Value })[]): Value {
    return this.#ops.join(this.#below(4) === 0 ? pieces.toReversed() : pieces);
  }

  #stack(values: readonly Value[]): Value {
    let row = 0;
    return this.#join(values.map((value) => ({ value, row: (row += value.rows) - value.rows, column: 0 })));
  }

  #below(limit: number): number {
    return this.#random.uint32() % limit;
  }

  #one<Choice>(choices: readonly Choice[]): Choice {
    return choices[this.#below(choices.length)];
  }

  #some(): Value[] {
    return Array.from({ length: 1 + this.#below(3) }, () => this.#latest());
  }

  /** A value, rather a late one, so that programs grow deep. */
  #latest(): Value {
    return this.#values[Math.max(this.#below(this.#values.length), this.#below(this.#values.length))];
  }

  #leaf(rows = 1 + this.#below(6), columns = 1 + this.#below(6)): Value {
    switch (this.#below(6)) {
      case 0: return this.#ops.zeros(rows, columns);
      case 1: return this.#ops.dropoutMask(rows, columns, { rate: 0.25, site: this.#below(3), stepRows: rows });
      case 2: return this.#state(rows, columns);
      // Weights have a gradient as operands of products alone.
      default: return this.#trains ? this.#state(rows, columns) : this.#parameter(rows, columns);
    }
  }

  #state(rows: number, columns: number): Value {
    const name = `s${this.#states.size}`;
    const state = this.#ops.state(name, rows, columns);
    this.#states.set(name, state);
    return state;
  }

  #parameter(rows: number, columns: number): Value {
    const name = `w${this.#parameters.length}`;
    this.#parameters.push({ name, rows, columns });
    return this.#ops.parameter(name, rows, columns);
  }

  /** A value of a shape: one that is there, a part of one, or a new one. */
  #of(rows: number, columns: number): Value {
    const fitting = this.#values.filter((value) => value.rows >= rows && value.columns >= columns);
    const exact = fitting.filter((value) => value.rows === rows && value.columns === columns);
    const choice = this.#below(8);
    if (exact.length > 0 && choice < 5) return this.#one(exact);
    if (fitting.length > 0 && choice < 7) return this.#part(this.#one(fitting), rows, columns);
    return this.#leaf(rows, columns);
  }

  #part(x: Value, rows: number, columns: number): Value {
    return this.#ops.part(x, { row: this.#below(x.rows - rows + 1), column: this.#below(x.columns - columns + 1) }, rows, columns);
  }

  #operation(): Value {
    const x = this.#latest();
    switch (this.#below(16)) {
      case 0: case 1: case 2: return this.#ops.elementwise(this.#one(this.#trains ? unary : [...unary, 'flush']), [x], 0.5);
      case 3: case 4: return this.#binary(x);
      case 5: case 6: case 7: return this.#product(x);
      case 8: case 9: return this.#part(x, 1 + this.#below(x.rows), 1 + this.#below(x.columns));
      case 10: return this.#steps(x);
      case 11: return this.#beside(x);
      case 12: return this.#again();
      case 13: return this.#blocks(x);
      case 14: return this.#trains ? this.#product(x) : this.#ops.columnSums(x);
      default: return this.#symbols();
    }
  }

  #binary(x: Value): Value {
    const other = this.#one([() => this.#of(x.rows, x.columns), () => this.#of(1, x.columns), () => this.#of(1, 1)])();
    const pair = this.#below(2) === 0 ? [x, other] : [other, x];
    return this.#ops.elementwise(this.#one(this.#trains ? binary : [...binary, ...withoutDerivative]), pair);
  }

  #product(x: Value): Value {
    // What is rewritten to a product of a whole sequence, and has a derivative, has neither of these.
    const [transposeA, adds] = this.#trains ? [false, false] : [this.#below(3) === 0, this.#below(2) === 0];
    const transposeB = this.#below(3) === 0;
    const [rows, inner] = transposeA ? [x.columns, x.rows] : [x.rows, x.columns];
    const columns = 1 + this.#below(6);
    const [height, width] = transposeB ? [columns, inner] : [inner, columns];
    const b = this.#below(2) === 0 ? this.#parameter(height, width) : this.#of(height, width);
    const bias = this.#below(2) === 0 ? { bias: this.#trains ? this.#parameter(1, columns) : this.#of(1, columns) } : {};
    return this.#ops.matmul(x, b, { transposeA, transposeB, ...bias, ...(adds ? { plus: this.#of(rows, columns) } : {}) });
  }

  /** Some values on top of each other. */
  #steps(x: Value): Value {
    return this.#stack(Array.from({ length: 2 + this.#below(3) }, (_, i) => (i === 0 ? x : this.#of(this.#below(3) === 0 ? 1 + this.#below(3) : x.rows, x.columns))));
  }

  #beside(x: Value): Value {
    let column = 0;
    return this.#join(Array.from({ length: 2 + this.#below(2) }, (_, i) => {
      const piece = { value: i === 0 ? x : this.#of(x.rows, 1 + this.#below(4)), row: 0, column };
      column += piece.value.columns;
      return piece;
    }));
  }

  /** A stack that is there already, some steps later. */
  #again(): Value {
    const stacks = this.#values.filter((value) => value.kind === 'join' && value.inputs.every((piece) => piece.columns === value.columns));
    if (stacks.length === 0) return this.#steps(this.#latest());
    const { inputs } = this.#one(stacks);
    const next = this.#of(inputs[0].rows, inputs[0].columns);
    return this.#stack(this.#below(2) === 0 ? [...inputs.slice(1), next] : [next, ...inputs.slice(0, -1)]);
  }

  #blocks(x: Value): Value {
    const [rows, columns] = [1 + this.#below(3), 1 + this.#below(3)];
    const corners: readonly [Corner, number, number][] = [[{ row: 0, column: x.columns }, x.rows, columns], [{ row: x.rows, column: 0 }, rows, x.columns], [{ row: x.rows, column: x.columns }, rows, columns]];
    return this.#join([{ value: x, row: 0, column: 0 }, ...corners.map(([corner, height, width]) => ({ ...corner, value: this.#of(height, width) }))]);
  }

  #symbols(): Value {
    const ids = this.#ops.input('ids', this.#rows);
    const columns = 1 + this.#below(5);
    if (this.#trains) return this.#ops.gather(this.#parameter(V, columns), ids);
    switch (this.#below(4)) {
      case 0: return this.#ops.scatter(this.#of(this.#rows, columns), ids, V);
      case 1: return this.#ops.crossEntropy(this.#of(this.#rows, V), this.#ops.input('targets', this.#rows), 0.5);
      default: return this.#ops.gather(this.#of(V, columns), ids, ...(this.#below(2) === 0 ? [this.#of(1, columns)] : []));
    }
  }
}

/** Whether pieces of a join lie over each other, though their areas add up: so may gradients of views that overlap in part. */
function overlaps(value: Value): boolean {
  if (value.kind !== 'join') return false;
  const taken = new Set(value.inputs.flatMap(({ rows, columns }, i) => Array.from({ length: rows * columns }, (_, at) => {
    const { row, column } = value.places[i];
    return (row + Math.floor(at / columns)) * value.columns + column + (at % columns);
  })));
  return taken.size < value.rows * value.columns;
}

type Nested = Float64Array | Nested[];

/** Passes as the JavaScript that they are written in. */
class Interpreter {
  readonly #list: PassList;
  readonly #carried = new Map<string, Nested>();

  constructor(list: PassList) {
    this.#list = list;
    for (const { pass } of list.states.values()) this.#carried.set(carryName(pass), nested(list.passes[pass].shape, () => 0));
  }

  /** One call. @param given all arguments but what is carried */
  run(given: ReadonlyMap<string, Nested | number>): Nested[] {
    const made: Nested[] = [];
    this.#list.passes.forEach(({ source, shape, operands }, index) => {
      const functions = hashFunctions(source, true).map((each) => (each as { source: string }).source).join('\n');
      // oxlint-disable-next-line typescript/no-implied-eval -- what gpu.js does in its mode cpu
      const kernel = new Function(`${functions}\nreturn ${source}`)() as (this: object, ...values: unknown[]) => number;
      const values = operands.map((operand) => this.#valueOf(operand, made.slice(0, index), given));
      made.push(nested(shape, (z, y, x) => kernel.call({ thread: { x, y, z } }, ...values)));
    });
    for (const { pass } of this.#list.states.values()) this.#carried.set(carryName(pass), made[pass]);
    return made;
  }

  #valueOf(operand: Reference, made: readonly Nested[], given: ReadonlyMap<string, Nested | number>): Nested | number {
    if (operand.kind === 'number') return operand.value;
    const value = operand.kind === 'pass' ? made[operand.index] : this.#carried.get(operand.name) ?? given.get(operand.name);
    if (value === undefined) throw new Error(`${JSON.stringify(operand)} is not there`);
    return value;
  }
}

function nested(shape: Shape, element: (z: number, y: number, x: number) => number): Nested {
  const row = (length: number, z: number, y: number): Float64Array => Float64Array.from({ length }, (_, x) => element(z, y, x));
  if (shape.kind === 'vector') return row(shape.length, 0, 0);
  const plane = (z: number): Nested[] => Array.from({ length: shape.rows }, (_, y) => row(shape.columns, z, y));
  return shape.planes > 1 ? Array.from({ length: shape.planes }, (_, z) => plane(z)) : plane(0);
}

const flat = (value: Nested): number[] => (value instanceof Float64Array ? [...value] : value.flatMap(flat));

function partOf(made: readonly Nested[], list: PassList, { pass, plane, row, column, rows, columns }: Place): number[] {
  const { shape } = list.passes[pass];
  if (shape.kind === 'vector') throw new Error('a matrix was wanted');
  const all = flat(made[pass]);
  return Array.from({ length: rows * columns }, (_, i) => all[(plane * shape.rows + row + Math.floor(i / columns)) * shape.columns + column + (i % columns)]);
}

interface Given {
  readonly ids: Float64Array;
  readonly targets: Float64Array;
  readonly dropoutKey: number;
  readonly reset: boolean;
}

const buffersOf = ({ operands }: PassList['passes'][number]): number => operands.filter((operand) => operand.kind === 'pass' || (operand.kind === 'argument' && !isNumber(operand.name))).length;

/** Three calls by the passes of a program and by its meaning, the last from a zero state. @returns what is wrong; null if nothing */
function flawOf({ program, parameters, rows }: Written, mostInputs: number, random: Random): string | null {
  const list = compilePasses(program, { parameters, update: null, mostInputs });
  const most = Math.max(0, ...list.passes.map(buffersOf));
  if (mostInputs >= LEAST_INPUTS && most > mostInputs) return `a pass reads ${most} buffers, not ${mostInputs}`;
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
      const bad = values.findIndex((x, i) => !(Math.abs(x - got.get(name)![i]) <= TOLERANCE * Math.max(1, Math.abs(x))));
      if (bad >= 0) return `call ${call}, ${name}: element ${bad} of ${values.length} is ${got.get(name)![bad]}, not ${values[bad]}`;
    }
  }
  return null;
}

function meant({ program, parameters }: Written, weights: Float64Array, { ids, targets, dropoutKey, reset }: Given, state: Map<string, Float64Array>): Map<string, readonly number[]> {
  let offset = 0;
  const matrices = new Map(parameters.map(({ name, rows, columns }) => [name, weights.subarray(offset, (offset += rows * columns))]));
  if (reset) state.clear();
  const { values, lossNats } = evaluate(program, { parameters: matrices, inputs: new Map([['ids', ids], ['targets', targets]]), state, dropoutKey });
  const gradients = parameters.flatMap(({ name, rows, columns }) => [...values.get(program.gradients.get(name)!) ?? new Float64Array(rows * columns)]);
  return new Map<string, readonly number[]>([
    ['loss', [lossNats]],
    ...[...program.outputs].map(([name, value]) => [`output ${name}`, [...values.get(value)!]] as const),
    ...[...state].map(([name, matrix]) => [`state ${name}`, [...matrix]] as const),
    ...(program.gradients.size > 0 ? [['gradients', gradients], ['norm', [Math.hypot(...gradients)]]] as const : []),
  ]);
}

function told(interpreter: Interpreter, list: PassList, weights: Float64Array, { ids, targets, dropoutKey, reset }: Given): Map<string, readonly number[]> {
  const seeds = list.masks.flatMap(({ site }) => {
    const seed = dropoutSeed(dropoutKey, site);
    const { high, low } = seedNames(site);
    return [[high, seed >>> 16], [low, seed & 0xffff]] as const;
  });
  const made = interpreter.run(new Map<string, Nested | number>([['weights', weights], ['ids', ids], ['targets', targets], [RESET, reset ? 1 : 0], ...seeds]));
  const { training, losses, outputs, states } = list;
  return new Map<string, readonly number[]>([
    ['loss', [losses.flatMap((pass) => flat(made[pass])).reduce((sum, x) => sum + x, 0)]],
    ...[...outputs].map(([name, place]) => [`output ${name}`, partOf(made, list, place)] as const),
    ...[...states].map(([name, place]) => [`state ${name}`, partOf(made, list, place)] as const),
    ...(training ? [['gradients', flat(made[training.gradients])], ['norm', flat(made[training.norm])]] as const : []),
  ]);
}

function textOf({ values, outputs, gradients }: Program): string {
  const lines = values.map(({ id, kind, rows, columns, inputs, ...rest }) => `${id}: ${kind} ${rows}×${columns} of ${inputs.map((input) => input.id).join(', ')} ${JSON.stringify(rest)}`);
  return [...lines, ...[...outputs, ...gradients].map(([name, { id }]) => `${name}: ${id}`)].join('\n');
}

/** Writes and checks programs. @returns the first that goes wrong, and how; null if none does */
function firstFlaw(count: number, write: (random: Random) => Written | null): string | null {
  for (let number = 1; number <= count; number++) {
    const random = new Random(number);
    const written = write(random);
    if (written === null) continue;
    const mostInputs = 3 + (random.uint32() % 12);
    const tell = (flaw: string): string => `program ${number}, of passes that read ${mostInputs} buffers: ${flaw}\n${textOf(written.program)}`;
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
    cell: cells[below(cells.length)].name, layers: 1 + below(3), hidden: 1 + below(5), embedding: below(2) * (1 + below(4)), vocabulary: V,
    forgetBias: 1, initialisation: 'uniform', dropout: 0.3 * below(2), conventions: {},
  };
  const parameters = parameterShapes(model);
  switch (below(4)) {
    case 0: return { program: samplingProgram(model, N), parameters, rows: N };
    case 1: return { program: evaluationProgram(model, { steps: T, rows: N }), parameters, rows: T * N };
    default: return { program: trainingProgram(model, { steps: T, rows: N }, 1 / (T * N)), parameters, rows: T * N };
  }
}

describe('the passes of random programs compute what the programs mean', () => {
  // So far a join goes wrong that is a bias, whose pieces are not in order, or that is copied together after one of its readers was made.
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
