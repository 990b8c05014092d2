// What `train` and `planTraining` take, every option by its name in one flat object, and how that
// becomes the request that a run is opened with.
import type { TrainedModel } from '../runs/store.ts';
import type { GivenText } from '../corpus/read.ts';
import { RnnError } from '../errors.ts';
import { cells as allCells } from '../model/cells/registry.ts';
import { presets as allPresets } from '../options/presets.ts';
import { schedules as allSchedules } from '../training/schedules.ts';
import { type ReadingOptions, machineNames, readingNames } from '../options/run.ts';
import { type TrainingOptions, trainingNames } from '../options/training.ts';
import { Corpus } from './corpus.ts';
import { areSources, isModelOrName, isText } from './checks.ts';
import type { MachineChoice } from './model-results.ts';
import { type RunRequest, given } from './run-request.ts';
import {
  refuseUnknown,
  refuseUnless,
  refuseUnlessModel,
  refuseUnlessName,
  refuseUnlessSignal,
  refuseUnlessStream,
  refuseUnlessSwitches,
  refuseWrong,
  refuseWrongOptions,
} from './checks.ts';

/** A name with a line on what it is, for programs that let people choose. */
export interface Choice {
  readonly name: string;
  readonly summary: string;
}

export const choices = (all: readonly Choice[]): readonly Choice[] =>
  all.map(({ name, summary }) => ({ name, summary }));

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

const ownNames = [
  'corpus',
  'out',
  'resume',
  'force',
  'acceptNewCorpus',
  'initFrom',
  'signal',
  'stdin',
] as const satisfies readonly (keyof TrainRequest)[];

/**
 * @throws RnnError `usage` for a name that is no option's, or options that contradict each other
 */
export function runRequestOf(request: TrainRequest): RunRequest {
  refuseUnknown(request, [...ownNames, ...readingNames, ...machineNames, ...trainingNames]);
  const { corpus, out = null, initFrom = null, stdin, signal } = request;
  if (out !== null) refuseUnlessName('out', out, 'the name of a folder');
  refuseUnlessSignal(signal);
  refuseUnlessStream(stdin);
  const modelExpected = 'a run folder, a file or a model';
  refuseUnless(initFrom === null || isModelOrName(initFrom), 'initFrom', initFrom, modelExpected);
  if (initFrom !== null && typeof initFrom === 'object') refuseUnlessModel('initFrom', initFrom, modelExpected);
  const { resume = false, force = false, acceptNewCorpus = false } = request;
  refuseUnlessSwitches({ resume, force, acceptNewCorpus });
  if (resume && force) {
    const hint = 'resume goes on with the run that is there, force removes it';
    throw new RnnError('usage', 'resume and force exclude each other', { hint });
  }
  if (resume && out === null) {
    throw new RnnError('usage', 'resume goes on with the run in a folder, and out names none', { hint: 'give out' });
  }
  const reading = given(request, readingNames);
  const machine = given(request, machineNames);
  const options = given(request, trainingNames);
  refuseWrong({ ...reading, ...machine });
  for (const name of ['validationFile', 'testFile'] as const)
    if (reading[name] != null) refuseUnlessName(name, reading[name], 'the name of a file');
  refuseWrongOptions(options);
  if (corpus instanceof Corpus && Object.keys(reading).length > 0) {
    throw new RnnError('usage', `${Object.keys(reading).join(', ')}: the corpus was read already`, {
      hint: 'give it to Corpus.read or Corpus.fromText',
    });
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

/** @throws RnnError `usage` for a value that is not a text */
function textOf(corpus: TextToLearn): RunRequest['text'] {
  if (corpus instanceof Corpus) return { corpus, reading: corpus.reading };
  const isGiven = typeof corpus === 'object' && corpus !== null && 'text' in corpus;
  refuseUnless(
    isGiven || areSources(corpus),
    'corpus',
    corpus,
    'a file, a folder, a pattern, a list of them, { text }, or a Corpus',
  );
  if (!isGiven) return [corpus].flat();
  refuseUnknown(corpus, ['name', 'text']);
  const { name = 'text', text } = corpus;
  refuseUnless(isText(text), 'text', text, 'a string or bytes');
  refuseUnless(typeof name === 'string', 'name', name, 'a name for messages');
  return [{ name, text }];
}
