// What a new run would be: its text, and every option. Makes nothing, and knows nothing of folders or devices.
import type { TrainedModel } from '../runs/store.ts';
import type { Corpus } from '../corpus/read.ts';
import { RnnError } from '../errors.ts';
import type { TrainingOptions } from '../options/training.ts';
import type { ReadingOptions } from '../options/run.ts';
import type { ResolvedAnew } from '../training/resolve.ts';
import { type TrainingRooms, trainingRooms } from './rooms.ts';
import { type RunRequest, type Teller, type Way, defaultValidationFraction, readingOfCharacters } from './run-request.ts';
import { textOf, wasRead } from './run-text.ts';

/** What a new run would be, with nothing made. */
export interface PlannedRun extends ResolvedAnew {
  readonly corpus: Corpus;
  readonly reading: ReadingOptions;
  /** The model of --init-from. */
  readonly initial: TrainedModel | null;
}

/** Is called with the options of a run before its text is read, and may refuse them. */
export type BeforeReading = (options: Partial<TrainingOptions>, reading: ReadingOptions) => Promise<void>;

interface Surroundings {
  readonly rooms?: TrainingRooms;
  readonly tell: Teller;
  /** Left out, options that no run can have are refused. */
  readonly beforeReading?: BeforeReading;
}

/** @throws RnnError as `openRun` does, up to the choice of options */
export async function planRun(
  request: RunRequest,
  { rooms = trainingRooms, tell, beforeReading = (given, how) => refuseImpossible(rooms, given, how) }: Surroundings,
): Promise<PlannedRun> {
  const { folder, initFrom, options } = request;
  const initial = initFrom === null ? null : await readInitial(initFrom, { request, rooms, tell });
  const reading = readingOf(request, initial);
  const given = initial === null ? options : (await rooms.transfer()).withSizesOf(initial, options);
  await beforeReading(given, reading);
  const corpus = await textOf({ request, rooms, tell }, reading, {
    ...(folder === null ? {} : { runFolder: folder }),
    ...(initial === null ? {} : { known: initial.vocabulary }),
  });
  const planned = { ...(await rooms.resolving()).resolveOptions(given, corpus), corpus, reading, initial };
  // A text of its own to validate on is the user's choice.
  if (reading.validationFraction > 0) await warnOfList(corpus, { request, rooms, tell });
  return planned;
}

async function warnOfList({ train, vocabulary, files }: Corpus, { request: { text }, rooms, tell }: Way): Promise<void> {
  const warning = (await rooms.corpus()).listWarning(train, vocabulary, wasRead(text) || files > 1 ? [] : text);
  if (warning !== null) tell.warn(warning);
}

async function refuseImpossible(rooms: TrainingRooms, options: Partial<TrainingOptions>, reading: ReadingOptions): Promise<void> {
  (await rooms.possible()).refuseImpossible(options, { validates: validatesBy(reading) });
}

/** Whether a run that reads its text so has something to validate on, if that is long enough. */
export const validatesBy = ({ validationFile, validationFraction }: ReadingOptions): boolean =>
  validationFile !== null || validationFraction > 0;

function readingOf({ text, reading: given }: RunRequest, initial: TrainedModel | null): ReadingOptions {
  if (wasRead(text)) return text.reading;
  const { include = [], exclude = [], minCount = 1, validationFile = null, testFile = null } = given;
  const { unit = initial?.vocabulary.unit ?? 'char', validationFraction = defaultValidationFraction } = given;
  const heldOut = {
    validationFraction: validationFile === null ? validationFraction : 0,
    validationFile,
    testFraction: testFile === null ? (given.testFraction ?? 0) : 0,
    testFile,
  };
  return { include, exclude, ...readingOfCharacters(unit, given), unit, minCount, ...heldOut };
}

async function readInitial(initFrom: string | TrainedModel, { request, rooms, tell }: Way): Promise<TrainedModel> {
  const { findCheckpoint, readCheckpoint } = await rooms.checkpoints();
  const path = typeof initFrom === 'string' ? await findCheckpoint(initFrom) : 'the model';
  const initial = typeof initFrom === 'string' ? await readCheckpoint(path, { weightsOnly: true }) : initFrom;
  const { unit } = initial.vocabulary;
  const { unit: asked } = request.reading;
  if (asked !== undefined && asked !== unit) {
    const symbols = unit === 'byte' ? 'bytes' : 'characters';
    const message = `--unit ${asked} does not go with --init-from: ${path} is a model of ${symbols}`;
    throw new RnnError('usage', message, { hint: 'leave one of them out' });
  }
  tell.note(`starting from the weights of ${path}, step ${count(initial.training.step)}`);
  return initial;
}

const count = (value: number): string => value.toLocaleString('en');
