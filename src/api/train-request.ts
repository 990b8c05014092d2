// The requests of `train` and `planTraining`, which have all options by name in one flat object,
// and their conversion to the request that opens a run.
import type { TrainedModel } from '../runs/store.ts';
import type { GivenText } from '../corpus/read.ts';
import { usageError } from '../errors.ts';
import { allCells } from '../model/cells/registry.ts';
import { presets as allPresets } from '../options/presets.ts';
import { allSchedules } from '../training/schedules.ts';
import { type Rule, onOff, rule } from '../options/kind.ts';
import {
  type ReadingOptions,
  exclusive,
  machineNames,
  machineOptions,
  readingNames,
  readingOptions,
} from '../options/run.ts';
import { refuseContradictions } from '../options/contradictions.ts';
import { trainOptions } from '../options/train.ts';
import { type TrainingOptions, trainingNames } from '../options/training.ts';
import { Corpus, textName } from './corpus.ts';
import type { MachineChoice } from './model-results.ts';
import { pick, kindsOf } from '../options/option.ts';
import type { RunRequest } from './run-request.ts';
import {
  abortSignal,
  fileName,
  folderName,
  modelOrName,
  refuseOther,
  refuseUnlessModel,
  refuseWrong,
  sourceNames,
  stream,
  textOrBytes,
  trainingMembers,
  withUnit,
} from './checks.ts';

/** A name and a one-line description, for programs that show choices to people. */
export interface NamedChoice {
  readonly name: string;
  readonly summary: string;
}

const choices = (all: readonly NamedChoice[]): readonly NamedChoice[] =>
  all.map(({ name, summary }) => ({ name, summary }));

/** The values of `cell`. */
export const cells: readonly NamedChoice[] = choices(allCells);

/** The values of `preset`. */
export const presets: readonly NamedChoice[] = choices(
  Object.entries(allPresets).map(([name, { summary }]) => ({ name, summary })),
);

/** The values of `schedule`. */
export const schedules: readonly NamedChoice[] = choices(allSchedules);

/**
 * Files, folders, patterns or `-`, a text, or a corpus that was read already. A corpus brings its
 * reading options with it.
 */
export type TrainingText = string | readonly string[] | (Omit<GivenText, 'name'> & Partial<GivenText>) | Corpus;

/** The request of `planTraining`: a text, and any options of its reading and training. */
export interface PlanRequest extends Partial<TrainingOptions>, Partial<ReadingOptions> {
  readonly corpus: TrainingText;
  /** `char` (the default), or `byte` for files that are not UTF-8. Checkpoints and vocabularies call it `unit`. */
  readonly level?: ReadingOptions['unit'];
  /** Start from the weights of this run folder, file or model. */
  readonly initFrom?: string | TrainedModel;
  /** The input that `-` in the corpus stands for. Default: the standard input of the process. */
  readonly stdin?: AsyncIterable<Uint8Array | string>;
}

/** The request of `train`. */
export interface TrainRequest extends PlanRequest, MachineChoice {
  /**
   * The run folder. If it is omitted or null, nothing is written and the run stays in memory as
   * long as the `Training` is referenced.
   */
  readonly out?: string | null;
  /**
   * Resume the run in the folder with its recorded options, or start a new run if the folder has no
   * run.
   */
  readonly resume?: boolean;
  /** Replace the run in the folder. */
  readonly force?: boolean;
  /** Accept another text for the resumed run. */
  readonly acceptNewCorpus?: boolean;
  /**
   * Aborting this signal ends the run after the current update step and saves it. The last event is
   * then `end` with the reason `signal`.
   */
  readonly signal?: AbortSignal;
}

const isCorpus = (corpus: unknown): corpus is Corpus => corpus instanceof Corpus;
const isTextObject = (corpus: unknown): corpus is GivenText =>
  typeof corpus === 'object' && corpus !== null && 'text' in corpus;
const textToLearn = rule(
  'a file, a folder, a pattern, a list of them, { text }, or a Corpus',
  (given) => isCorpus(given) || isTextObject(given) || sourceNames.holds(given),
);
const orNothing = ({ holds, expected: words }: Rule): Rule => rule(words(), (given) => given === null || holds(given));
const members = {
  corpus: textToLearn,
  out: orNothing(folderName),
  initFrom: orNothing(modelOrName),
  resume: onOff,
  force: onOff,
  acceptNewCorpus: onOff,
  signal: abortSignal,
  stdin: stream,
  level: readingOptions.unit.kind,
  ...kindsOf({ ...readingOptions, ...machineOptions }),
  validationFile: orNothing(fileName),
  testFile: orNothing(fileName),
  ...trainingMembers,
};

/** @throws RnnError `usage` for an unknown option, or options that contradict each other */
export function runRequestOf(given: TrainRequest): RunRequest {
  refuseWrong(given, members);
  const request: TrainRequest = withUnit(given);
  const { corpus, out = null, initFrom = null, stdin } = request;
  refuseOther('corpus', corpus, textToLearn);
  if (initFrom !== null && typeof initFrom === 'object') refuseUnlessModel('initFrom', initFrom);
  const { resume = false, force = false, acceptNewCorpus = false } = request;
  refuseContradictions(trainOptions, exclusive, { ...request }, (name) => name);
  if (resume && out === null) {
    throw usageError('cannot resume a run: out is missing', 'add out, the name of a run folder');
  }
  const reading = pick(request, readingNames);
  const machine = pick(request, machineNames);
  const options = pick(
    request,
    trainingNames.filter((name) => request[name] !== null),
  );
  const ofText = Object.keys(pick(given, ['level', ...readingNames]));
  if (isCorpus(corpus) && ofText.length > 0) {
    throw usageError(
      `cannot use ${ofText.join(', ')} with this corpus: it was read already`,
      'pass these options to Corpus.read or Corpus.fromText',
    );
  }
  return {
    text: textOf(corpus),
    folder: out,
    resume,
    force,
    acceptNewCorpus,
    initFrom,
    options,
    reading,
    machine,
    stdin,
  };
}

/** @throws RnnError `usage` for a text with members other than `text` and `name` */
function textOf(corpus: TrainingText): RunRequest['text'] {
  if (isCorpus(corpus)) return { corpus, reading: corpus.reading };
  if (!isTextObject(corpus)) return [corpus as string | readonly string[]].flat();
  refuseWrong(corpus, { text: textOrBytes, name: textName });
  return [{ ...corpus, name: corpus.name ?? 'text' }];
}
