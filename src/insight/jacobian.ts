// How much one time step of a layer can stretch a gradient: the largest singular value of
// ∂state_t/∂state_{t−1}, over all values that the cell carries (Pascanu, Mikolov and Bengio, 2013).
import { setImmediate } from 'node:timers/promises';
import { parameterVector } from '../runs/store.ts';
import type { Tokens } from '../corpus/read.ts';
import type { Device } from '../devices/device.ts';
import { cellOf } from '../model/cells/registry.ts';
import { activationName, stateShapes } from '../model/layer.ts';
import { backwardStepProgram } from '../model/network.ts';
import { parameterShapes } from '../model/parameters.ts';
import { Random } from '../random.ts';
import { BackwardSteps, type NamedVectors } from './backward-steps.ts';
import { WARM_UP } from './gradient-flow.ts';
import type { BareModel } from '../evaluation/evaluate.ts';

const JOB = 'step';

/**
 * Computes the Jacobian with one batch row for each of the S values that a layer carries: the
 * gradients of the S rows are the rows of the Jacobian.
 *
 * @returns for each layer, the largest singular value at each of `steps` time steps near the
 * beginning of the text (fewer in a short text). Empty for a network with a time skip, whose time
 * steps read more than the previous state
 */
export async function largestSingularValues(
  trained: BareModel,
  tokens: Tokens,
  device: Device,
  steps: number,
): Promise<readonly number[][]> {
  const { model } = trained;
  if (steps === 0 || (model.timeSkip ?? 0) > 0) return [];
  const { states } = cellOf(model);
  const H = model.hidden;
  const S = states.length * H;
  const last = Math.min(tokens.length, WARM_UP + steps);
  const walker = new BackwardSteps(trained, 1);
  const carried: NamedVectors[] = [];
  for (let t = 0; t < last - 1; t++) carried.push(walker.forward([tokens[t]], carried.at(-1)));

  const singularValues: number[][] = Array.from({ length: model.layers }, () => []);
  const executable = await device.compile({
    parameters: parameterShapes(model),
    jobs: [{ name: JOB, steps: 1, batch: S, build: (rows) => backwardStepProgram(model, rows) }],
    update: null,
  });
  try {
    await executable.write({ kind: 'parameters' }, parameterVector(trained));
    for (let t = Math.max(1, last - steps); t < last; t++) {
      for (const [layer, values] of singularValues.entries()) {
        const before = stateShapes(model).map(({ name }) => [name, repeat(carried[t - 1].get(name)!, S)] as const);
        const seeds = singularValues.flatMap((_, each) =>
          states.map((state, block) => {
            const vectors = each === layer ? identity(S, H, block) : new Float32Array(S * H);
            return [`seed.${activationName(each, state)}`, vectors] as const;
          }),
        );
        for (const [name, vectors] of [...before, ...seeds])
          await executable.write({ kind: 'state', job: JOB, name }, vectors);
        const [{ outputs }] = await executable.run(JOB, [
          { ids: new Int32Array(S).fill(tokens[t]), targets: new Int32Array(S).fill(-1) },
        ]);
        const blocks = states.map((state) => outputs[activationName(layer, state)]); // (S, H) each
        const jacobian = Float64Array.from(
          { length: S * S },
          (_, at) => blocks[Math.floor((at % S) / H)][Math.floor(at / S) * H + (at % H)],
        );
        values.push(largestSingularValue(jacobian));
        await setImmediate(); // lets signals be handled
      }
    }
    return singularValues;
  } finally {
    await executable.close();
  }
}

/**
 * The seed gradients of one state of a layer, (S, H). The states of the layer, one after another,
 * have S values. Row r has a 1 at the r-th value if that value belongs to this block.
 */
const identity = (S: number, H: number, block: number): Float32Array =>
  Float32Array.from({ length: S * H }, (_, at) => Number(Math.floor(at / H) === block * H + (at % H)));

const repeat = (row: ArrayLike<number>, times: number): Float32Array =>
  Float32Array.from({ length: row.length * times }, (_, at) => row[at % row.length]);

const MAX_ITERATIONS = 300;
const SETTLED = 1e-6;
const SEED = 1;

/**
 * The largest singular value of a square matrix in row order, by power iteration with AᵀA from a
 * random vector. Approaches it from below. If the two largest values are almost equal, the result
 * may lie between them.
 */
export function largestSingularValue(A: Float64Array): number {
  const S = Math.sqrt(A.length);
  const random = new Random(SEED);
  let x = Float64Array.from({ length: S }, () => random.normal());
  let value = 0;
  for (let iteration = 0; iteration < MAX_ITERATIONS; iteration++) {
    const length = lengthOf(x);
    if (length === 0) return 0;
    const y = new Float64Array(S);
    const next = new Float64Array(S);
    for (let row = 0; row < S; row++) {
      let sum = 0;
      for (let column = 0; column < S; column++) sum += A[row * S + column] * x[column];
      y[row] = sum / length;
      for (let column = 0; column < S; column++) next[column] += A[row * S + column] * y[row];
    }
    const before = value;
    value = lengthOf(y);
    if (Math.abs(value - before) <= SETTLED * value) return value;
    x = next;
  }
  return value;
}

const lengthOf = (vector: Float64Array): number =>
  Math.sqrt(vector.reduce((sum, element) => sum + element * element, 0));
