// Summarises runs, one line each, and ranks them. Independent of how they are shown.
import { basename } from 'node:path';
import { type Header, type RunFiles, lookInto, runFoldersIn } from '../runs/store.ts';
import { parameterShapes } from '../model/parameters.ts';
import { countParameters } from '../program/value.ts';
import { Vocabulary } from '../corpus/read.ts';
import { RnnError } from '../errors.ts';
import { pick } from '../options/option.ts';
import { namesWith } from '../options/train.ts';
import { lengthOptionNames } from '../options/choices.ts';
import { type TrainingOption, type TrainingOptions } from '../options/training.ts';
import { type LoopState, recordedCorpus, recordedCorpusOrNull, recordedLoopOrNull, recordedOptions } from './record.ts';
import { resolveOptions } from './resolve.ts';

/**
 * `stopped`: the run can be continued by --resume. `newer`: a newer rnn wrote it. `damaged`: a part
 * of it cannot be read. `empty`: nothing was saved.
 */
export type RunStatus = 'running' | 'finished' | 'stopped' | 'newer' | 'damaged' | 'empty';

/** One run of a list, for a table or a comparison. */
export interface RunSummary {
  readonly name: string;
  readonly path: string;
  readonly status: RunStatus;
  /**
   * Why the run ended, as in an `end` event. For a newer or damaged run, why it cannot be read.
   * Null if unknown.
   */
  readonly reason: string | null;
  /** Null if nothing was validated. */
  readonly bestValidationLossNats: number | null;
  /** The step of the best loss. */
  readonly bestStep: number | null;
  readonly step: number | null;
  /** Of the whole run. Null if only time ends it, or nothing is saved yet. */
  readonly totalSteps: number | null;
  readonly parameters: number | null;
  readonly cell: string | null;
  readonly layers: number | null;
  readonly hidden: number | null;
  /** Milliseconds spent in training steps. */
  readonly trainedMs: number | null;
  readonly text: TextOfRun | null;
  /**
   * The options that differ from the defaults for the sizes of the network. Without these sizes and
   * the length of the run.
   */
  readonly changes: Partial<TrainingOptions>;
}

/**
 * The text of a run. Losses on different texts, or on different parts of a text, cannot be
 * compared.
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
 * The runs in a folder. Runs of the same text are together, the lowest validation loss first, then
 * runs without a loss by name. Newer, damaged and empty runs come last. A folder that cannot be
 * read may be a run, and is listed as damaged.
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
  // One after another, because each takes a megabyte of memory while it is read.
  for (const path of runs) summaries.push(await runSummaryOf(path));
  return rankRuns(summaries);
}

/** Whether two runs had the same text, divided into the same parts. */
export const haveOneText = ({ text: a }: RunSummary, { text: b }: RunSummary): boolean =>
  a === b ||
  (a !== null && b !== null && a.digest === b.digest && a.train === b.train && a.validation === b.validation);

/** The runs in the order of `listRuns`. */
export function rankRuns(runs: readonly RunSummary[]): RunSummary[] {
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

/** By the name of the text, runs without a text last. */
function byText(a: RunSummary, b: RunSummary): number {
  if (haveOneText(a, b)) return 0;
  if (a.text === null || b.text === null) return a.text === null ? 1 : -1;
  const wordsOf = ({ name, digest, train }: TextOfRun): string => `${name ?? ''}\n${digest}\n${train}`;
  return wordsOf(a.text).localeCompare(wordsOf(b.text), 'en', { numeric: true });
}

/** The run in a folder. If nothing is saved, the summary is taken from its log. */
export async function runSummaryOf(path: string): Promise<RunSummary> {
  const files = await lookInto(path);
  const { newest: header, best, isRunning, log } = files;
  const loop = header === null ? null : recordedLoopOrNull(header.training);
  const currentStep = isRunning ? log.findLast(({ step }) => typeof step === 'number')?.step : undefined;
  return {
    ...summaryOfNothing(path),
    ...standingOf(files, loop),
    bestValidationLossNats: (best ?? header)?.training.bestValidationLossNats ?? null,
    bestStep: best?.training.step ?? null,
    step: (currentStep as number | undefined) ?? header?.training.step ?? null,
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

/** For a folder about which nothing else is known. */
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

/** The text and the training time of a run. */
export type RunBackground = Pick<RunSummary, 'text' | 'trainedMs'>;

/** The text and the time of a run, from its checkpoint. Null if another program wrote it. */
export function backgroundOf({ training }: Header): RunBackground {
  const corpus = recordedCorpusOrNull(training);
  return {
    text: corpus && { name: corpus.name, digest: corpus.digest, train: corpus.train, validation: corpus.validation },
    trainedMs: recordedLoopOrNull(training)?.trainingMs ?? null,
  };
}

function standingOf(
  { problem, isForeign, newest, isRunning, log }: RunFiles,
  loop: LoopState | null,
): Pick<RunSummary, 'status' | 'reason'> {
  if (problem !== null) return { status: isForeign ? 'newer' : 'damaged', reason: problem };
  if (isRunning) return { status: 'running', reason: null };
  if (newest !== null && loop?.finished != null) return { status: 'finished', reason: loop.finished };
  const last = log.at(-1);
  return {
    status: newest === null ? 'empty' : 'stopped',
    reason: last?.event === 'end' && typeof last.reason === 'string' ? last.reason : null,
  };
}

/** Every summary shows them, whether they are defaults or not. */
const alwaysShown: readonly TrainingOption[] = ['cell', 'layers', 'hidden', ...lengthOptionNames];
/**
 * The options that differ from the defaults for the sizes of the run. Empty for a run of another
 * program.
 */
function changedOptions({ training, vocabulary }: Header): Partial<TrainingOptions> {
  try {
    const options = recordedOptions(training);
    const { train, validation } = recordedCorpus(training);
    const shownOptions = Object.fromEntries(
      [...alwaysShown, 'preset' as const].map((name) => [name, options[name] ?? undefined]),
    );
    const text = {
      train: { length: train },
      validation: { length: validation },
      vocabulary: new Vocabulary(vocabulary),
    };
    const { options: defaults } = resolveOptions(shownOptions, text);
    // The resets of the state follow from the text itself.
    const unchanging = [...alwaysShown, 'stateReset'];
    const changed = namesWith(({ affectsOnlyMonitoring }) => !affectsOnlyMonitoring).filter(
      (name) => !unchanging.includes(name) && options[name] !== (name === 'preset' ? null : defaults[name]),
    );
    return pick(options, changed);
  } catch (error) {
    if (error instanceof RnnError) return {};
    throw error;
  }
}
