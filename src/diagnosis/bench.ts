// How fast a device trains and samples a given model, with random tokens. It measures, but does not
// print.
import type { Call, CallCost, Device, Executable, OperationTime, Workload } from '../devices/device.ts';
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
import { type MemoryDemand, refuseIfTooLarge } from '../evaluation/memory.ts';
import { memoryDemandOf } from '../training/workload.ts';
import { type Optimizer, createOptimizer } from '../training/optimizers.ts';
import type { GpuEstimate } from './gpu-estimate.ts';
import { type TimedWork, paceOf } from './pace.ts';
import { plainModel } from './network-test.ts';

export interface BenchSetup extends ValuesOf<typeof benchModel> {
  /** The duration of each measurement, of training and of sampling. Null runs nothing. */
  readonly milliseconds: number | null;
  /** Whether to measure the dispatches or operations of an update step one by one. */
  readonly profile?: boolean;
}

/** V, the number of characters of Shakespeare's plays. */
export const VOCABULARY = 65;

export interface BenchResult {
  readonly device: string;
  /** One line: the hardware, and notes about it. */
  readonly description: string;
  readonly parameters: number;
  /** Operations in the program of an update step. */
  readonly operations: number;
  /** Multiply-adds of the matrix products of an update step. */
  readonly multiplyAdds: number;
  /**
   * The time of the device's `compile`, plus the extra time of the first run compared with a later
   * run, because kernels may be compiled when they are first needed. It does not include later
   * plans for other numbers of update steps. Without a measurement, only the time of `compile`.
   */
  readonly compileMs: number;
  readonly memoryBytes: number;
  /** The cost of an update step. Null on devices that do not work in dispatches. */
  readonly cost: (CallCost & { readonly dispatchesPerLayerStep: number }) | null;
  /** Null if the benchmark ran nothing. */
  readonly training: {
    readonly charactersPerSecond: number;
    readonly stepMs: number;
    /** Computing time of an update step, of all threads of this process. */
    readonly cpuMs: number;
    readonly callsPerRun: number;
    /** False if the device was still changing callsPerRun at the end. */
    readonly settled: boolean;
    /** GFLOP/s of the matrix products alone. */
    readonly gigaflops: number;
    /**
     * GFLOP/s as a fraction of the processor's peak, which is measured in alternation. Null if the
     * peak is unknown.
     */
    readonly partOfPeak: number | null;
    /** GB/s that the dispatches read and write. */
    readonly gigabytesPerSecond: number | null;
  } | null;
  /** Null if not requested, and on devices that cannot profile. */
  readonly profile: readonly OperationTime[] | null;
  /** `compileMs` includes the extra time of the first run, as above. */
  readonly sampling: { readonly charactersPerSecond: number; readonly compileMs: number } | null;
  /** How long an update step might take on some GPUs. Null unless the gpu was planned. */
  readonly estimates: readonly GpuEstimate[] | null;
}

/** Windows of text, used one after another. */
const WINDOWS = 8;
/**
 * Rounds in which an update step is compared with the processor's peak, and the minimum duration of
 * a round.
 */
const PEAK_ROUNDS = 11;
const PEAK_ROUND_MS = 100;
/** Characters that are sampled before the clock is read again. */
const DRAWN = 16;

/** The model that is measured, and the workload and the memory of its training. */
export function benchWork({ cell, layers, hidden, batchSize: N, sequenceLength: T }: BenchSetup): {
  readonly model: ModelConfiguration;
  readonly optimizer: Optimizer;
  readonly workload: Workload;
  readonly demand: MemoryDemand;
} {
  const model = { ...plainModel, cell, layers, hidden, vocabulary: VOCABULARY };
  const optimizer = createOptimizer({ optimizer: 'adam', clipNorm: 5, momentum: 0 });
  const build = (rows: number): Program => trainingProgram(model, { steps: T, rows }, 1 / (N * T));
  const workload: Workload = {
    parameters: parameterShapes(model),
    jobs: [{ name: 'train', steps: T, batch: N, build }],
    update: optimizer.rule,
  };
  const options = { batchSize: N, sequenceLength: T, randomLength: false, sampleEvery: 1, orthogonalEvery: 0 };
  return { model, optimizer, workload, demand: memoryDemandOf(model, options, workload, 0) };
}

export function costOfLayers(cost: CallCost, { layers, sequenceLength }: BenchSetup): NonNullable<BenchResult['cost']> {
  return { ...cost, dispatchesPerLayerStep: cost.dispatches / (layers * sequenceLength) };
}

/**
 * Measures a device.
 * @throws RnnError `device` if the results are not finite numbers, or the error of `compile` for a
 * model that is too large
 */
export async function bench(device: Device, setup: BenchSetup): Promise<BenchResult> {
  const { batchSize: N, sequenceLength: T, milliseconds } = setup;
  const { model, optimizer, workload, demand } = benchWork(setup);
  await refuseIfTooLarge(demand, device);
  const program = workload.jobs[0].build(N);
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
      parameters: countParameters(workload.parameters),
      operations: program.values.length,
      multiplyAdds,
      compileMs: compileMs + (training?.firstRunExtraMs ?? 0),
      memoryBytes: executable.memoryBytes,
      cost: cost && costOfLayers(cost, setup),
      training: training && {
        charactersPerSecond: (1000 * N * T) / training.wallMsPerUnit,
        stepMs: training.wallMsPerUnit,
        cpuMs: training.cpuMsPerUnit,
        callsPerRun: training.unitsPerRun,
        settled: training.isRunLengthStable,
        gigaflops: (2 * multiplyAdds) / training.wallMsPerUnit / 1e6,
        partOfPeak,
        gigabytesPerSecond: cost && cost.bytes / training.wallMsPerUnit / 1e6,
      },
      profile,
      sampling,
      estimates: null,
    };
  } finally {
    await executable.close();
  }
}

/**
 * Training as work for paceOf. A unit is a whole step with its update, and a run has as many as
 * suit the device.
 */
async function trainingOf(
  executable: Executable,
  model: ModelConfiguration,
  optimizer: Optimizer,
  { N, T }: { readonly N: number; readonly T: number },
): Promise<TimedWork> {
  const random = new Random(1);
  const symbols = (): Int32Array => Int32Array.from({ length: N * T }, () => random.uint32() % model.vocabulary);
  const windows = Array.from({ length: WINDOWS }, () => ({ ids: symbols(), targets: symbols() }));
  await executable.write({ kind: 'parameters' }, initialParameters(model, random));
  let step = 0;
  const call = (): Call => ({ ...windows[step % WINDOWS], update: optimizer.scalars(++step, 0.002) });
  return {
    nextRunUnits: () => executable.callsPerRun('train'),
    async run(units) {
      const calls = Array.from({ length: units }, call);
      if ((await executable.run('train', calls)).at(-1)?.updated) return;
      throw deviceError(
        'cannot train on this device: it computes a loss or a gradient that is not a finite number',
        'run rnn doctor to find the cause',
      );
    },
  };
}

/**
 * GFLOP/s as a fraction of the peak: the median of rounds that each measure the peak before and
 * after some steps, because a shared machine changes its speed from second to second. Null if the
 * peak is unknown.
 *
 * @param operations floating-point operations of a step
 */
async function partOfPeakOf(executable: Executable, work: TimedWork, operations: number): Promise<number | null> {
  const parts: number[] = [];
  for (let round = 0; round < PEAK_ROUNDS; round++) {
    const before = await executable.peak?.();
    if (!before) return null;
    const started = performance.now();
    let steps = 0;
    do {
      const units = work.nextRunUnits();
      await work.run(units);
      steps += units;
    } while (performance.now() - started < PEAK_ROUND_MS);
    const gigaflops = (steps * operations) / (performance.now() - started) / 1e6;
    parts.push((2 * gigaflops) / (before + (await executable.peak!())!));
  }
  return median(parts);
}

/** Samples one character at a time, each from the output for the last character. */
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
    const rows = network.rowsOf(1);
    const { wallMsPerUnit, firstRunExtraMs } = await paceOf(
      {
        nextRunUnits: () => DRAWN,
        async run(units) {
          for (let sampled = 0; sampled < units; sampled++) {
            const stepping = rows.advance();
            if (stepping) await stepping;
            rows.ids[0] = sampler.draw(rows.logits[0], random);
          }
        },
      },
      milliseconds,
    );
    return { charactersPerSecond: 1000 / wallMsPerUnit, compileMs: compileMs + firstRunExtraMs };
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
