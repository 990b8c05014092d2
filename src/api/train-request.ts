// What `train` and `planTraining` take, every option by its name in one flat object, and how that
// becomes the request that a run is opened with.
import type { TrainedModel } from '../runs/store.ts';
import type { GivenText } from '../corpus/read.ts';
import { usageError } from '../errors.ts';
import { cells as allCells } from '../model/cells/registry.ts';
import { presets as allPresets } from '../options/presets.ts';
import { schedules as allSchedules } from '../training/schedules.ts';
import { type Rule, onOff, rule } from '../options/kind.ts';
import {
  type ReadingOptions,
  exclusive,
  machineNames,
  machineOptions,
  readingNames,
  readingOptions,
} from '../options/run.ts';
import { refuseContradictions } from '../options/together.ts';
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
} from './checks.ts';

/** A name with a line on what it is, for programs that let people choose. */
export interface Choice {
  readonly name: string;
  readonly summary: string;
}

const choices = (all: readonly Choice[]): readonly Choice[] => all.map(({ name, summary }) => ({ name, summary }));

/** What `cell` may be. */
export const cells: readonly Choice[] = choices(allCells);

/** What `preset` may be. */
export const presets: readonly Choice[] = choices(
  Object.entries(allPresets).map(([name, { summary }]) => ({ name, summary })),
);

/** What `schedule` may be. */
export const schedules: readonly Choice[] = choices(allSchedules);

/**
 * Files, folders, patterns or `-`; a text; or a corpus that was read already, which brings with it
 * how it was read.
 */
export type TextToLearn = string | readonly string[] | (Omit<GivenText, 'name'> & Partial<GivenText>) | Corpus;

export interface PlanRequest extends Partial<TrainingOptions>, Partial<ReadingOptions> {
  readonly corpus: TextToLearn;
  /** Whose weights the run begins with: a run folder, a file, or a model. */
  readonly initFrom?: string | TrainedModel;
  /** What `-` in the corpus stands for; the standard input of the process unless given. */
  readonly stdin?: AsyncIterable<Uint8Array | string>;
}

export interface TrainRequest extends PlanRequest, MachineChoice {
  /**
   * The run folder. Left out or null, nothing is written: the run is in memory, as long as somebody
   * holds it.
   */
  readonly out?: string | null;
  /** Resume the run in the folder, with the options that it has; start one if there is none. */
  readonly resume?: boolean;
  /** Replace the run in the folder. */
  readonly force?: boolean;
  /** A resumed run may have another text from here on. */
  readonly acceptNewCorpus?: boolean;
  /**
   * Ends the run after the current step, with everything saved: the last event is `end`, its reason
   * `signal`.
   */
  readonly signal?: AbortSignal;
}

const isRead = (corpus: unknown): corpus is Corpus => corpus instanceof Corpus;
const isGiven = (corpus: unknown): corpus is GivenText =>
  typeof corpus === 'object' && corpus !== null && 'text' in corpus;
const textToLearn = rule(
  'a file, a folder, a pattern, a list of them, { text }, or a Corpus',
  (given) => isRead(given) || isGiven(given) || sourceNames.holds(given),
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
  ...kindsOf({ ...readingOptions, ...machineOptions }),
  validationFile: orNothing(fileName),
  testFile: orNothing(fileName),
  ...trainingMembers,
};

/**
 * @throws RnnError `usage` for a name that is no option's, or options that contradict each other
 */
export function runRequestOf(request: TrainRequest): RunRequest {
  refuseWrong(request, members);
  const { corpus, out = null, initFrom = null, stdin } = request;
  refuseOther('corpus', corpus, textToLearn);
  if (initFrom !== null && typeof initFrom === 'object') refuseUnlessModel('initFrom', initFrom);
  const { resume = false, force = false, acceptNewCorpus = false } = request;
  refuseContradictions(trainOptions, exclusive, { ...request }, (name) => name);
  if (resume && out === null) {
    throw usageError('resume goes on with the run in a folder, and out names none', 'give out');
  }
  const reading = pick(request, readingNames);
  const machine = pick(request, machineNames);
  const options = pick(
    request,
    trainingNames.filter((name) => request[name] !== null),
  );
  if (isRead(corpus) && Object.keys(reading).length > 0) {
    throw usageError(
      `${Object.keys(reading).join(', ')}: the corpus was read already`,
      'give it to Corpus.read or Corpus.fromText',
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

/** @throws RnnError `usage` for a text with other members than a name */
function textOf(corpus: TextToLearn): RunRequest['text'] {
  if (isRead(corpus)) return { corpus, reading: corpus.reading };
  if (!isGiven(corpus)) return [corpus as string | readonly string[]].flat();
  refuseWrong(corpus, { text: textOrBytes, name: textName });
  return [{ ...corpus, name: corpus.name ?? 'text' }];
}
