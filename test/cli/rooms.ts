// Stand-ins for the rest of the program, that remember how they were called.
import { type Rooms, rooms as realRooms } from '../../src/cli/rooms.ts';
import type { RunEstimate } from '../../src/training/estimate.ts';
import type { TrainingEvent } from '../../src/training/events.ts';
import type { Checkpoint } from '../../src/runs/checkpoint.ts';

export interface Calls {
  corpus?: Record<string, unknown>;
  given?: Record<string, unknown>;
  device?: unknown[];
  folder?: unknown[];
  read?: unknown[];
  signal?: AbortSignal;
  sampled: Record<string, unknown>[];
  samplers: { opened: number; closed: number; use?: unknown };
  openedDevices: number;
  closedDevices: number;
}

type Script = (signal: AbortSignal) => AsyncIterable<TrainingEvent> | Iterable<TrainingEvent>;

export function fakeRooms({
  events = defaultEvents,
  pieces = ['be', ' or ', 'not'],
  failWith,
}: { events?: Script; pieces?: readonly string[]; failWith?: unknown } = {}): {
  rooms: Partial<Rooms>;
  calls: Calls;
} {
  const calls: Calls = { sampled: [], samplers: { opened: 0, closed: 0 }, openedDevices: 0, closedDevices: 0 };
  const rooms = {
    corpus: async () => ({
      readCorpus: async (options: Record<string, unknown>) => {
        calls.corpus = options;
        if (failWith !== undefined) throw failWith;
        return {
          name: 'hamlet',
          characters: 1000,
          notes: ['2 hidden or binary files were passed over'],
          train: { length: 900 },
          validation: { length: 100 },
          test: { length: 0 },
          vocabulary: { size: 65 },
        };
      },
      corpusName: () => 'hamlet',
      listWarning: () => null,
      findFiles: async () => ({ files: [], hidden: 0 }),
      Vocabulary: Object,
    }),
    resolving: async () => ({
      resolveOptions: (given: Record<string, unknown>) => {
        calls.given = given;
        return { options: given, notes: ['sizes chosen for 1,000 characters: 1 × 32 LSTM'], idle: [], sources: {} };
      },
    }),
    possible: async () => ({ refuseImpossible: () => [], refuseHopelessSizes: () => {} }),
    transfer: async () => ({ withSizesOf: (_: unknown, given: unknown) => given }),
    work: async () => ({ workOf: (...given: unknown[]) => given }),
    devices: async () => ({
      openDevice: async (...given: unknown[]) => {
        calls.device = given;
        calls.openedDevices++;
        return {
          name: 'fake',
          description: 'fake device',
          ...(given[0] === 'auto' ? { reason: 'fake: there is no other' } : {}),
          close: async () => void calls.closedDevices++,
        };
      },
    }),
    checkpoints: async () => ({
      RunFolder: {
        refuseIfTaken: async () => {},
        refuseSources: async () => {},
        open: async () => null,
        create: async (...given: unknown[]) => {
          calls.folder = given;
          return { path: given[0], close: () => {} };
        },
      },
      runsIn: async () => [],
      findCheckpoint: async (given: string | undefined) => given ?? 'checkpoints/newest/best.json',
      readCheckpoint: async (...given: unknown[]) => {
        calls.read = given;
        return checkpoint;
      },
    }),
    opening: realRooms.opening,
    training: async () => ({
      prepareTraining: async () => ({
        notes: [],
        async *train(_folder: unknown, signal: AbortSignal) {
          calls.signal = signal;
          yield* events(signal);
        },
        close: async () => {},
      }),
    }),
    reading: realRooms.reading,
    sampling: async () => ({
      openSampler: async (...given: unknown[]) => {
        calls.samplers.opened++;
        calls.samplers.use = given[2];
        const texts = function* <Piece>({ seeds, ...request }: FakeRequest, all: readonly Piece[]): Generator<AsyncGenerator<Piece>> {
          for (const seed of seeds) {
            calls.sampled.push({ ...request, seed });
            yield asyncOf(all);
          }
        };
        return {
          texts: (request: FakeRequest) => texts(request, pieces),
          bytes: (request: FakeRequest) =>
            texts(
              request,
              pieces.map((piece) => Buffer.from(piece)),
            ),
          close: async () => void calls.samplers.closed++,
        };
      },
    }),
  };
  return { rooms: rooms as unknown as Partial<Rooms>, calls };
}

/** What `rnn train --dry-run` would have measured. */
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

/** The rest of the program as it is, but for a device that is measured. */
export const unmeasuredRooms: Partial<Rooms> = {
  ...realRooms,
  devices: async () => ({ openDevice: async () => ({ name: 'fake', close: async () => {} }) }) as never,
  estimating: async () => ({ estimateRun: async () => estimate }),
};

type FakeRequest = Record<string, unknown> & { seeds: Iterable<number> };

async function* asyncOf<Piece>(pieces: readonly Piece[]): AsyncGenerator<Piece> {
  yield* pieces;
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
  corpus: { characters: 1_115_394, symbols: 65, train: 1_003_854, validation: 111_540, test: 0 },
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
export const recovery: TrainingEvent = { event: 'recovery', step: 1200, reason: 'the loss was not a number; the step was left out' };
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
