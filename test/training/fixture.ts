// A small corpus and runs on it, for the tests of training.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll } from 'vitest';
import { type Checkpoint, RunFolder } from '../../src/runs/store.ts';
import type { Corpus } from '../../src/corpus/read.ts';
import { characterVocabulary } from '../../src/corpus/vocabulary.ts';
import { openCpu } from '../../src/devices/cpu/cpu.ts';
import type { Call, CallResult, Device, Executable } from '../../src/devices/device.ts';
import type { TrainingEvent } from '../../src/training/events.ts';
import type { TrainingOptions } from '../../src/options/training.ts';
import type { MachineOptions, ReadingOptions } from '../../src/options/run.ts';
import type { LoopState } from '../../src/training/record.ts';
import { resolveOptions } from '../../src/training/resolve.ts';
import type { TrainingRun } from '../../src/training/run.ts';
import { prepareTraining } from '../../src/training/train.ts';

export const VERSE = 'the quick brown fox jumps over the lazy dog; the dog sleeps and the fox is gone. ';

export function corpusOf(train: string, validation: string): Corpus {
  const vocabulary = characterVocabulary(train + validation, false);
  const [trained, validated] = [train, validation].map((text) => Uint8Array.from(vocabulary.encode(text)));
  return {
    vocabulary,
    train: trained,
    validation: validated,
    test: new Uint8Array(),
    records: null,
    characters: train.length + validation.length,
    digest: 'none',
    sourcesDigest: 'none',
    testDigest: 'none',
    files: 1,
    skipped: 0,
    notes: [],
    name: 'tiny',
  };
}

export const verses: Corpus = corpusOf(VERSE.repeat(20), VERSE.repeat(2));

/** A plain network without regularisation, whatever the defaults are. */
export const plain = {
  cell: 'lstm',
  layers: 1,
  skip: 'none',
  embedding: 0,
  dropout: 0,
  weightDecay: 0,
  clipNorm: 5,
} as const;

/**
 * Options of a run that only steps end. Also accepts a learning rate that the command line refuses,
 * so that a run can diverge.
 */
export function optionsOf(
  corpus: Corpus,
  { learningRate = 0.01, ...given }: Partial<TrainingOptions>,
): TrainingOptions {
  const { options } = resolveOptions(
    {
      ...plain,
      hidden: 16,
      batchSize: 8,
      sequenceLength: 10,
      warmupSteps: 0,
      evaluationStreams: 2,
      evaluateEvery: 0,
      checkpointEvery: 0,
      sampleEvery: 0,
      sampleLength: 20,
      ...given,
    },
    corpus,
  );
  return { ...options, learningRate };
}

/**
 * The parts of a checkpoint that must not depend on the speed of the machine or on interruptions.
 */
export function timeless({ model, vocabulary, training, tensors, state, optimizer }: Checkpoint): unknown {
  const { loop, history, ...rest } = training;
  const {
    trainingMs: _trained,
    evaluatedMs: _evaluated,
    sampledMs: _sampled,
    elapsedMs: _elapsed,
    ...standing
  } = loop as LoopState;
  const { maxTimeMs: _invocation, ...options } = rest.options;
  return {
    model,
    vocabulary,
    training: { ...rest, options, standing, evaluations: history.filter(({ event }) => event === 'evaluation') },
    tensors: tensors.map(withBits),
    state: state.map(withBits),
    optimizer: optimizer && { ...optimizer, tensors: optimizer.tensors.map(withBits) },
  };
}

/** Numbers as one text of their bits, because comparing thousands of them one by one is slow. */
function withBits({ data, ...tensor }: Checkpoint['tensors'][number]): unknown {
  return { ...tensor, bits: Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64') };
}

/** The cpu with changed results of training calls. Calls are counted from 1. */
export async function deviceThat(change: (result: CallResult, call: number) => CallResult): Promise<Device> {
  const device = await openCpu({ threads: 1 });
  return {
    ...device,
    async compile(workload) {
      const inner = await device.compile(workload);
      let call = 0;
      return new Proxy(inner, {
        get(target, name) {
          if (name === 'run') {
            return async (job: string, calls: Parameters<typeof inner.run>[1]) => {
              const results = await target.run(job, calls);
              return job === 'train' ? results.map((result) => change(result, ++call)) : results;
            };
          }
          const value: unknown = Reflect.get(target, name, target);
          return typeof value === 'function' ? (value as () => unknown).bind(target) : value;
        },
      });
    },
  };
}

/** Default settings in checkpoints, for tests that do not depend on them. */
export const defaultSettings: { reading: ReadingOptions; machine: MachineOptions } = {
  reading: {
    include: [],
    exclude: [],
    records: null,
    column: [],
    learnAfter: null,
    weights: [],
    lowercase: false,
    unit: 'char',
    encoding: 'utf-8',
    keepLineEnds: false,
    skipInvalid: false,
    minCount: 1,
    validationFraction: 0.1,
    validationFile: null,
    testFraction: 0,
    testFile: null,
  },
  machine: { device: null, threads: null, kernels: null },
};

const folders: string[] = [];
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

export async function newFolder(): Promise<RunFolder> {
  const folder = mkdtempSync(path.join(tmpdir(), 'rnn-training-'));
  folders.push(folder);
  return RunFolder.create(path.join(folder, 'run'));
}

interface Behaviour {
  /** The results of `callsPerRun`, in a cycle. */
  readonly runSizes: readonly number[];
  /** The training calls to refuse, counted from 1. */
  readonly refused?: readonly number[];
  /**
   * Is called after each series of calls with the number of calls in it, and the number that ran.
   */
  readonly onRun?: (job: string, callCount: number, run: number) => void;
}

/** A device that requests these numbers of calls, and refuses the given updates. */
export function withRunSizes({ runSizes: counts, refused = [], onRun: ran }: Behaviour, device: Device): Device {
  const wrap = (inner: Executable): Executable => {
    let asked = 0;
    let trained = 0;
    const one = async (job: string, call: Call): Promise<CallResult> => {
      const refuses = job === 'train' && refused.includes(++trained);
      const [result] = await inner.run(job, [refuses ? { ...call, update: undefined } : call]);
      return refuses ? { ...result, lossNats: NaN } : result;
    };
    const oneByOne = async (job: string, calls: readonly Call[]): Promise<readonly CallResult[]> => {
      const results: CallResult[] = [];
      for (const call of calls) {
        const result = await one(job, call);
        results.push(result);
        if (call.update && !result.updated) break;
      }
      return results;
    };
    return {
      description: inner.description,
      memoryBytes: inner.memoryBytes,
      callsPerRun: () => counts[asked++ % counts.length],
      async run(job, calls) {
        const results = await (refused.length > 0 ? oneByOne(job, calls) : inner.run(job, calls));
        ran?.(job, calls.length, results.length);
        return results;
      },
      read: (resident) => inner.read(resident),
      write: (resident, values) => inner.write(resident, values),
      close: () => inner.close(),
    };
  };
  return {
    name: device.name,
    description: device.description,
    estimate: (workload) => device.estimate(workload),
    compile: async (workload) =>
      workload.interactive ? device.compile(workload) : wrap(await device.compile(workload)),
    close: () => device.close(),
  };
}

interface TrainedRun {
  readonly events: readonly TrainingEvent[];
  readonly folder: RunFolder;
}

interface TrainOverrides extends Pick<
  Partial<TrainingRun>,
  'resumedFrom' | 'initialModel' | 'device' | 'machine' | 'clock' | 'onActivity'
> {
  readonly threads?: number;
  readonly signal?: AbortSignal;
  /** The run folder, if not a new one. */
  readonly folder?: RunFolder;
  /**
   * Is called with each event. If it returns true, the run ends there as if the process were
   * killed.
   */
  readonly stopAfter?: (event: TrainingEvent) => boolean | void;
}

/** Trains to the end. */
export async function train(
  corpus: Corpus,
  given: Partial<TrainingOptions>,
  {
    threads = 1,
    device,
    machine = defaultSettings.machine,
    signal,
    stopAfter: seen,
    folder,
    resumedFrom,
    initialModel,
    clock,
    onActivity,
  }: TrainOverrides = {},
): Promise<TrainedRun> {
  const run = await prepareTraining({
    ...defaultSettings,
    options: optionsOf(corpus, given),
    corpus,
    device: device ?? (await openCpu({ threads })),
    machine,
    resumedFrom,
    initialModel,
    ...(clock && { clock }),
    ...(onActivity && { onActivity }),
  });
  const events: TrainingEvent[] = [];
  const written = folder ?? (await newFolder());
  try {
    for await (const event of run.train(written, signal)) {
      events.push(event);
      if (seen?.(event)) break;
    }
  } finally {
    await run.close();
  }
  return { events, folder: written };
}
