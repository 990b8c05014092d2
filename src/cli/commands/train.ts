// `rnn train`: starts or resumes a run, and shows its progress. api/ opens the run, and training/
// trains it.
import { join } from 'node:path';
import { Command } from 'commander';
import type { MessageListener, RunRequest } from '../../api/run-request.ts';
import { isStandardInput } from '../../corpus/standard-input.ts';
import { pick } from '../../options/option.ts';
import { exclusive, machineNames, readingNames } from '../../options/run.ts';
import { refuseContradictions } from '../../options/contradictions.ts';
import { type TrainFlags, trainGroups, trainOptions } from '../../options/train.ts';
import { type TrainingOptions, trainingNames } from '../../options/training.ts';
import { shellWord } from '../../shell-word.ts';
import type { EndEvent, EndReason } from '../../training/events.ts';
import type { Context } from '../context.ts';
import { isByEnvironment, refuseKernelsWithout } from '../devices.ts';
import { codeOfEnd } from '../failures.ts';
import { addGroups, addNegatedSwitches, flagsOf, refuseRepeats } from '../flags.ts';
import { addParts } from '../help/parts.ts';
import { isTyped } from '../input/known-text.ts';
import { escapeControls } from '../output/format.ts';
import { OutputClosed } from '../output/output.ts';
import { signalCodes, watchSignals } from '../process/signals.ts';
import { openStopwatch } from '../process/stopwatch.ts';
import { openReporter, type Reporter } from '../progress/reporter.ts';
import { acceptRetired } from '../retired.ts';
import { suggestGrid } from '../several-values.ts';
import { showPlan } from './train-plan.ts';

export function define(command: Command, context: Context, argumentSyntax: string): void {
  command
    .description(
      'Train a model on text: files, folders, globs, or - for standard input. Checkpoints are saved in a run folder.',
    )
    .argument(argumentSyntax, 'The text to train on');
  addTrainFlags(command);
  command.action(async (sources: string[], flags: TrainFlags) => {
    context.exitCode = await train({ sources, flags, context });
  });
}

/** The command line, and the context that it runs in. */
interface TrainCommand {
  readonly sources: readonly string[];
  readonly flags: TrainFlags;
  readonly context: Context;
}

async function train(request: TrainCommand): Promise<number> {
  const { sources, flags, context } = request;
  const { io, stdout, stderr } = context;
  refuseContradictoryFlags(flags);
  refuseKernelsWithout(flags.kernels, [flags.device]);
  const reporter = openReporter(stdout, stderr, flags);
  const stopwatch = openStopwatch(io);
  try {
    const path = flags.out ?? join('checkpoints', (await import('../../corpus/read.ts')).corpusName(sources[0]));
    // Notes and warnings may quote files from untrusted sources.
    const listener: MessageListener = {
      note: (text) => reporter.note(escapeControls(text)),
      warn: (text) => reporter.warn(escapeControls(text)),
      activity: isTyped(sources, io) ? undefined : reporter.listen,
    };
    const invocation = { request: requestOf(request, path), listener, clock: () => stopwatch.now() };
    if (flags.dryRun) {
      const plan = await (await import('../../api/plan-run.ts')).dryRun(invocation);
      reporter.close();
      for (const note of plan.noEffectNotes) listener.note(note);
      return await showPlan(context, flags, plan, path);
    }
    const run = await (await import('../../api/open-run.ts')).openRun(invocation);
    if (run.end !== null) {
      await reporter.handle(run.end, run.level);
      return 0;
    }
    try {
      return await follow(request, path, reporter, (signal) => run.train(signal));
    } finally {
      await run.close();
    }
  } finally {
    stopwatch.close();
    reporter.close();
  }
}

function requestOf({ sources, flags, context }: TrainCommand, folder: string): RunRequest {
  const { io } = context;
  return {
    text: sources,
    folder,
    resume: flags.resume === true,
    force: flags.force === true,
    acceptNewCorpus: flags.acceptNewCorpus === true,
    initFrom: flags.initFrom ?? null,
    options: givenOptions(flags),
    reading: pick(flags, readingNames),
    machine: pick(flags, machineNames),
    ...(isByEnvironment(context) ? { deviceOrigin: 'RNN_DEVICE' } : {}),
    alsoReads: [flags.config ?? io.env.RNN_CONFIG ?? ''].filter((path) => path !== ''),
    stdin: io.stdin,
  };
}

/** Trains a run to its end, shows its events, and handles signals. @returns the exit code */
async function follow(
  { sources, flags, context }: TrainCommand,
  path: string,
  reporter: Reporter,
  train: (signal: AbortSignal) => AsyncIterable<Parameters<Reporter['handle']>[0]>,
): Promise<number> {
  const controller = new AbortController();
  const interruption = watchSignals(context.io, {
    warn: (text) => reporter.warn(text),
    onFirstSignal: () => controller.abort(),
    onSecondInterrupt() {
      reporter.close();
      context.io.exit(signalCodes.SIGINT);
    },
  });
  try {
    let end: EndEvent | null = null;
    let outputError: unknown = null;
    for await (const event of train(controller.signal)) {
      if (event.event === 'end') end = event;
      try {
        await reporter.handle(event);
      } catch (error) {
        // The reader of stdout has closed it (`rnn train --json | head`), or the disk is full: save
        // and end, as after a signal.
        if (!(error instanceof OutputClosed)) outputError ??= error;
        controller.abort('output-closed' satisfies EndReason);
      }
    }
    if (outputError !== null) throw outputError;
    if (end === null) return 0;
    const resume = resumeLine(sources, flags);
    if (end.reason === 'diverged') reporter.warn(escapeControls(adviceOnDivergence(end, resume)));
    showRunFolder(end, path, reporter);
    if (['signal', 'output-closed', 'max-time'].includes(end.reason))
      reporter.note(escapeControls(`to resume:\n  ${resume}`));
    return codeOfEnd(end.reason, interruption.signal());
  } finally {
    interruption.stop();
  }
}

/** If a run diverged before its first update step, the learning rate is not the cause. */
function adviceOnDivergence({ step, checkpoint, peakLearningRate }: EndEvent, resume: string): string {
  if (step === 0)
    return 'the model diverged before its first update step, so a lower --learning-rate does not help. Use a smaller --init-scale, --gate-bias, --forget-bias, --activation-penalty or --temporal-penalty';
  const lower = `--learning-rate ${Number((peakLearningRate / 2).toPrecision(2))}`;
  const remedy =
    checkpoint === null
      ? `no checkpoint was saved. Train again with ${lower}`
      : `resume from ${checkpoint} with half the learning rate: ${resume} ${lower}`;
  return `${remedy}. To prevent jumps of the loss, lower --clip-norm or raise --warmup-steps`;
}

function showRunFolder(end: EndEvent, folder: string, reporter: Reporter): void {
  if (end.checkpoint === null) return reporter.note('no checkpoint was saved');
  const checkpoint = end.bestValidationLossNats === null ? 'it' : 'its checkpoint with the best validation loss';
  reporter.note(escapeControls(`saved in ${folder}. To sample from ${checkpoint}:\n  rnn sample ${shellWord(folder)}`));
}

/** The command that resumes a run. The run folder stores the other options. */
function resumeLine(sources: readonly string[], { out }: TrainFlags): string {
  const words = [...sources.map(shellWord), '--resume', ...(out === undefined ? [] : ['--out', shellWord(out)])];
  return `${sources.some(isStandardInput) ? '… | ' : ''}rnn train ${words.join(' ')}`;
}

function addTrainFlags(command: Command): void {
  addGroups(command, trainGroups);
  flagsOf(command).forEach(suggestGrid);
  addNegatedSwitches(command, trainOptions);
  acceptRetired(command);
  addParts(command, {
    examples: [
      ['rnn train book.txt', 'let rnn choose the model'],
      ['rnn train book.txt --preset quick', 'train for three minutes'],
      ['rnn train book.txt --hidden 512 --dry-run', 'show the plan without training'],
      ['rnn train book.txt --resume --max-time 50m', 'resume a run for 50 minutes, for example from cron'],
      ["rnn train src/ --include '*.c' --budget 30m", 'train on code for half an hour'],
    ],
    notes: [
      'Options on the command line override environment variables such as RNN_SEED=2, and these override the --config file. --no-SWITCH turns a switch off: --no-nesterov.',
    ],
    topics: ['cells', 'presets', 'schedules', 'devices', 'environment'],
  });
}

/** A parser of `rnn train` options for other callers, such as `rnn sweep`. It prints nothing. */
export function trainParser(): Command {
  const command = new Command('train')
    .exitOverride()
    .configureOutput({ writeErr: () => {}, outputError: () => {} })
    .helpOption(false);
  addTrainFlags(command);
  refuseRepeats(command);
  return command;
}

/** @throws RnnError `usage` if two options contradict each other */
export const refuseContradictoryFlags = (flags: TrainFlags): void =>
  refuseContradictions(trainOptions, exclusive, { ...flags });

/** The training options that were given. */
export const givenOptions = (flags: TrainFlags): Partial<TrainingOptions> => pick(flags, trainingNames);
