// A run from what was asked for to where it can start: a new one, or one that goes on. Knows neither terminals nor
// signals, and tells what it chose.
import type { Checkpoint, Newest, RunStore, TrainedModel } from '../runs/store.ts';
import type { Corpus } from '../corpus/read.ts';
import { RnnError } from '../errors.ts';
import type { Continuation, RunSettings } from '../training/continue.ts';
import type { EndEvent, TrainingEvent } from '../training/events.ts';
import type { ReadingOptions } from '../options/run.ts';
import { filesRead, machineOf, ofMachine, openDeviceFor, refuseHopelessRun, refuseTaken } from './before-run.ts';
import { type BeforeReading, planRun } from './plan-run.ts';
import { trainingRooms } from './rooms.ts';
import type { RunRequest, Surroundings, Way as PlanWay } from './run-request.ts';
import { textOf, toAddCharacters, wasRead } from './run-text.ts';
import { similarRuns } from './similar-runs.ts';

/** A run that was over when it was opened, and what its end was. */
export interface RunThatIsOver {
  readonly end: EndEvent;
}

/** A run that can start: everything that can be refused has been checked. */
export interface OpenRun {
  readonly end: null;
  /** Where it keeps what it learns. */
  readonly store: RunStore;
  /** Once. The signal asks it to end after the step in hand, with everything saved. */
  train(signal?: AbortSignal): AsyncGenerator<TrainingEvent>;
  /** Lets go of the folder, the device and its threads. */
  close(): Promise<void>;
}

interface Store extends RunStore {
  close?(): void;
}

/** What the steps below hand on. */
interface Way extends PlanWay {
  readonly clock: (() => number) | undefined;
}

/**
 * @throws RnnError of any kind but `diverged`: whatever of request, text, checkpoint, device or folder does not do
 */
export async function openRun(request: RunRequest, { rooms = trainingRooms, tell, clock }: Surroundings): Promise<OpenRun | RunThatIsOver> {
  const way = { request, rooms, tell, clock };
  const { folder: path, resume } = request;
  const { RunFolder, newestIn } = await rooms.checkpoints();
  if (path === null) return start(way);
  let folder: Awaited<ReturnType<typeof RunFolder.open>>;
  try {
    folder = resume ? await RunFolder.open(path) : null;
  } catch (error) {
    // A run that is over needs no disk that can be written.
    const newest = error instanceof RnnError && error.kind === 'machine' ? await newestIn(path).catch(() => null) : null;
    if (newest !== null && newest.instead !== null) tell.warn(`${newest.instead}; ${newest.path} was read`);
    const end = newest === null ? null : await endIfOver(way, newest, await settingsOf(way, newest));
    if (end === null) throw error;
    return { end };
  }
  if (folder === null) {
    // Before a minute is spent on reading.
    await refuseTaken(way, path);
    if (resume) await noteNewRun(way, path);
    return start(way);
  }
  const opened = await goOn(way, folder).catch((error: unknown) => {
    folder.close();
    throw error;
  });
  if (opened.end !== null) folder.close();
  return opened;
}

/** Otherwise the user would notice a misspelt folder only when the new run is there. */
async function noteNewRun({ rooms, tell }: Way, path: string): Promise<void> {
  const similar = await similarRuns(path, (await rooms.checkpoints()).runsIn);
  const meant = similar.length === 0 ? '' : `; did you mean ${similar.join(' or ')}?`;
  tell.note(`there is no run in ${path} to continue, so this starts a new one${meant}`);
}

async function start(way: Way): Promise<OpenRun> {
  const { request, rooms, tell } = way;
  const { folder } = request;
  const machine = machineOf(request);
  const beforeReading: BeforeReading = (given, how) => refuseEarly(way, { options: given, reading: how, machine });
  const { options, notes, idle, corpus, reading, initial } = await planRun(request, { ...way, beforeReading });
  for (const note of [...notes, ...idle]) tell.note(note);
  const { MemoryStore } = await rooms.checkpoints();
  return prepare(way, { settings: { options, reading, machine }, corpus, initial, earlier: null }, async () =>
    folder === null ? new MemoryStore() : makeFolder(way, folder),
  );
}

/** @throws RnnError `busy` where a run was to be continued, and there was none until another process began it */
async function makeFolder({ request: { force, resume }, rooms }: Way, folder: string): Promise<Store> {
  const { RunFolder } = await rooms.checkpoints();
  try {
    return await RunFolder.create(folder, { force });
  } catch (cause) {
    if (!resume || !(cause instanceof RnnError) || cause.kind !== 'usage' || !(await RunFolder.holdsRun(folder))) throw cause;
    throw new RnnError('busy', `another process has begun the run in ${folder} meanwhile`, {
      hint: 'run the same command again: it continues that run',
      cause,
    });
  }
}

/** Refuses before a long text is read what this machine cannot do, whatever the text. */
async function refuseEarly(way: Way, { options, reading, machine }: Early): Promise<void> {
  await refuseHopelessRun(way, options, reading);
  // Where the choice is left to the program, the cpu must be there at least.
  const name = machine.device === null || machine.device === 'auto' ? 'cpu' : machine.device;
  const device = await (await way.rooms.devices()).openDevice(name, ofMachine(machine));
  await device.close();
}

async function goOn(way: Way, folder: Store & { newest(): Promise<Newest> }): Promise<OpenRun | RunThatIsOver> {
  const { RunFolder } = await way.rooms.checkpoints();
  await RunFolder.refuseSources(folder.path, await filesRead(way, { isNew: false }));
  const newest = await folder.newest();
  if (newest.instead !== null) way.tell.warn(`${newest.instead}; the run goes on from ${newest.path}`);
  try {
    return await goOnFrom(way, folder, newest);
  } catch (error) {
    if (!(error instanceof RnnError) || error.kind !== 'checkpoint' || error.message.includes(newest.path)) throw error;
    // Whatever looked into it was not told where it is.
    const message = error.message.includes('this checkpoint')
      ? error.message.replace('this checkpoint', newest.path)
      : `${newest.path}: ${error.message}`;
    throw new RnnError('checkpoint', message, { hint: error.hint, cause: error });
  }
}

async function goOnFrom(way: Way, folder: Store, newest: Newest): Promise<OpenRun | RunThatIsOver> {
  const { request, rooms, tell } = way;
  const settings = await settingsOf(way, newest);
  if (request.initFrom !== null) {
    const otherwise = 'with another --out a new one starts from those';
    tell.note(`--init-from is not used: this run has begun, and goes on from its own weights; ${otherwise}`);
  }
  const end = await endIfOver(way, newest, settings);
  if (end !== null) return { end };
  const { checkpoint: earlier, path: file } = newest;
  const { compareCorpus } = await rooms.continuing();
  for (const note of settings.notes) tell.note(note);
  await refuseEarly(way, settings);
  const { validationFile, testFile } = request.reading;
  const symbols = { vocabulary: earlier.vocabulary, plainValidation: validationFile == null, plainTest: testFile == null };
  const more = toAddCharacters(request, settings.reading, folder.path);
  const corpus = await textOf(way, settings.reading, { runFolder: folder.path, ...symbols, ...more });
  for (const note of compareCorpus(earlier, corpus, { accepted: request.acceptNewCorpus })) tell.note(note);
  const { options, notes } = (await rooms.resolving()).refitOptions(settings.options, corpus);
  for (const note of notes) tell.note(note);
  tell.note(`going on at step ${count(earlier.training.step)}, from ${file}`);
  return prepare(way, { settings: { ...settings, options }, corpus, initial: null, earlier }, async () => folder);
}

async function settingsOf({ request: { text, options, reading, machine }, rooms }: Way, { checkpoint }: Newest): Promise<Continuation> {
  const given = wasRead(text) ? withoutCharacters(text.reading) : reading;
  return (await rooms.continuing()).continueRun(checkpoint, { options, reading: given, machine });
}

/** Whether a text that was read already is the same as before is seen by its digest, however its characters were read. */
function withoutCharacters(reading: ReadingOptions): Partial<ReadingOptions> {
  const { encoding: _encoding, keepLineEnds: _keepLineEnds, skipInvalid: _skipInvalid, ...others } = reading;
  return others;
}

/** The end of a run of which nothing is left to do; null if something is. */
async function endIfOver(
  { request: { acceptNewCorpus }, rooms, tell }: Way,
  { checkpoint, path }: Newest,
  { options, changed }: Continuation,
): Promise<EndEvent | null> {
  const { endOf, unusedNote, verdictOn } = await rooms.continuing();
  const reason = endOf(checkpoint, options);
  if (reason === null) return null;
  const unused = unusedNote([...changed, ...(acceptNewCorpus ? ['--accept-new-corpus'] : [])], reason);
  if (unused !== null) tell.note(unused);
  const {
    step,
    bestValidationLossNats,
    loop,
    options: { learningRate },
  } = checkpoint.training;
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

interface Early extends Omit<RunSettings, 'options'> {
  readonly options: Partial<RunSettings['options']>;
}

interface Beginning {
  readonly settings: RunSettings;
  readonly corpus: Corpus;
  readonly initial: TrainedModel | null;
  readonly earlier: Checkpoint | null;
}

/** @param openStore is called when everything that can be refused has been checked */
async function prepare(way: Way, beginning: Beginning, openStore: () => Promise<Store>): Promise<OpenRun> {
  const { rooms, tell, clock } = way;
  const {
    settings: { options, machine, reading },
    corpus,
    initial,
    earlier,
  } = beginning;
  const text = { length: corpus.train.length, symbols: corpus.vocabulary.size };
  const device = await openDeviceFor(way, { options, machine }, text);
  try {
    const run = await (
      await rooms.training()
    ).prepareTraining({
      options,
      reading,
      machine,
      corpus,
      device,
      earlier,
      initial,
      ...(clock === undefined ? {} : { clock }),
      ...(tell.activity === undefined ? {} : { onActivity: tell.activity }),
    });
    try {
      for (const note of run.notes) tell.note(note);
      const store = await openStore();
      const close = async (): Promise<void> => {
        store.close?.();
        await run.close();
        await device.close();
      };
      return { end: null, store, train: (signal) => run.train(store, signal), close };
    } catch (error) {
      await run.close();
      throw error;
    }
  } catch (error) {
    await device.close();
    throw error;
  }
}

const count = (value: number): string => value.toLocaleString('en');
