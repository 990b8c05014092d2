// Measures how well a model predicts a text.
import type { Tokens } from '../corpus/read.ts';
import { evaluationWindows } from '../corpus/evaluation-windows.ts';
import { recordWindows } from '../corpus/record-batches.ts';
import { type RecordLayout, SortedRecords, chooseLengths } from '../corpus/records.ts';
import type { Device, Job } from '../devices/device.ts';
import { networkProgram, trainingProgram } from '../model/network.ts';
import { parameterShapes } from '../model/parameters.ts';
import { noRegularisation } from '../model/regularisation.ts';
import { parameterVector } from '../runs/store.ts';
import { type DynamicOptions, TRAINED, dynamicRule } from './dynamic.ts';
import { type BareModel, type RowVisitor, evaluateTokens, evaluateWindows } from './evaluate.ts';
import { refuseIfTooLarge } from './memory.ts';
import { type SurprisalRecord, isLikeliest } from './surprisal.ts';
import { flagOf } from '../options/flags.ts';

const evaluationJob = (steps: number): string => `evaluate ${steps}`;

/** The text to evaluate, and how. */
export interface TextToScore {
  readonly tokens: Tokens;
  /**
   * Contiguous chunks that are read in parallel, each from a zero state. 1 gives the strict loss.
   */
  readonly streams: number;
  /** Time steps of a call, and between two updates of dynamic evaluation. */
  readonly sequenceLength: number;
  /** Null for static evaluation. */
  readonly dynamic: DynamicOptions | null;
  /** A token to read before the text, or null. */
  readonly startSymbol: number | null;
  /** How `tokens` are divided into records, each of which is scored alone. Null for one text. */
  readonly records?: RecordLayout | null;
}

/** The measures of a model on a text. */
export interface Score {
  /** The number of scored characters: all except the first. */
  readonly characters: number;
  /** Loss in nats per character. */
  readonly nats: number;
  /** Top-1 accuracy: the fraction of characters to which the model gave the highest probability. */
  readonly accuracy: number;
  /** Loss of dynamic evaluation in nats per character, or null without it. */
  readonly dynamicNats: number | null;
  /** One line about the device. */
  readonly device: string;
}

interface ScoringActivity {
  readonly kind: 'compiling' | 'scoring';
  readonly done: number;
  readonly total: number;
}

/**
 * Evaluates a model on a text. Each chunk carries its state.
 *
 * @param record receives the surprisal of each character except the first, as far as it has room
 * @param onActivity receives the progress
 * @throws RnnError `usage` if the model does not fit in memory, `diverged` if dynamic evaluation
 * diverges
 */
export async function score(
  trained: BareModel,
  text: TextToScore,
  device: Device,
  record: SurprisalRecord | null = null,
  onActivity: (activity: ScoringActivity) => void = () => {},
): Promise<Score> {
  const { model } = trained;
  const { tokens, streams: N, sequenceLength: T, dynamic } = text;
  const stored = text.records == null ? null : { ...text.records, tokens };
  const lengths = stored === null ? [T] : chooseLengths(stored, T);
  const jobs = lengths.toReversed().map((steps): Job => ({
    name: evaluationJob(steps),
    steps,
    batch: N,
    sharesStateWith: evaluationJob(lengths.at(-1)!),
    build: (rows) => networkProgram(model, { steps, rows }, { loss: true, outputs: 'logits' }),
  }));
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
    lengths,
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
    const visit: RowVisitor = ({ logits }, row, at) => {
      const [start, symbol] = [row * model.vocabulary, tokens[at + 1]];
      if (isLikeliest(logits, start, model.vocabulary, symbol)) hits++;
      if (record !== null && at < record.characters) record.put(at, logits, start, symbol);
    };
    const onProgress = (done: number, total: number): void => onActivity({ kind: 'scoring', done, total });
    const { records: _, ...split } = text;
    const windows =
      stored === null ? evaluationWindows(tokens, split) : recordWindows(stored, { batchSize: N, lengths });
    const characters = stored === null ? tokens.length - 1 : new SortedRecords(stored, lengths).scored;
    const scoring = { windows, total: characters, jobOf: evaluationJob, visit, onProgress };
    const nats = await evaluateWindows(executable, scoring);
    if (dynamic !== null) await executable.write({ kind: 'slot', name: TRAINED }, parameters);
    const dynamicNats =
      dynamic === null
        ? null
        : await evaluateTokens(executable, 'adapt', tokens, { ...text, learns: true, onProgress });
    return { characters, nats: nats!, accuracy: hits / characters, dynamicNats, device: executable.description };
  } finally {
    await executable.close();
  }
}
