// What there is to tell of a run in one line, and which of several runs is the best. Knows nothing
// of how it is shown.
import { basename } from 'node:path';
import { type Header, type RunFiles, lookInto, runFoldersIn } from '../runs/store.ts';
import { parameterShapes } from '../model/parameters.ts';
import { countParameters } from '../program/value.ts';
import { Vocabulary } from '../corpus/read.ts';
import { RnnError } from '../errors.ts';
import { pick } from '../options/option.ts';
import { namesWith } from '../options/train.ts';
import { lengths } from '../options/choices.ts';
import { type TrainingOption, type TrainingOptions } from '../options/training.ts';
import { type LoopState, recordedCorpus, recordedCorpusOrNull, recordedLoopOrNull, recordedOptions } from './record.ts';
import { resolveOptions } from './resolve.ts';

/**
 * `stopped` runs can go on by --resume; `newer` ones are of a newer rnn; of `damaged` ones not
 * everything can be read; of `empty` ones nothing was saved.
 */
export type RunStatus = 'running' | 'finished' | 'stopped' | 'newer' | 'damaged' | 'empty';

export interface RunSummary {
  readonly name: string;
  readonly path: string;
  readonly status: RunStatus;
  /**
   * Why a run ended, as in an `end` event; of a newer or damaged one, why it cannot be read; null
   * where that is not known.
   */
  readonly reason: string | null;
  /** Null where nothing was validated. */
  readonly bestValidationLossNats: number | null;
  /** The step of the best loss. */
  readonly bestStep: number | null;
  readonly step: number | null;
  /** Of the whole run; null where only time ends it, or nothing is saved yet. */
  readonly totalSteps: number | null;
  readonly parameters: number | null;
  readonly cell: string | null;
  readonly layers: number | null;
  readonly hidden: number | null;
  /** Spent in training steps. */
  readonly trainedMs: number | null;
  readonly text: TextOfRun | null;
  /**
   * The options that are neither the sizes of the network, nor the length of the run, nor the
   * defaults that go with these.
   */
  readonly changes: Partial<TrainingOptions>;
}

/**
 * The text of a run. Losses on different texts, or on different parts of one, cannot be compared.
 */
export interface TextOfRun {
  /** Null in checkpoints of earlier versions. */
  readonly name: string | null;
  /** SHA-256, in hex. */
  readonly digest: string;
  /** Characters to train on, and to validate on. */
  readonly train: number;
  readonly validation: number;
}

/**
 * The runs in a folder, those of one text together, the lowest validation loss first, then those
 * without one by name; at the end newer, damaged and empty ones. A folder that cannot be read may
 * be a run, and is a damaged one.
 *
 * @throws RnnError `checkpoint` if there is no such folder
 */
export async function listRuns(folder: string): Promise<RunSummary[]> {
  const { runs, unreadable } = await runFoldersIn(folder);
  const summaries = unreadable.map(({ path, reason }): RunSummary => ({
    ...summaryOfNothing(path),
    status: 'damaged',
    reason,
  }));
  // One after another: each has a megabyte in memory while it is read.
  for (const path of runs) summaries.push(await summaryOf(path));
  return ranked(summaries);
}

/** Whether two runs had the same text, in the same parts. */
export const haveOneText = ({ text: a }: RunSummary, { text: b }: RunSummary): boolean =>
  a === b ||
  (a !== null && b !== null && a.digest === b.digest && a.train === b.train && a.validation === b.validation);

export function ranked(runs: readonly RunSummary[]): RunSummary[] {
  const isLast = ({ status }: RunSummary): number => ['newer', 'damaged', 'empty'].indexOf(status);
  const loss = ({ bestValidationLossNats }: RunSummary): number => bestValidationLossNats ?? Number.MAX_VALUE;
  return runs.toSorted(
    (a, b) =>
      isLast(a) - isLast(b) ||
      (isLast(a) < 0 ? byText(a, b) : 0) ||
      loss(a) - loss(b) ||
      a.path.localeCompare(b.path, 'en', { numeric: true }),
  );
}

/** By the name of the text, those without a text last. */
function byText(a: RunSummary, b: RunSummary): number {
  if (haveOneText(a, b)) return 0;
  if (a.text === null || b.text === null) return a.text === null ? 1 : -1;
  const wordsOf = ({ name, digest, train }: TextOfRun): string => `${name ?? ''}\n${digest}\n${train}`;
  return wordsOf(a.text).localeCompare(wordsOf(b.text), 'en', { numeric: true });
}

/** The run in a folder; if nothing is saved, as much as its log says. */
export async function summaryOf(path: string): Promise<RunSummary> {
  const files = await lookInto(path);
  const { newest: header, best, isRunning, log } = files;
  const loop = header === null ? null : recordedLoopOrNull(header.training);
  const now = isRunning ? log.findLast(({ step }) => typeof step === 'number')?.step : undefined;
  return {
    ...summaryOfNothing(path),
    ...standingOf(files, loop),
    bestValidationLossNats: (best ?? header)?.training.bestValidationLossNats ?? null,
    bestStep: best?.training.step ?? null,
    step: (now as number | undefined) ?? header?.training.step ?? null,
    totalSteps: loop?.totalSteps ?? null,
    ...(header !== null && {
      parameters: countParameters(parameterShapes(header.model)),
      cell: header.model.cell,
      layers: header.model.layers,
      hidden: header.model.hidden,
      ...backgroundOf(header),
      changes: changedOptions(header),
    }),
  };
}

/** Of a folder of which no more is known. */
const summaryOfNothing = (path: string): RunSummary => ({
  name: basename(path),
  path,
  status: 'empty',
  reason: null,
  bestValidationLossNats: null,
  bestStep: null,
  step: null,
  totalSteps: null,
  parameters: null,
  cell: null,
  layers: null,
  hidden: null,
  trainedMs: null,
  text: null,
  changes: {},
});

export type RunBackground = Pick<RunSummary, 'text' | 'trainedMs'>;

/** The text and the time of a run, from its checkpoint; null where another program wrote it. */
export function backgroundOf({ training }: Header): RunBackground {
  const corpus = recordedCorpusOrNull(training);
  return {
    text: corpus && { name: corpus.name, digest: corpus.digest, train: corpus.train, validation: corpus.validation },
    trainedMs: recordedLoopOrNull(training)?.trainingMs ?? null,
  };
}

function standingOf(
  { trouble, isForeign, newest, isRunning, log }: RunFiles,
  loop: LoopState | null,
): Pick<RunSummary, 'status' | 'reason'> {
  if (trouble !== null) return { status: isForeign ? 'newer' : 'damaged', reason: trouble };
  if (isRunning) return { status: 'running', reason: null };
  if (newest !== null && loop?.finished != null) return { status: 'finished', reason: loop.finished };
  const last = log.at(-1);
  return {
    status: newest === null ? 'empty' : 'stopped',
    reason: last?.event === 'end' && typeof last.reason === 'string' ? last.reason : null,
  };
}

/** Every summary of a run has them, whether they are defaults or not. */
const alwaysShown: readonly TrainingOption[] = ['cell', 'layers', 'hidden', ...lengths];
/**
 * The options of a run that are neither its sizes nor the defaults that go with them; empty for a
 * run of another program.
 */
function changedOptions({ training, vocabulary }: Header): Partial<TrainingOptions> {
  try {
    const options = recordedOptions(training);
    const { train, validation } = recordedCorpus(training);
    const asked = Object.fromEntries(
      [...alwaysShown, 'preset' as const].map((name) => [name, options[name] ?? undefined]),
    );
    const text = {
      train: { length: train },
      validation: { length: validation },
      vocabulary: new Vocabulary(vocabulary),
    };
    const { options: defaults } = resolveOptions(asked, text);
    // The resets of the state follow from the text itself.
    const unchanging = [...alwaysShown, 'stateReset'];
    const changed = namesWith(({ isForWatching }) => !isForWatching).filter(
      (name) => !unchanging.includes(name) && options[name] !== (name === 'preset' ? null : defaults[name]),
    );
    return pick(options, changed);
  } catch (error) {
    if (error instanceof RnnError) return {};
    throw error;
  }
}
