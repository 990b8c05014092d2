// Opens a new or resumed run from its request, up to the point where it can start, and reports its
// choices. Knows neither terminals nor signals.
import { count } from '../count.ts';
import {
  type Checkpoint,
  MemoryStore,
  type Newest,
  RunFolder,
  type RunStore,
  type TrainedModel,
  newestIn,
} from '../runs/store.ts';
import type { Corpus } from '../corpus/read.ts';
import { RnnError, checkpointError } from '../errors.ts';
import {
  type Continuation,
  type RunSettings,
  compareCorpus,
  continueRun,
  endReasonOf,
  unusedNote,
  verdictOn,
} from '../training/continue.ts';
import type { EndEvent, StartEvent, TrainingEvent } from '../training/events.ts';
import type { ReadingOptions } from '../options/run.ts';
import { refitOptions } from '../training/resolve.ts';
import { prepareTraining } from '../training/train.ts';
import { openDevice } from '../devices/open.ts';
import { keepRecords } from './kept-records.ts';
import {
  filesRead,
  machineOf,
  openOptionsOf,
  openDeviceFor,
  planRun,
  refuseHopelessRun,
  refuseTakenFolder,
  readTextOf,
  hintToAddCharacters,
} from './plan-run.ts';
import { type RunInvocation, isReadText } from './run-request.ts';
import { similarRuns } from './similar-runs.ts';
import { flagOf } from '../options/flags.ts';

/** A run that had already ended when it was opened. */
export interface RunThatIsOver {
  readonly end: EndEvent;
  readonly level: StartEvent['corpus']['level'];
}

/** A run that can start: all checks have passed. */
export interface OpenRun {
  readonly end: null;
  /** The store of its checkpoints and its log. */
  readonly store: RunStore;
  /** Trains the run once. The signal ends it after the current update step and saves it. */
  train(signal?: AbortSignal): AsyncGenerator<TrainingEvent>;
  /** Frees the folder, the device and its threads. */
  close(): Promise<void>;
}

interface Store extends RunStore {
  close?(): void;
}

/**
 * @throws RnnError of any kind except `diverged`: for a request, text, checkpoint, device or folder
 * that cannot be used
 */
export async function openRun(invocation: RunInvocation): Promise<OpenRun | RunThatIsOver> {
  const { request, listener } = invocation;
  const { folder: path, resume } = request;
  if (path === null) return start(invocation);
  let folder: Awaited<ReturnType<typeof RunFolder.open>>;
  try {
    folder = resume ? await RunFolder.open(path) : null;
  } catch (error) {
    // A run that has ended can be opened on a disk that cannot be written to.
    if (!(error instanceof RnnError) || error.kind !== 'machine') throw error;
    const newest = await newestIn(path).catch(() => Promise.reject(error));
    if (newest.reason !== null) listener.warn(`${newest.reason}, so rnn read ${newest.path} instead`);
    const end = await endEventIfFinished(invocation, newest, await settingsOf(invocation, newest));
    if (end === null) throw error;
    return { end, level: newest.checkpoint.vocabulary.unit };
  }
  if (folder === null) {
    // Check the folder before spending a minute on reading the text.
    await refuseTakenFolder(request, path);
    if (resume) await noteNewRun(invocation, path);
    return start(invocation);
  }
  const opened = await resumeRun(invocation, folder).catch((error: unknown) => {
    folder.close();
    throw error;
  });
  if (opened.end !== null) folder.close();
  return opened;
}

/** Without this note, the user would notice a misspelt folder only when the new run exists. */
async function noteNewRun({ listener }: RunInvocation, path: string): Promise<void> {
  const similar = await similarRuns(path);
  const suggestion = similar.length === 0 ? '' : `. Did you mean ${similar.join(' or ')}?`;
  listener.note(`run not found: ${path}, so rnn starts a new run${suggestion}`);
}

async function start(invocation: RunInvocation): Promise<OpenRun> {
  const { request, listener } = invocation;
  const { folder } = request;
  const machine = machineOf(request);
  const { options, notes, noEffectNotes, corpus, reading, initialModel } = await planRun(invocation, (given, how) =>
    refuseEarly({ options: given, reading: how, machine }),
  );
  for (const note of [...notes, ...noEffectNotes]) listener.note(note);
  return prepare(
    invocation,
    { settings: { options, reading, machine }, corpus, initialModel, resumedFrom: null },
    async () => (folder === null ? new MemoryStore() : makeFolder(invocation, folder)),
  );
}

/**
 * @throws RnnError `busy` if `resume` did not find a run in the folder, but another process has
 * started one since
 */
async function makeFolder({ request: { force, resume } }: RunInvocation, folder: string): Promise<Store> {
  try {
    return await RunFolder.create(folder, { force });
  } catch (cause) {
    if (!resume || !(cause instanceof RnnError) || cause.kind !== 'usage' || !(await RunFolder.holdsRun(folder)))
      throw cause;
    throw new RnnError('busy', `cannot start a run in ${folder}: another process has just started one`, {
      hint: 'run the same command again to resume that run',
      cause,
    });
  }
}

/** Refuses requests that this machine cannot fulfil for any text, before reading the text. */
async function refuseEarly({ options, reading, machine }: PartialSettings): Promise<void> {
  refuseHopelessRun(options, reading);
  // If the program chooses the device, at least the cpu must be available.
  const name = machine.device === null || machine.device === 'auto' ? 'cpu' : machine.device;
  const device = await openDevice(name, openOptionsOf(machine));
  await device.close();
}

async function resumeRun(
  invocation: RunInvocation,
  folder: Store & { readNewestState(): Promise<Newest> },
): Promise<OpenRun | RunThatIsOver> {
  await RunFolder.refuseSources(folder.path, filesRead(invocation.request));
  const newest = await folder.readNewestState();
  if (newest.reason !== null) invocation.listener.warn(`${newest.reason}, so the run resumes from ${newest.path}`);
  try {
    return await resumeFrom(invocation, folder, newest);
  } catch (error) {
    if (!(error instanceof RnnError) || error.kind !== 'checkpoint' || error.message.includes(newest.path)) throw error;
    // The functions that check the checkpoint do not know its path.
    const message = error.message.includes('this checkpoint')
      ? error.message.replace('this checkpoint', newest.path)
      : `${newest.path}: ${error.message}`;
    throw checkpointError(message, error.hint, { cause: error });
  }
}

async function resumeFrom(invocation: RunInvocation, folder: Store, newest: Newest): Promise<OpenRun | RunThatIsOver> {
  const { request, listener } = invocation;
  const settings = await settingsOf(invocation, newest);
  if (request.initFrom !== null) {
    const otherwise = `use another ${flagOf('out')} to start a new run from those weights`;
    listener.note(`${flagOf('initFrom')} has no effect because this run resumes from its own weights: ${otherwise}`);
  }
  const end = await endEventIfFinished(invocation, newest, settings);
  if (end !== null) return { end, level: newest.checkpoint.vocabulary.unit };
  const { checkpoint: resumedFrom } = newest;
  for (const note of settings.notes) listener.note(note);
  await refuseEarly(settings);
  const { validationFile, testFile } = request.reading;
  const corpus = await readTextOf(invocation, settings.reading, {
    runFolder: folder.path,
    vocabulary: resumedFrom.vocabulary,
    plainValidation: validationFile == null,
    plainTest: testFile == null,
    toAddCharacters: hintToAddCharacters(request, settings.reading, folder.path),
  });
  for (const note of compareCorpus(resumedFrom, corpus, { accepted: request.acceptNewCorpus })) listener.note(note);
  const { options, notes } = refitOptions(settings.options, corpus);
  for (const note of notes) listener.note(note);
  listener.note(`resuming ${folder.path} at step ${count(resumedFrom.training.step)}`);
  return prepare(
    invocation,
    { settings: { ...settings, options }, corpus, initialModel: null, resumedFrom },
    async () => folder,
  );
}

async function settingsOf(
  { request: { text, options, reading, machine } }: RunInvocation,
  { checkpoint }: Newest,
): Promise<Continuation> {
  const given = isReadText(text) ? withoutCharacters(text.reading) : reading;
  return continueRun(checkpoint, { options, reading: given, machine });
}

/**
 * Removes the reading options that affect characters. A text that was read already can be read with
 * other options than the run's: its digest decides whether it is the text of the run.
 */
function withoutCharacters(reading: ReadingOptions): Partial<ReadingOptions> {
  const { encoding: _encoding, keepLineEnds: _keepLineEnds, skipInvalid: _skipInvalid, ...others } = reading;
  return others;
}

/** The `end` event of a run that has nothing left to do, or null. */
async function endEventIfFinished(
  { request: { acceptNewCorpus }, listener }: RunInvocation,
  { checkpoint, path }: Newest,
  { options, changed }: Continuation,
): Promise<EndEvent | null> {
  const reason = endReasonOf(checkpoint, options);
  if (reason === null) return null;
  const unused = unusedNote([...changed, ...(acceptNewCorpus ? [flagOf('acceptNewCorpus')] : [])], reason);
  if (unused !== null) listener.note(unused);
  const { step, bestValidationLossNats, loop } = checkpoint.training;
  const { learningRate } = checkpoint.training.options;
  const { elapsedMs, learningRateFactor } = loop as { elapsedMs: number; learningRateFactor: number };
  return {
    event: 'end',
    reason: 'finished',
    step,
    bestValidationLossNats,
    checkpoint: path,
    peakLearningRate: (learningRate as number) * learningRateFactor,
    elapsedMs,
    verdict: verdictOn(checkpoint, options),
  };
}

interface PartialSettings extends Omit<RunSettings, 'options'> {
  readonly options: Partial<RunSettings['options']>;
}

interface PreparedRun {
  readonly settings: RunSettings;
  readonly corpus: Corpus;
  readonly initialModel: TrainedModel | null;
  readonly resumedFrom: Checkpoint | null;
}

/** @param openStore opens the store, after all checks */
async function prepare(
  invocation: RunInvocation,
  { settings: { options, machine, reading }, corpus, initialModel, resumedFrom }: PreparedRun,
  openStore: () => Promise<Store>,
): Promise<OpenRun> {
  const { listener, clock } = invocation;
  const opened: { close?(): Promise<void> | void }[] = [];
  const close = async (): Promise<void> => {
    for (const each of opened.toReversed()) await each.close?.();
  };
  try {
    const device = await openDeviceFor(invocation, { options, machine, corpus });
    opened.push(device);
    const run = await prepareTraining({
      options,
      reading,
      machine,
      corpus,
      device,
      resumedFrom,
      initialModel,
      clock,
      onActivity: listener.activity,
    });
    opened.push(run);
    for (const note of run.notes) listener.note(note);
    const store = await openStore();
    opened.push(store);
    await keepRecords(store, corpus);
    return { end: null, store, train: (signal) => run.train(store, signal), close };
  } catch (error) {
    await close();
    throw error;
  }
}
