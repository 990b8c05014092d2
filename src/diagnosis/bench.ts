// How fast a device trains and samples a given model, on symbols drawn at random. Measures and
// prints nothing.
import type { Call, Cost, Device, Executable, PassTime, Workload } from '../devices/device.ts';
import { deviceError } from '../errors.ts';
import { median } from '../median.ts';
import type { benchModel } from '../options/commands.ts';
import type { ValuesOf } from '../options/option.ts';
import type { ModelConfiguration } from '../model/configuration.ts';
import { trainingProgram } from '../model/network.ts';
import { initialParameters, parameterShapes } from '../model/parameters.ts';
import { type Program, countParameters } from '../program/value.ts';
import { Random } from '../random.ts';
import { SymbolSampler } from '../sampling/filters.ts';
import { Network } from '../sampling/network.ts';
import { refuseIfTooLarge } from '../evaluation/memory.ts';
import { demandOf } from '../training/workload.ts';
import { type Optimizer, createOptimizer } from '../training/optimizers.ts';
import { type Work, paceOf } from './pace.ts';
import { plainModel } from './trial.ts';

export interface BenchSetup extends ValuesOf<typeof benchModel> {
  /** How long each of training and sampling is measured; null runs nothing. */
  readonly milliseconds: number | null;
  /** Whether to measure the passes of a training step one by one. */
  readonly profile?: boolean;
}

/** V, the characters of Shakespeare's plays. */
export const VOCABULARY = 65;

export interface BenchResult {
  readonly device: string;
  /** One line: what it ran on, and what should be known of that. */
  readonly description: string;
  readonly parameters: number;
  /** Of the program of a training step. */
  readonly operations: number;
  /** Of the products of a training step. */
  readonly multiplyAdds: number;
  /**
   * What the device's `compile` takes, and how much longer the first run takes than a later one:
   * kernels may be compiled when they are first needed. The plans of other numbers of steps, which
   * follow, are not in it. Without a measurement, `compile` alone.
   */
  readonly compileMs: number;
  readonly memoryBytes: number;
  /** Of a training step; null on devices that do not work in passes. */
  readonly cost: (Cost & { readonly passesPerLayerStep: number }) | null;
  /** Null if nothing was run. */
  readonly training: {
    readonly charactersPerSecond: number;
    readonly stepMs: number;
    /** Of a step: what all threads of this process computed. */
    readonly cpuMs: number;
    readonly callsPerRun: number;
    /** False where the device still was choosing that number at the end. */
    readonly settled: boolean;
    /** Of the matrix products alone. */
    readonly gigaflops: number;
    /** Of the processor's own peak, measured beside it; null where that is not known. */
    readonly partOfPeak: number | null;
    /** Of what the passes read and write. */
    readonly gigabytesPerSecond: number | null;
  } | null;
  /** Null if not asked for, and on devices that have none. */
  readonly profile: readonly PassTime[] | null;
  /** `compileMs` as above. */
  readonly sampling: { readonly charactersPerSecond: number; readonly compileMs: number } | null;
}

/** Windows of text, used in turn. */
const WINDOWS = 8;
/** In which a step is compared with the processor's peak, and the least that one computes. */
const PEAK_ROUNDS = 11;
const PEAK_ROUND_MS = 100;
/** Characters drawn between two looks at the clock. */
const DRAWN = 16;

/**
 * @throws RnnError `device` if it does not compute numbers, or what its `compile` throws for a
 * model that is too large
 */
export async function bench(device: Device, setup: BenchSetup): Promise<BenchResult> {
  const { cell, layers, hidden, batchSize: N, sequenceLength: T, milliseconds } = setup;
  const model = { ...plainModel, cell, layers, hidden, vocabulary: VOCABULARY };
  const parameters = parameterShapes(model);
  const optimizer = createOptimizer({ optimizer: 'adam', clipNorm: 5, momentum: 0 });
  const build = (rows: number): Program => trainingProgram(model, { steps: T, rows }, 1 / (N * T));
  const workload: Workload = {
    parameters,
    jobs: [{ name: 'train', steps: T, batch: N, build }],
    update: optimizer.rule,
  };
  const options = { batchSize: N, sequenceLength: T, randomLength: false, sampleEvery: 1, orthogonalEvery: 0 };
  await refuseIfTooLarge(demandOf(model, options, workload, 0), device);
  const program = build(N);
  const started = performance.now();
  const executable = await device.compile(workload);
  const compileMs = performance.now() - started;
  try {
    const cost = executable.cost?.('train') ?? null;
    const multiplyAdds = cost?.multiplyAdds ?? multiplyAddsOf(program);
    const work = await trainingOf(executable, model, optimizer, { N, T });
    const training = milliseconds === null ? null : await paceOf(work, milliseconds);
    const partOfPeak = training && (await partOfPeakOf(executable, work, 2 * multiplyAdds));
    const profile = setup.profile ? ((await executable.profile?.('train')) ?? null) : null;
    const sampling = milliseconds === null ? null : await measureSampling(device, model, milliseconds);
    return {
      device: device.name,
      description: executable.description,
      parameters: countParameters(parameters),
      operations: program.values.length,
      multiplyAdds,
      compileMs: compileMs + (training?.firstMs ?? 0),
      memoryBytes: executable.memoryBytes,
      cost: cost && { ...cost, passesPerLayerStep: cost.passes / (layers * T) },
      training: training && {
        charactersPerSecond: (1000 * N * T) / training.wallMs,
        stepMs: training.wallMs,
        cpuMs: training.cpuMs,
        callsPerRun: training.unitsPerRun,
        settled: training.settled,
        gigaflops: (2 * multiplyAdds) / training.wallMs / 1e6,
        partOfPeak,
        gigabytesPerSecond: cost && cost.bytes / training.wallMs / 1e6,
      },
      profile,
      sampling,
    };
  } finally {
    await executable.close();
  }
}

/** Whole steps, updates and all, as many at a time as suit the device. */
async function trainingOf(
  executable: Executable,
  model: ModelConfiguration,
  optimizer: Optimizer,
  { N, T }: { readonly N: number; readonly T: number },
): Promise<Work> {
  const random = new Random(1);
  const symbols = (): Int32Array => Int32Array.from({ length: N * T }, () => random.uint32() % model.vocabulary);
  const windows = Array.from({ length: WINDOWS }, () => ({ ids: symbols(), targets: symbols() }));
  await executable.write({ kind: 'parameters' }, initialParameters(model, random));
  let step = 0;
  const call = (): Call => ({ ...windows[step % WINDOWS], update: optimizer.scalars(++step, 0.002) });
  return {
    units: () => executable.callsPerRun('train'),
    async run(units) {
      const calls = Array.from({ length: units }, call);
      if ((await executable.run('train', calls)).at(-1)?.updated) return;
      throw deviceError(
        'in training, this device gives a loss or a gradient that is not a number',
        "'rnn doctor' tells what is wrong with it",
      );
    },
  };
}

/**
 * The median of rounds that each measure the peak before and after some steps: a shared machine
 * changes its speed from second to second. Null where the peak is not known.
 *
 * @param operations floating-point operations of a step
 */
async function partOfPeakOf(executable: Executable, work: Work, operations: number): Promise<number | null> {
  const parts: number[] = [];
  for (let round = 0; round < PEAK_ROUNDS; round++) {
    const before = await executable.peak?.();
    if (!before) return null;
    const started = performance.now();
    let steps = 0;
    do {
      const units = work.units();
      await work.run(units);
      steps += units;
    } while (performance.now() - started < PEAK_ROUND_MS);
    const gigaflops = (steps * operations) / (performance.now() - started) / 1e6;
    parts.push((2 * gigaflops) / (before + (await executable.peak!())!));
  }
  return median(parts);
}

/** One character at a time, each drawn from the answer to the last. */
async function measureSampling(
  device: Device,
  model: ModelConfiguration,
  milliseconds: number,
): Promise<{ charactersPerSecond: number; compileMs: number }> {
  const started = performance.now();
  const network = await Network.open(model, device, 1);
  const compileMs = performance.now() - started;
  try {
    const random = new Random(1);
    const sampler = new SymbolSampler(model.vocabulary);
    await network.load(initialParameters(model, random));
    const rows = await network.start({ logits: new Float32Array(model.vocabulary), states: new Map() }, 1);
    const { wallMs, firstMs } = await paceOf(
      {
        units: () => DRAWN,
        async run(units) {
          for (let drawn = 0; drawn < units; drawn++) {
            const stepping = rows.step();
            if (stepping) await stepping;
            rows.ids[0] = sampler.draw(rows.logits[0], random);
          }
        },
      },
      milliseconds,
    );
    return { charactersPerSecond: 1000 / wallMs, compileMs: compileMs + firstMs };
  } finally {
    await network.close();
  }
}

function multiplyAddsOf(program: Program): number {
  return program.values.reduce((sum, value) => {
    if (value.kind !== 'matmul') return sum;
    return sum + value.rows * value.columns * (value.transposeA ? value.inputs[0].rows : value.inputs[0].columns);
  }, 0);
}
