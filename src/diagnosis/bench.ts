// How fast a device trains and samples a given model, on symbols drawn at random. Measures and prints nothing.
import type { Call, Cost, Device, Executable, PassTime, Workload } from '../devices/device.ts';
import { RnnError } from '../errors.ts';
import type { ModelConfiguration } from '../model/configuration.ts';
import { samplingProgram, trainingProgram } from '../model/network.ts';
import { initialParameters, parameterShapes } from '../model/parameters.ts';
import { type Program, countParameters } from '../program/value.ts';
import { Random } from '../random.ts';
import { SymbolSampler } from '../sampling/filters.ts';
import { createOptimizer } from '../training/optimizers.ts';

export interface BenchSetup {
  readonly cell: string;
  readonly layers: number;
  readonly hidden: number;
  /** N */
  readonly batchSize: number;
  /** T */
  readonly sequenceLength: number;
  /** How long each of training and sampling is measured; null only compiles. */
  readonly milliseconds: number | null;
  /** Whether to measure the passes of a training step one by one. */
  readonly profile?: boolean;
}

/** V, the characters of Shakespeare's plays. */
export const VOCABULARY = 65;

export interface BenchResult {
  readonly device: string;
  readonly description: string;
  readonly parameters: number;
  /** Of the program of a training step. */
  readonly operations: number;
  /** Of the products of a training step. */
  readonly multiplyAdds: number;
  readonly compileMs: number;
  readonly memoryBytes: number;
  /** Of a training step; null on devices that do not work in passes. */
  readonly cost: (Cost & { readonly passesPerLayerStep: number }) | null;
  /** Null if only compiled. */
  readonly training: {
    readonly charactersPerSecond: number;
    readonly stepMs: number;
    /** Of a step: what all threads of this process computed. */
    readonly cpuMs: number;
    readonly callsPerRun: number;
    readonly gigaflops: number;
    /** Of what the passes read and write. */
    readonly gigabytesPerSecond: number | null;
  } | null;
  /** Null if not asked for, and on devices that do not work in passes. */
  readonly profile: readonly PassTime[] | null;
  readonly sampling: { readonly charactersPerSecond: number; readonly compileMs: number } | null;
}

/** Windows of text, used in turn. */
const WINDOWS = 8;
/** Characters drawn between two looks at the clock. */
const DRAWN = 16;
/** Of the time of a measurement, before it. */
const WARM_UP = 0.25;

/** @throws RnnError `device` if it does not compute numbers, or what its `compile` throws for a model that is too large */
export async function bench(device: Device, setup: BenchSetup): Promise<BenchResult> {
  const { cell, layers, hidden, batchSize: N, sequenceLength: T, milliseconds } = setup;
  const model: ModelConfiguration = { cell, layers, hidden, embedding: 0, vocabulary: VOCABULARY, forgetBias: 1, initialisation: 'uniform', dropout: 0, conventions: {} };
  const parameters = parameterShapes(model);
  const optimizer = createOptimizer({ optimizer: 'adam', clipNorm: 5, momentum: 0 });
  const build = (rows: number): Program => trainingProgram(model, { steps: T, rows }, 1 / (N * T));
  const program = build(N);
  const { executable, compileMs } = await compile(device, { parameters, jobs: [{ name: 'train', steps: T, batch: N, build }], update: optimizer.rule });
  try {
    const cost = executable.cost?.('train') ?? null;
    const multiplyAdds = cost?.multiplyAdds ?? multiplyAddsOf(program);
    const training = milliseconds === null ? null : await measureTraining(executable, model, setup, optimizer.scalars, milliseconds);
    return {
      device: device.name,
      description: executable.description,
      parameters: countParameters(parameters),
      operations: program.values.length,
      multiplyAdds,
      compileMs,
      memoryBytes: executable.memoryBytes,
      cost: cost && { ...cost, passesPerLayerStep: cost.passes / (layers * T) },
      training: training && {
        ...training,
        charactersPerSecond: (1000 * N * T) / training.stepMs,
        gigaflops: (2 * multiplyAdds) / training.stepMs / 1e6,
        gigabytesPerSecond: cost && cost.bytes / training.stepMs / 1e6,
      },
      profile: setup.profile ? ((await executable.profile?.('train')) ?? null) : null,
      sampling: milliseconds === null ? null : await measureSampling(device, model, milliseconds),
    };
  } finally {
    await executable.close();
  }
}

async function compile(device: Device, workload: Workload): Promise<{ executable: Executable; compileMs: number }> {
  const started = performance.now();
  const executable = await device.compile(workload);
  return { executable, compileMs: performance.now() - started };
}

/** Whole steps, updates and all, as many at a time as suit the device. */
async function measureTraining(
  executable: Executable,
  model: ModelConfiguration,
  { batchSize: N, sequenceLength: T }: BenchSetup,
  scalars: (step: number, learningRate: number) => Record<string, number>,
  milliseconds: number,
): Promise<{ stepMs: number; cpuMs: number; callsPerRun: number }> {
  const random = new Random(1);
  const symbols = (): Int32Array => Int32Array.from({ length: N * T }, () => random.uint32() % model.vocabulary);
  const windows = Array.from({ length: WINDOWS }, () => ({ ids: symbols(), targets: symbols() }));
  await executable.write({ kind: 'parameters' }, initialParameters(model, random));
  let step = 0;
  const call = (): Call => ({ ...windows[step % WINDOWS], update: scalars(++step, 0.002) });
  const { wallMs: stepMs, cpuMs } = await timePerUnit(milliseconds, async () => {
    const calls = Array.from({ length: executable.callsPerRun('train') }, call);
    if (!(await executable.run('train', calls)).at(-1)?.updated) {
      throw new RnnError('device', 'in training, this device gives a loss or a gradient that is not a number', { hint: "'rnn doctor' tells what is wrong with it" });
    }
    return calls.length;
  });
  return { stepMs, cpuMs, callsPerRun: executable.callsPerRun('train') };
}

/** One character at a time, each drawn from the answer to the last. */
async function measureSampling(device: Device, model: ModelConfiguration, milliseconds: number): Promise<{ charactersPerSecond: number; compileMs: number }> {
  const job = { name: 'sample', steps: 1, batch: 1, build: (rows: number) => samplingProgram(model, rows) };
  const { executable, compileMs } = await compile(device, { parameters: parameterShapes(model), jobs: [job], update: null, interactive: true });
  try {
    const random = new Random(1);
    const sampler = new SymbolSampler(model.vocabulary);
    await executable.write({ kind: 'parameters' }, initialParameters(model, random));
    let id = 0;
    const { wallMs: characterMs } = await timePerUnit(milliseconds, async () => {
      for (let drawn = 0; drawn < DRAWN; drawn++) {
        const [{ outputs }] = await executable.run('sample', [{ ids: Int32Array.of(id) }]);
        id = sampler.draw(outputs['logits'], random);
      }
      return DRAWN;
    });
    return { charactersPerSecond: 1000 / characterMs, compileMs };
  } finally {
    await executable.close();
  }
}

/** After warming up, the median of the time, and the mean of what the processor worked. @param act gives how many units it did */
async function timePerUnit(milliseconds: number, act: () => Promise<number>): Promise<{ wallMs: number; cpuMs: number }> {
  const repeat = async (during: number): Promise<{ wallMs: number; cpuMs: number }> => {
    const times: number[] = [];
    let total = 0;
    const cpu = process.cpuUsage();
    const end = performance.now() + during;
    do {
      const started = performance.now();
      const units = await act();
      times.push((performance.now() - started) / units);
      total += units;
    } while (performance.now() < end);
    const { user, system } = process.cpuUsage(cpu);
    return { wallMs: median(times), cpuMs: (user + system) / 1000 / total };
  };
  await repeat(WARM_UP * milliseconds);
  return repeat(milliseconds);
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return (sorted[Math.floor((sorted.length - 1) / 2)] + sorted[Math.ceil((sorted.length - 1) / 2)]) / 2;
}

function multiplyAddsOf(program: Program): number {
  return program.values.reduce((sum, value) => {
    if (value.kind !== 'matmul') return sum;
    return sum + value.rows * value.columns * (value.transposeA ? value.inputs[0].rows : value.inputs[0].columns);
  }, 0);
}
