// `rnn train`: reads the text, chooses what was not given, trains, and shows how it goes. The work is in corpus/, training/ and
// devices/.
import { join } from 'node:path';
import type { Command } from 'commander';
import type { EndEvent } from '../../training/events.ts';
import type { Context } from '../context.ts';
import { chosenDevice, refuseBlasWithout } from '../devices.ts';
import { codeOfEnd, signalCodes } from '../failures.ts';
import { count, shellWord } from '../format.ts';
import type { Signal } from '../io.ts';
import { OutputClosed } from '../output.ts';
import { openReporter, type Reporter } from '../progress/reporter.ts';
import { addTrainFlags, checkTogether, givenOptions, type TrainFlags } from './train-flags.ts';

const defaultValidationFraction = 0.1;

export function defineTrain(command: Command, context: Context): void {
  command
    .description('Trains a model on text: files, folders, globs, or - for standard input. The checkpoints go to a run folder.')
    .argument('<corpus...>', 'the text to learn');
  addTrainFlags(command);
  command.action(async (sources: string[], flags: TrainFlags) => {
    context.exitCode = await train(sources, flags, context);
  });
}

async function train(sources: readonly string[], flags: TrainFlags, context: Context): Promise<number> {
  checkTogether(flags);
  const { io, rooms, stdout, stderr } = context;
  const choice = chosenDevice(flags.device, io);
  refuseBlasWithout(flags.blas, [choice.name]);
  const reporter = openReporter(stdout, stderr, { json: flags.json === true, quiet: flags.quiet === true, maxTimeMs: flags.maxTime ?? null });
  const { readCorpus, corpusName } = await rooms.corpus();
  const { RunFolder } = await rooms.checkpoints();
  const path = flags.out ?? join('checkpoints', corpusName(sources[0]));
  // Before a minute is spent on reading.
  if (!flags.force) await RunFolder.refuseIfTaken(path);
  const corpus = await readCorpus({
    sources,
    include: flags.include ?? [],
    exclude: flags.exclude ?? [],
    unit: flags.unit ?? 'char',
    minCount: flags.minCount ?? 1,
    validationFraction: flags.valFile === undefined ? (flags.valFraction ?? defaultValidationFraction) : 0,
    validationFile: flags.valFile ?? null,
    // Merely looking at the real one opens it.
    ...(sources.includes('-') || flags.valFile === '-' ? { stdin: io.stdin } : {}),
  });
  if (corpus.skipped > 0) reporter.note(`${count(corpus.skipped)} hidden or binary ${corpus.skipped === 1 ? 'file was' : 'files were'} passed over`);
  const { options, notes } = (await rooms.resolving()).resolveOptions(givenOptions(flags), corpus);
  for (const note of notes) reporter.note(note);

  const work = (await rooms.work()).workOf(options, { length: corpus.train.length, symbols: corpus.vocabulary.size });
  const device = await (await rooms.devices()).openDevice(choice.name, { work, ...(flags.threads === undefined ? {} : { threads: flags.threads }), ...(flags.blas === undefined ? {} : { blas: flags.blas }) });
  const why = device.reason ?? (choice.fromEnvironment ? `${choice.name}: RNN_DEVICE` : null);
  if (why !== null) reporter.note(`device ${why}`);
  const controller = new AbortController();
  const interruption = watchSignals(context, reporter, controller);
  let closeRun: () => Promise<void> = () => Promise.resolve();
  try {
    const run = await (await rooms.training()).prepareTraining({ options, corpus, device });
    closeRun = () => run.close();
    const folder = await RunFolder.create(path, { force: flags.force === true, resume: false });
    let end: EndEvent | null = null;
    for await (const event of run.train(folder, controller.signal)) {
      if (event.event === 'end') end = event;
      try {
        await reporter.handle(event);
      } catch (error) {
        // Nobody reads stdout any more (`rnn train --json | head`): end as a signal would, with everything saved.
        if (!(error instanceof OutputClosed)) throw error;
        controller.abort();
      }
    }
    if (end !== null) showWhereItIs(end, path, reporter);
    return end === null ? 0 : codeOfEnd(end.reason, interruption.signal());
  } finally {
    interruption.stop();
    reporter.close();
    await closeRun();
    await device.close();
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

function showWhereItIs(end: EndEvent, folder: string, reporter: Reporter): void {
  if (end.checkpoint === null) return reporter.note('nothing was saved');
  reporter.note(`saved in ${folder}; to sample from it:`);
  reporter.note(`  rnn sample --checkpoint ${shellWord(folder)}`);
}
