// Random programs, which use operations in ways that networks do not: views of views, joins within
// joins whose pieces come in any order, stacks of the same steps one later, results that are read
// again. Each is compiled for the GPU device, and run without gpu.js (shuffled.ts). A few also run
// on each GPU device. All results are compared with the reference.
import { afterAll, describe, expect, it } from 'vitest';
import type { Call, Device, Executable, Job, Workload } from '../../../src/devices/device.ts';
import { openReference } from '../../../src/devices/reference/reference.ts';
import { allCells } from '../../../src/model/cells/registry.ts';
import type { ModelConfiguration } from '../../../src/model/configuration.ts';
import { networkProgram, trainingProgram } from '../../../src/model/network.ts';
import { parameterShapes } from '../../../src/model/parameters.ts';
import { type Program, countParameters } from '../../../src/program/value.ts';
import { Random } from '../../../src/random.ts';
import { isEverything } from '../../everything.ts';
import { openHere } from './helpers.ts';
import { Author, V, type Written } from './random-programs.ts';
import { openShuffledGpu } from './shuffled.ts';

/** The same programs in every run. A failure prints its number and the program. */
const PROGRAMS = isEverything ? 1200 : 120;
const NETWORKS = isEverything ? 250 : 25;
/** Programs whose kernels are compiled. */
const COMPILED = isEverything ? 40 : 4;
/** Of a number, or of 1 if it is smaller. The series of tanh has an error of 2e-8. */
const TOLERANCE = 1e-6;
const FLOAT32_TOLERANCE = 2e-5;

/**
 * Three calls in runs of two and one, the last from a zero state.
 * @returns the difference from the reference, or null if the results are equal
 */
async function flawOf(
  device: Device,
  tolerance: number,
  { program, parameters, rows }: Written,
  random: Random,
): Promise<string | null> {
  const job: Job = { name: 'probe', steps: rows, batch: 1, build: () => program };
  const workload: Workload = { parameters, jobs: [job], update: null };
  const executables = [await device.compile(workload), await openReference().compile(workload)];
  const weights = Float32Array.from({ length: countParameters(parameters) }, () => 2 * random.uniform() - 1);
  for (const executable of executables) await executable.write({ kind: 'parameters' }, weights);
  const calls = [0, 1, 2].map((index): Call => ({
    ids: Int32Array.from({ length: rows }, () => random.uint32() % V),
    targets: Int32Array.from({ length: rows }, () => (random.uint32() % (V + 1)) - 1),
    dropoutKey: random.uint32(),
    reset: index === 2,
  }));
  const states = program.values.flatMap((value) => (value.kind === 'loadState' ? [value.name] : []));
  for (const run of [calls.slice(0, 2), calls.slice(2)]) {
    const [got, expected] = await Promise.all(executables.map((executable) => resultsOf(executable, run, states)));
    for (const [name, values] of expected) {
      const bad = values.findIndex(
        (x, i) => !(Math.abs(x - got.get(name)![i]) <= tolerance * Math.max(1, Math.abs(x))),
      );
      if (bad >= 0) return `${name}, element ${bad} of ${values.length}: ${got.get(name)![bad]}, not ${values[bad]}`;
    }
  }
  await executables[0].close();
  return null;
}

async function resultsOf(
  executable: Executable,
  run: readonly Call[],
  states: readonly string[],
): Promise<ReadonlyMap<string, Float32Array>> {
  const results = new Map<string, Float32Array>();
  for (const [index, { lossNats, gradientNorm, outputs }] of (await executable.run('probe', run)).entries()) {
    results.set(`loss of call ${index}`, Float32Array.of(lossNats));
    if (!Number.isNaN(gradientNorm)) results.set(`norm of call ${index}`, Float32Array.of(gradientNorm));
    for (const [name, values] of Object.entries(outputs)) results.set(`${name} of call ${index}`, values);
  }
  results.set('gradients', await executable.read({ kind: 'gradients' }));
  for (const name of states) results.set(`state ${name}`, await executable.read({ kind: 'state', job: 'probe', name }));
  return results;
}

function textOf({ values, outputs, gradients }: Program): string {
  const lines = values.map(
    ({ id, kind, rows, columns, inputs, ...rest }) =>
      `${id}: ${kind} ${rows}×${columns} of ${inputs.map((input) => input.id).join(', ')} ${JSON.stringify(rest)}`,
  );
  return [...lines, ...[...outputs, ...gradients].map(([name, { id }]) => `${name}: ${id}`)].join('\n');
}

/** Writes and checks programs. @returns the number and error of the first that fails, or null */
async function firstFlaw(
  count: number,
  write: (random: Random) => Written | null,
  device: Device | null = null,
): Promise<string | null> {
  for (let number = 1; number <= count; number++) {
    const random = new Random(number);
    const written = write(random);
    if (written === null) continue;
    const checked = device
      ? flawOf(device, FLOAT32_TOLERANCE, written, random)
      : flawOf(openShuffledGpu(number), TOLERANCE, written, random);
    const flaw = await checked.catch((error: Error) => error.stack!);
    if (flaw !== null) return `program ${number}: ${flaw}\n${textOf(written.program)}`;
  }
  return null;
}

function network(random: Random): Written {
  const below = (limit: number): number => random.uint32() % limit;
  const [N, T] = [1 + below(3), 1 + below(6)];
  const { name: cell } = allCells[below(allCells.length)];
  const model: ModelConfiguration = {
    cell,
    layerNorm: cell === 'lstm',
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

const anyOperations = (random: Random): Written => new Author(random, false).write();
const lossAndGradients = (random: Random): Written | null => new Author(random, true).train();

describe('random programs give the same results as the reference, in any order of threads,', () => {
  it('of any operations', async () => {
    expect(await firstFlaw(PROGRAMS, anyOperations)).toBeNull();
  });

  it('of a loss and its gradients', async () => {
    expect(await firstFlaw(PROGRAMS, lossAndGradients)).toBeNull();
  });

  it('of networks of every kind and size', async () => {
    expect(await firstFlaw(NETWORKS, network)).toBeNull();
  });
});

for (const name of ['gpu:cpu', 'gpu:software']) {
  const { device, missing } = await openHere(name);
  describe.skipIf(missing !== '')(
    `random programs on ${name}${missing} give the same results as the reference,`,
    () => {
      afterAll(() => device!.close());

      it.each([
        ['any operations', anyOperations],
        ['a loss and its gradients', lossAndGradients],
      ])('of %s', async (_, write) => {
        expect(await firstFlaw(COMPILED, write, device)).toBeNull();
      });
    },
  );
}
