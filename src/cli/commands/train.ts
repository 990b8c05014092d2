// `rnn train`: reads the text, chooses what was not given, trains, and shows how it goes; or goes on with a run that is there. The work
// is in corpus/, training/ and devices/.
import { join } from 'node:path';
import type { Command } from 'commander';
import type { Checkpoint, Newest, RunFolder, TrainedModel } from '../../checkpoint/store.ts';
import type { Corpus } from '../../corpus/read.ts';
import { RnnError } from '../../errors.ts';
import type { Continuation, RunSettings } from '../../training/continue.ts';
import type { EndEvent, EndReason } from '../../training/events.ts';
import type { ReadingOptions } from '../../training/record.ts';
import type { Context } from '../context.ts';
import { chosenDevice, refuseBlasWithout } from '../devices.ts';
import { codeOfEnd, signalCodes } from '../failures.ts';
import { count, harmless, shellWord } from '../format.ts';
import type { Signal } from '../io.ts';
import { OutputClosed } from '../output.ts';
import { openReporter, type Reporter } from '../progress/reporter.ts';
import { openStopwatch } from '../stopwatch.ts';
import { showPlan } from './train-plan.ts';
import { addTrainFlags, checkTogether, givenMachine, givenOptions, givenReading, type TrainFlags } from './train-flags.ts';

const defaultValidationFraction = 0.1;

export function defineTrain(command: Command, context: Context): void {
  command
    .description('Trains a model on text: files, folders, globs, or - for standard input. The checkpoints go to a run folder.')
    .argument('<corpus...>', 'the text to learn');
  addTrainFlags(command);
  command.action(async (sources: string[], flags: TrainFlags) => {
    context.exitCode = await train({ sources, flags, context });
  });
}

/** What was written on the command line, and where it was. */
interface Request {
  readonly sources: readonly string[];
  readonly flags: TrainFlags;
  readonly context: Context;
}

async function train(request: Request): Promise<number> {
  const { sources, flags, context } = request;
  checkTogether(flags);
  refuseBlasWithout(flags.blas, [chosenDevice(flags.device, context.io).name]);
  const reporter = openReporter(context.stdout, context.stderr, { json: flags.json === true, quiet: flags.quiet === true, maxTimeMs: flags.maxTime ?? null });
  const { RunFolder, newestIn } = await context.rooms.checkpoints();
  const path = flags.out ?? join('checkpoints', (await context.rooms.corpus()).corpusName(sources[0]));
  let folder: RunFolder | null = null;
  try {
    try {
      folder = flags.resume ? await RunFolder.open(path) : null;
    } catch (error) {
      // A run that is over needs no disk that can be written.
      const newest = error instanceof RnnError && error.kind === 'machine' ? await newestIn(path).catch(() => null) : null;
      if (newest !== null && newest.instead !== null) reporter.warn(harmless(`${newest.instead}; ${newest.path} was read`));
      if (newest === null || !(await isOver(request, newest, await settingsOf(request, newest), reporter))) throw error;
      return 0;
    }
    if (folder !== null) return await goOn(request, folder, reporter);
    // Before a minute is spent on reading.
    if (!flags.dryRun) await RunFolder.refuseIfTaken(path, { force: flags.force === true });
    return await start(request, path, reporter);
  } finally {
    reporter.close();
    folder?.close();
  }
}

async function start(request: Request, path: string, reporter: Reporter): Promise<number> {
  const { flags, context: { rooms } } = request;
  const initial = flags.initFrom === undefined ? null : await readInitial(request, flags.initFrom, reporter);
  const reading: ReadingOptions = {
    include: flags.include ?? [],
    exclude: flags.exclude ?? [],
    unit: flags.unit ?? initial?.vocabulary.unit ?? 'char',
    minCount: flags.minCount ?? 1,
    validationFraction: flags.valFile === undefined ? (flags.valFraction ?? defaultValidationFraction) : 0,
    validationFile: flags.valFile ?? null,
  };
  const corpus = await read(request, reading, { runFolder: path, ...(initial === null ? {} : { known: initial.vocabulary }) }, reporter);
  const given = initial === null ? givenOptions(flags) : (await rooms.transfer()).withSizesOf(initial, givenOptions(flags));
  const resolved = (await rooms.resolving()).resolveOptions(given, corpus);
  const { options, notes, idle } = resolved;
  if (flags.dryRun) {
    for (const note of idle) reporter.note(note);
    return showPlan(request.context, flags, { ...resolved, asked: givenOptions(flags), reading, path }, corpus);
  }
  for (const note of [...notes, ...idle]) reporter.note(note);
  const { RunFolder } = await rooms.checkpoints();
  const machine = { device: flags.device ?? null, threads: flags.threads ?? null, blas: flags.blas ?? null };
  return trainOn(request, { settings: { options, reading, machine }, corpus, initial, earlier: null, path, reporter }, async (run) => {
    const folder = await RunFolder.create(path, { force: flags.force === true });
    try {
      return await run(folder);
    } finally {
      folder.close();
    }
  });
}

async function goOn(request: Request, folder: RunFolder, reporter: Reporter): Promise<number> {
  const newest = await folder.newest();
  if (newest.instead !== null) reporter.warn(harmless(`${newest.instead}; the run goes on from ${newest.path}`));
  try {
    return await goOnFrom(request, folder, newest, reporter);
  } catch (error) {
    if (!(error instanceof RnnError) || error.kind !== 'checkpoint' || error.message.includes(newest.path)) throw error;
    // Whatever looked into it was not told where it is.
    const message = error.message.includes('this checkpoint') ? error.message.replace('this checkpoint', newest.path) : `${newest.path}: ${error.message}`;
    throw new RnnError('checkpoint', message, { hint: error.hint, cause: error });
  }
}

async function goOnFrom(request: Request, folder: RunFolder, newest: Newest, reporter: Reporter): Promise<number> {
  const { flags, context: { rooms } } = request;
  const settings = await settingsOf(request, newest);
  if (flags.initFrom !== undefined) reporter.note('--init-from is not used: this run has begun, and goes on from its own weights; with another --out a new one starts from those');
  if (await isOver(request, newest, settings, reporter)) return 0;
  const { checkpoint: earlier, path: file } = newest;
  const { compareCorpus } = await rooms.continuing();
  for (const note of settings.notes) reporter.note(harmless(note));
  const corpus = await read(request, settings.reading, { runFolder: folder.path, vocabulary: earlier.vocabulary, plainValidation: flags.valFile === undefined }, reporter);
  for (const note of compareCorpus(earlier, corpus, { accepted: flags.acceptNewCorpus === true })) reporter.note(note);
  const { options, notes } = (await rooms.resolving()).refitOptions(settings.options, corpus);
  for (const note of notes) reporter.note(note);
  reporter.note(`going on at step ${count(earlier.training.step)}, from ${file}`);
  return trainOn(request, { settings: { ...settings, options }, corpus, initial: null, earlier, path: folder.path, reporter }, (run) => run(folder));
}

async function settingsOf({ flags, context: { rooms } }: Request, { checkpoint }: Newest): Promise<Continuation> {
  return (await rooms.continuing()).continueRun(checkpoint, { options: givenOptions(flags), reading: givenReading(flags), machine: givenMachine(flags) });
}

/** Whether nothing is left to do, and if so, says it. */
async function isOver({ flags, context: { rooms } }: Request, { checkpoint, path }: Newest, { options, changed }: Continuation, reporter: Reporter): Promise<boolean> {
  const { endOf, unusedNote } = await rooms.continuing();
  const end = endOf(checkpoint, options);
  if (end === null) return false;
  const unused = unusedNote([...changed, ...(flags.acceptNewCorpus === true ? ['--accept-new-corpus'] : [])], end);
  if (unused !== null) reporter.note(unused);
  await reporter.handle(finishedEvent(checkpoint, path));
  return true;
}

function finishedEvent({ training: { step, bestValidationLossNats, options, loop } }: Checkpoint, checkpoint: string): EndEvent {
  const { elapsedMs, learningRateFactor } = loop as { elapsedMs: number; learningRateFactor: number };
  return { event: 'end', reason: 'finished', step, bestValidationLossNats, checkpoint, peakLearningRate: (options.learningRate as number) * learningRateFactor, elapsedMs };
}

/** The model of --init-from. */
async function readInitial({ flags, context: { rooms } }: Request, given: string, reporter: Reporter): Promise<TrainedModel> {
  const { findCheckpoint, readCheckpoint } = await rooms.checkpoints();
  const path = await findCheckpoint(given, 'use');
  const initial = await readCheckpoint(path, { weightsOnly: true });
  const { unit } = initial.vocabulary;
  if (flags.unit !== undefined && flags.unit !== unit) {
    throw new RnnError('usage', `--unit ${flags.unit} does not go with --init-from: ${path} is a model of ${unit === 'byte' ? 'bytes' : 'characters'}`, { hint: 'leave one of them out' });
  }
  reporter.note(`starting from the weights of ${path}, step ${count(initial.training.step)}`);
  return initial;
}

interface Known {
  readonly runFolder: string;
  readonly vocabulary?: Checkpoint['vocabulary'];
  readonly known?: Checkpoint['vocabulary'];
  readonly plainValidation?: boolean;
}

async function read({ sources, context: { io, rooms } }: Request, reading: ReadingOptions, { vocabulary, known, ...rest }: Known, reporter: Reporter): Promise<Corpus> {
  const { readCorpus, Vocabulary } = await rooms.corpus();
  const corpus = await readCorpus({
    sources,
    ...reading,
    ...rest,
    ...(vocabulary === undefined ? {} : { vocabulary: new Vocabulary(vocabulary) }),
    ...(known === undefined ? {} : { known: new Vocabulary(known) }),
    // Merely looking at the real one opens it.
    ...(sources.includes('-') || reading.validationFile === '-' ? { stdin: io.stdin } : {}),
  });
  if (corpus.skipped > 0) reporter.note(`${count(corpus.skipped)} hidden or binary ${corpus.skipped === 1 ? 'file was' : 'files were'} passed over`);
  return corpus;
}

interface Plan {
  readonly settings: RunSettings;
  readonly corpus: Corpus;
  readonly initial: TrainedModel | null;
  readonly earlier: Checkpoint | null;
  readonly path: string;
  readonly reporter: Reporter;
}

/** @param within opens the run folder, when everything that can be refused has been checked, and closes it afterwards */
async function trainOn(request: Request, plan: Plan, within: (run: (folder: RunFolder) => Promise<number>) => Promise<number>): Promise<number> {
  const { context: { io, rooms } } = request;
  const { settings: { options, machine, reading }, corpus, initial, earlier, reporter } = plan;
  const choice = chosenDevice(machine.device ?? undefined, io);
  const work = (await rooms.work()).workOf(options, { length: corpus.train.length, symbols: corpus.vocabulary.size });
  const device = await (await rooms.devices()).openDevice(choice.name, { work, ...(machine.threads === null ? {} : { threads: machine.threads }), ...(machine.blas === null ? {} : { blas: machine.blas }) });
  const why = device.reason ?? (choice.fromEnvironment ? `${choice.name}: RNN_DEVICE` : null);
  if (why !== null) reporter.note(`device ${why}`);
  const stopwatch = openStopwatch(io);
  let closeRun: () => Promise<void> = () => Promise.resolve();
  try {
    const run = await (await rooms.training()).prepareTraining({ options, reading, machine, corpus, device, earlier, initial, clock: () => stopwatch.now() });
    closeRun = () => run.close();
    for (const note of run.notes) reporter.note(harmless(note));
    return await within((folder) => follow(request, plan, (signal) => run.train(folder, signal)));
  } finally {
    stopwatch.close();
    reporter.close();
    await closeRun();
    await device.close();
  }
}

/** Shows the events of a run until its end, and sees to signals meanwhile. */
async function follow({ sources, flags, context }: Request, { path, reporter }: Plan, train: (signal: AbortSignal) => AsyncIterable<Parameters<Reporter['handle']>[0]>): Promise<number> {
  const controller = new AbortController();
  const interruption = watchSignals(context, reporter, controller);
  try {
    let end: EndEvent | null = null;
    let trouble: unknown = null;
    for await (const event of train(controller.signal)) {
      if (event.event === 'end') end = event;
      try {
        await reporter.handle(event);
      } catch (error) {
        // Nobody reads stdout any more (`rnn train --json | head`), or its disk is full: end as a signal would, with everything saved.
        if (!(error instanceof OutputClosed)) trouble ??= error;
        controller.abort('output-closed' satisfies EndReason);
      }
    }
    if (trouble !== null) throw trouble;
    if (end === null) return 0;
    if (end.reason === 'diverged') reporter.warn(adviceOnDivergence(end, resumeLine(sources, flags)));
    showWhereItIs(end, path, reporter);
    if (['signal', 'output-closed', 'max-time'].includes(end.reason)) reporter.note(`to continue:\n  ${resumeLine(sources, flags)}`);
    return codeOfEnd(end.reason, interruption.signal());
  } finally {
    interruption.stop();
  }
}

/** The first signal asks the run to end after the step in hand; a second INT ends the process at once. */
function watchSignals({ io }: Context, reporter: Reporter, controller: AbortController): { signal(): Signal | null; stop(): void } {
  let first: Signal | null = null;
  const stop = io.onSignal((signal) => {
    if (first === null) {
      first = signal;
      reporter.warn(`${signal}: finishing the step in hand and saving${signal === 'SIGINT' ? '; again stops at once' : ''}`);
      controller.abort();
    } else if (signal === 'SIGINT') {
      reporter.close();
      io.exit(signalCodes.SIGINT);
    }
  });
  return { signal: () => first, stop };
}

function adviceOnDivergence({ checkpoint, peakLearningRate }: EndEvent, resume: string): string {
  const otherwise = 'a lower --clip-norm or a longer --warmup helps against spikes';
  const lower = `--lr ${Number((peakLearningRate / 2).toPrecision(2))}`;
  return checkpoint === null ? `nothing was saved: try again with ${lower}; ${otherwise}` : `go on from ${checkpoint} with half the learning rate: ${resume} ${lower}; ${otherwise}`;
}

function showWhereItIs(end: EndEvent, folder: string, reporter: Reporter): void {
  if (end.checkpoint === null) return reporter.note('nothing was saved');
  reporter.note(`saved in ${folder}; to sample from it:`);
  reporter.note(`  rnn sample --checkpoint ${shellWord(folder)}`);
}

/** What is remembered with the run need not be given again. */
function resumeLine(sources: readonly string[], { out }: TrainFlags): string {
  const words = [...sources.map(shellWord), '--resume', ...(out === undefined ? [] : ['--out', shellWord(out)])];
  return `${sources.includes('-') ? '… | ' : ''}rnn train ${words.join(' ')}`;
}
