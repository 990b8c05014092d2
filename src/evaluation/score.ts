// How well a model predicts a text. Knows nothing of runs, and not how the result is shown.
import type { Tokens } from '../corpus/read.ts';
import type { Device, Job } from '../devices/device.ts';
import { networkProgram, trainingProgram } from '../model/network.ts';
import { parameterShapes } from '../model/parameters.ts';
import { noRegularisation } from '../model/regularisation.ts';
import { parameterVector } from '../runs/store.ts';
import { type DynamicOptions, TRAINED, dynamicRule } from './dynamic.ts';
import { type BareModel, type Visit, evaluate } from './evaluate.ts';
import { refuseIfTooLarge } from './memory.ts';
import { type SurpriseRecord, isLikeliest } from './surprise.ts';
import { flagOf } from '../options/flags.ts';

/** What is scored, and how. */
export interface TextToScore {
  readonly tokens: Tokens;
  /**
   * Contiguous chunks that are read side by side, each from a zero state; 1 is the strict figure.
   */
  readonly streams: number;
  /** Steps of a call, and between two updates of dynamic evaluation. */
  readonly sequenceLength: number;
  /** Null for weights that stay as they are. */
  readonly dynamic: DynamicOptions | null;
  /** A symbol that is read before the text; null for none. */
  readonly startSymbol: number | null;
}

export interface Score {
  /** Characters that were scored: all but the first. */
  readonly characters: number;
  /** Per character. */
  readonly nats: number;
  /** Top-1 accuracy: the share of characters to which the model gave the highest probability. */
  readonly accuracy: number;
  /** Nats per character by dynamic evaluation; null without it. */
  readonly dynamicNats: number | null;
  /** The device that it ran on, in one line. */
  readonly device: string;
}

interface ScoringActivity {
  readonly kind: 'compiling' | 'scoring';
  readonly done: number;
  readonly total: number;
}

/**
 * The loss of a model on a text, its state carried along each stream.
 *
 * @param record receives the surprisal of each character but the first, as far as it has room
 * @param onActivity receives the progress
 * @throws RnnError `usage` if the model does not fit into memory, `diverged` if dynamic evaluation
 * diverges
 */
export async function score(
  trained: BareModel,
  text: TextToScore,
  device: Device,
  record: SurpriseRecord | null = null,
  onActivity: (activity: ScoringActivity) => void = () => {},
): Promise<Score> {
  const { model } = trained;
  const { tokens, streams: N, sequenceLength: T, dynamic } = text;
  const jobs: Job[] = [
    {
      name: 'evaluate',
      steps: T,
      batch: N,
      build: (rows) => networkProgram(model, { steps: T, rows }, { loss: true, outputs: 'logits' }),
    },
  ];
  if (dynamic !== null)
    jobs.push({
      name: 'adapt',
      steps: T,
      batch: N,
      build: (rows) => trainingProgram(model, { steps: T, rows }, 1 / (N * T), noRegularisation),
    });
  const workload = { parameters: parameterShapes(model), jobs, update: dynamic === null ? null : dynamicRule(dynamic) };
  onActivity({ kind: 'compiling', done: 0, total: 1 });
  const demand = {
    model,
    batchSize: N,
    sequenceLength: T,
    lengths: [T],
    workload,
    textBytes: tokens.byteLength,
    otherBytes: 0,
  };
  await refuseIfTooLarge(demand, device, `${flagOf('streams')} or ${flagOf('sequenceLength')}`);
  const executable = await device.compile(workload);
  try {
    const parameters = parameterVector(trained);
    await executable.write({ kind: 'parameters' }, parameters);
    let hits = 0;
    const visit: Visit = ({ logits }, row, at) => {
      const [start, symbol] = [row * model.vocabulary, tokens[at + 1]];
      if (isLikeliest(logits, start, model.vocabulary, symbol)) hits++;
      if (record !== null && at < record.characters) record.put(at, logits, start, symbol);
    };
    const onProgress = (done: number, total: number): void => onActivity({ kind: 'scoring', done, total });
    const nats = await evaluate(executable, 'evaluate', tokens, { ...text, visit, onProgress });
    if (dynamic !== null) await executable.write({ kind: 'slot', name: TRAINED }, parameters);
    const dynamicNats =
      dynamic === null ? null : await evaluate(executable, 'adapt', tokens, { ...text, learns: true, onProgress });
    const characters = tokens.length - 1;
    return { characters, nats: nats!, accuracy: hits / characters, dynamicNats, device: executable.description };
  } finally {
    await executable.close();
  }
}
