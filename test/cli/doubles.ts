// Doubles for the text, the folder, the device, the training and the sampler of `rnn train` and
// `rnn sample`, which record their calls. Import this file before the modules that it replaces.
import { afterEach, vi } from 'vitest';
import { readCorpus } from '../../src/corpus/read.ts';
import { openDevice } from '../../src/devices/open.ts';
import { type Checkpoint, RunFolder, findCheckpoint, readCheckpoint, readOutline } from '../../src/runs/store.ts';
import { type Sampler, type SampledTextsRequest, openSampler } from '../../src/sampling/sample.ts';
import { type RunEstimate, estimateRun } from '../../src/training/estimate.ts';
import { type SampledPieces, withOutcome } from '../../src/sampling/pieces.ts';
import type { TextOutcome } from '../../src/sampling/text.ts';
import type { TrainingEvent } from '../../src/training/events.ts';
import type { TrainingOptions } from '../../src/options/training.ts';
import { resolveOptions } from '../../src/training/resolve.ts';
import { prepareTraining } from '../../src/training/train.ts';
import { type Ran, type Surroundings, rnn } from './helpers.ts';

const { withSpies } = vi.hoisted(() => ({
  /** The unchanged module, with functions that a test can replace. */
  withSpies:
    (...names: readonly string[]) =>
    async (original: () => Promise<object>): Promise<object> => {
      const real: Record<string, unknown> = { ...(await original()) };
      for (const name of names) real[name] = vi.fn<() => unknown>(real[name] as () => unknown);
      return real;
    },
}));
vi.mock('../../src/corpus/read.ts', withSpies('readCorpus'));
vi.mock('../../src/devices/open.ts', withSpies('openDevice'));
vi.mock('../../src/runs/store.ts', withSpies('findCheckpoint', 'readCheckpoint', 'readOutline'));
vi.mock('../../src/sampling/sample.ts', withSpies('openSampler'));
vi.mock('../../src/training/estimate.ts', withSpies('estimateRun'));
vi.mock('../../src/training/resolve.ts', withSpies('resolveOptions'));
vi.mock('../../src/training/train.ts', withSpies('prepareTraining'));
afterEach(() => {
  vi.resetAllMocks(); // to the real functions
  vi.restoreAllMocks();
});

export interface Calls {
  corpus?: Record<string, unknown>;
  /** The arguments of `train`. */
  given?: Readonly<Record<string, unknown>> | undefined;
  options?: TrainingOptions;
  device?: readonly unknown[];
  folder?: readonly unknown[];
  read?: readonly unknown[];
  signal?: AbortSignal;
  sampled: Record<string, unknown>[];
  samplers: { opened: number; closed: number; use?: unknown };
  openedDevices: number;
  closedDevices: number;
}

type Script = (signal: AbortSignal) => AsyncIterable<TrainingEvent> | Iterable<TrainingEvent>;

interface Doubles {
  readonly events?: Script;
  readonly pieces?: readonly string[];
  /** The text cannot be read. */
  readonly failWith?: unknown;
}

/** Runs a command line with doubles. */
export async function doubled(
  argv: readonly string[],
  { events, pieces, failWith, ...surroundings }: Doubles & Surroundings = {},
): Promise<Ran & { calls: Calls }> {
  const calls = useDoubles({
    ...(events === undefined ? {} : { events }),
    ...(pieces === undefined ? {} : { pieces }),
    failWith,
  });
  return { ...(await rnn(argv, surroundings)), calls };
}

const { readCorpus: reallyReadCorpus } =
  await vi.importActual<typeof import('../../src/corpus/read.ts')>('../../src/corpus/read.ts');
const text = 'to be or not to be, that is the question. '.repeat(48).slice(0, 2000);

/** From now to the end of the test. */
export function useDoubles({ events = defaultEvents, pieces = ['be', ' or ', 'not'], failWith }: Doubles = {}): Calls {
  const calls: Calls = { sampled: [], samplers: { opened: 0, closed: 0 }, openedDevices: 0, closedDevices: 0 };
  vi.mocked(readCorpus).mockImplementation(async (options) => {
    calls.corpus = { ...options };
    if (failWith !== undefined) throw failWith;
    const read = await reallyReadCorpus({ ...options, sources: [{ name: 'hamlet', text }] });
    return { ...read, notes: ['skipped 2 hidden or binary files'] };
  });
  vi.mocked(openDevice).mockImplementation(async (...given) => {
    calls.device = given;
    calls.openedDevices++;
    const reason = given[0] === 'auto' ? { reason: 'fake: there is no other' } : {};
    return {
      name: 'fake',
      description: 'fake device',
      ...reason,
      close: async () => void calls.closedDevices++,
    } as never;
  });
  vi.spyOn(RunFolder, 'refuseIfTaken').mockResolvedValue();
  vi.spyOn(RunFolder, 'create').mockImplementation(async (...given) => {
    calls.folder = given;
    return { path: given[0], close() {} } as never;
  });
  vi.mocked(findCheckpoint).mockImplementation(async (given) => given ?? 'checkpoints/newest/best.json');
  vi.mocked(readCheckpoint).mockImplementation(async (...given) => {
    calls.read = given;
    return checkpoint;
  });
  vi.mocked(readOutline).mockResolvedValue(checkpoint);
  vi.mocked(prepareTraining).mockImplementation(async (run) => {
    calls.given = vi.mocked(resolveOptions).mock.lastCall?.[0] as Record<string, unknown> | undefined;
    calls.options = run.options;
    return {
      notes: [],
      async *train(_folder: unknown, signal: AbortSignal) {
        calls.signal = signal;
        yield* events(signal);
      },
      close: async () => {},
    } as never;
  });
  vi.mocked(openSampler).mockImplementation(async (_model, _device, use) => {
    calls.samplers.opened++;
    calls.samplers.use = use;
    const texts = function* <Piece>(
      { texts: each, ...request }: SampledTextsRequest,
      all: readonly Piece[],
    ): Generator<SampledPieces<Piece>> {
      for (const { seed } of each) {
        calls.sampled.push({ ...request, seed });
        yield asyncOf(all);
      }
    };
    return {
      texts: (request: SampledTextsRequest) => texts(request, pieces),
      bytes: (request: SampledTextsRequest) =>
        texts(
          request,
          pieces.map((piece) => Buffer.from(piece)),
        ),
      close: async () => void calls.samplers.closed++,
    } as unknown as Sampler;
  });
  return calls;
}

/** The outcome of each text: three tokens, each with a probability of 1/2. */
const outcome: TextOutcome = { isCut: false, tokens: 3, logProbability: -3 * Math.LN2 };

function asyncOf<Piece>(pieces: readonly Piece[]): SampledPieces<Piece> {
  async function* all(): AsyncGenerator<Piece, void, undefined> {
    yield* pieces;
  }
  return withOutcome(all(), () => outcome);
}

/** The measurement of `rnn train --dry-run`. */
export const estimate: RunEstimate = {
  device: 'fake device, 2 threads',
  memoryBytes: 96_000_000,
  milliseconds: 130_000,
  steps: 20_000,
  epochs: 3.25,
  stepMs: 6.2,
  evaluations: 10,
  evaluationMs: 500,
  samples: 5,
  sampleMs: 200,
};

/** A device with this measurement, from now to the end of the test. */
export function useEstimate(given: Partial<RunEstimate> = {}): void {
  vi.mocked(openDevice).mockResolvedValue({ name: 'fake', close: async () => {} } as never);
  vi.mocked(estimateRun).mockResolvedValue({ ...estimate, ...given });
}

export const start: TrainingEvent = {
  event: 'start',
  step: 0,
  model: {
    cell: 'lstm',
    layers: 2,
    hidden: 128,
    embedding: 0,
    vocabulary: 65,
    forgetBias: 1,
    initialisation: 'uniform',
    dropout: 0,
    conventions: {},
  },
  parameters: 240_321,
  device: 'cpu, relaxed SIMD, 2 threads',
  corpus: { level: 'char', characters: 1_115_394, symbols: 65, train: 1_003_854, validation: 111_540, test: 0 },
  options: {},
  totalSteps: 20_000,
  memoryBytes: 96_000_000,
  elapsedMs: 0,
};

export const report = (step: number, elapsedMs: number, progress: number): TrainingEvent => ({
  event: 'report',
  step,
  epoch: step / 400,
  lossNats: 1.5321,
  trainingMs: elapsedMs,
  remainingPausesMs: 0,
  learningRate: 0.002,
  gradientNorm: 0.5,
  charactersPerSecond: 45_210,
  elapsedMs,
  progress,
});

export const evaluation: TrainingEvent = { event: 'evaluation', step: 1000, validationLossNats: 1.6123, best: true };
export const sample: TrainingEvent = { event: 'sample', step: 1000, text: 'To be, or\u001B[2J not to be' };
export const saved: TrainingEvent = { event: 'checkpoint', step: 1000, path: 'checkpoints/hamlet/latest.json' };
export const recovery: TrainingEvent = {
  event: 'recovery',
  step: 1200,
  reason: 'the loss was not a number, and the step was skipped',
};
export const end = (reason: 'max-steps' | 'signal' | 'diverged' | 'max-time' | 'patience'): TrainingEvent => ({
  event: 'end',
  reason,
  step: 2000,
  bestValidationLossNats: 1.6123,
  checkpoint: 'checkpoints/hamlet/latest.json',
  peakLearningRate: 0.0015,
  elapsedMs: 130_000,
});

export const defaultEvents: Script = () => [
  start,
  report(1, 0, 0),
  report(500, 1000, 0.25),
  evaluation,
  sample,
  saved,
  recovery,
  report(2000, 4000, 1),
  end('max-steps'),
];

export const checkpoint = {
  model: {
    cell: 'lstm',
    layers: 2,
    hidden: 3,
    embedding: 0,
    vocabulary: 4,
    forgetBias: 1,
    initialisation: 'uniform',
    dropout: 0,
    conventions: { gates: 'i f g o' },
  },
  vocabulary: { unit: 'char', symbols: ['\n', ' ', 'a', '\u001B'], unknown: null },
  training: {
    options: { cell: 'lstm', learningRate: 0.002 },
    step: 1234,
    epoch: 3.5,
    position: { epoch: 3, window: 10 },
    random: [1, 2, 3, 4],
    history: [
      { event: 'report', lossNats: 1.25 },
      { event: 'evaluation', validationLossNats: 1.5 },
    ],
    bestValidationLossNats: 1.4,
  },
  tensors: [{ name: 'head.b', shape: [1, 4], data: new Float32Array(4) }],
  state: [],
  optimizer: null,
} as unknown as Checkpoint;
