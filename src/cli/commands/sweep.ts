// `rnn sweep`: a grid or random search over the options of `rnn train`. training/search.ts makes
// the trials, sweep/options.ts knows their options, sweep/run.ts trains them, and sweep/results.ts
// shows the results.
import { join } from 'node:path';
import { RnnError, usageError } from '../../errors.ts';
import { joinPath } from '../../files/join-path.ts';
import type { Axis, Trial } from '../../training/search.ts';
import type { Context } from '../context.ts';
import { exclusiveOf, sweepOptions } from '../../options/commands.ts';
import type { CommandOptionValues } from '../../options/option.ts';
import { defineCommand } from '../command.ts';
import { refuseKernelsWithout } from '../devices.ts';
import { count } from '../../count.ts';
import { escapeControls } from '../output/format.ts';
import { shellWord } from '../../shell-word.ts';
import { signalCodes } from '../process/signals.ts';
import { refuseTrainFlags, SharedOptions } from '../sweep/options.ts';
import { WaitingLine } from '../progress/live-line.ts';
import { sweepProgress } from '../sweep/progress.ts';
import { bestOf, codeOf, edgeLine, showRanking, trialEvent, trialLine } from '../sweep/results.ts';
import { type TrialResult, type TrialRun, runTrials } from '../sweep/run.ts';

type SweepFlags = CommandOptionValues<typeof sweepOptions>;

export const { define } = defineCommand({
  description:
    "Train a model for each combination of options in a grid, or for random combinations, and rank the results. After --, add the options of 'rnn train' that all trials share.",
  argument: 'The text to train on',
  options: sweepOptions,
  exclusive: exclusiveOf.sweep,
  examples: [
    ['rnn sweep corpus.txt --grid hidden=128,256 --grid seed=1,2 -- --epochs 3', 'four trials of three epochs'],
    [
      'rnn sweep corpus.txt --random 20 --sample learning-rate=log:1e-4..1e-2 \\\n    --sample dropout=0..0.5 --sample cell=lstm,gru -- --budget 2m',
      'twenty random trials of two minutes',
    ],
    ['rnn sweep corpus.txt --grid seed=1,2,3,4 --emit -- --threads 1 | parallel -j 4', 'four trials at a time'],
  ],
  notes: [
    'To resume an interrupted sweep, run the same command again.',
    'With Slurm, first write one command line per trial with --emit >trials.txt. Put this line into the job script, and submit it with sbatch --array=1-4:\n  eval "$(sed -n "${SLURM_ARRAY_TASK_ID}p" trials.txt)"',
  ],
  more(command) {
    command.usage('<corpus...> [options] -- [options of rnn train]');
    refuseTrainFlags(command);
  },
  run: sweep,
});

async function sweep(words: readonly string[], flags: SweepFlags, context: Context): Promise<number> {
  const { stdout, stderr } = context;
  const { emit = false, json = false, quiet = false } = flags;
  const note = (text: string): void => void (quiet || stderr.note(text));
  const optionsAfterDashes = new SharedOptions(words);
  const { axes, trials } = await searchOf(flags, optionsAfterDashes);
  const shared = await optionsAfterDashes.withSettings(axes, context);
  refuseKernelsWithout(shared.flags.kernels, [shared.flags.device]);
  if (trials.length < (flags.random ?? 0))
    note(
      trials.length === 1 ? 'only one trial is possible' : `only ${count(trials.length)} different trials are possible`,
    );
  (await shared.notesOn(trials)).forEach(note);
  const out = flags.out ?? join('sweeps', (await import('../../corpus/read.ts')).corpusName(shared.sources[0]));
  const runs = trials.map((trial, index): TrialRun => {
    const folder = joinPath(out, trial.name);
    return { ...trial, index, folder, argv: shared.commandOf(trial, folder) };
  });
  if (!emit) await refuseMissing(shared);
  const { openSweepFolder } = await import('../../runs/store.ts');
  await openSweepFolder(out, shared.identity).catch((error: unknown) => {
    // The folder is not needed here if the printed commands are for another machine.
    if (!emit || !(error instanceof RnnError) || error.kind !== 'machine') throw error;
    stderr.warn(escapeControls(error.message));
  });
  if (!emit) {
    if (!json) note(`${runs.length === 1 ? 'one trial' : `${count(runs.length)} trials`}, in ${out}`);
    return train(runs, axes, shared, flags, context);
  }
  for (const { name, folder, argv } of runs)
    await (json
      ? stdout.writeJson({ event: 'point', name, path: folder, argv })
      : stdout.write(stdout.shown(`rnn ${argv.map(shellWord).join(' ')}\n`)));
  return 0;
}

/**
 * Reports a missing text once instead of for each trial.
 *
 * @throws RnnError `corpus` for a missing text
 */
async function refuseMissing({ sources, flags }: SharedOptions): Promise<void> {
  const { include = [], exclude = [], skipInvalid = false, validationFile, testFile } = flags;
  const { findFiles } = await import('../../corpus/read.ts');
  for (const source of [...sources, validationFile, testFile].filter((each) => typeof each === 'string')) {
    const { unreadable: lost } = await findFiles(source, { include, exclude });
    if (lost.length > 0 && !skipInvalid) throw lost[0].error;
  }
}

/**
 * The trials, and the values that they are chosen from.
 *
 * @throws RnnError `usage` if the search varies no option, or if an option is given twice
 */
async function searchOf(
  flags: SweepFlags,
  shared: SharedOptions,
): Promise<{ trials: readonly Trial[]; axes: readonly Axis[] }> {
  const { grid = [], sample = [], random, seed } = flags;
  // One of these is empty: --sample requires --random, which excludes --grid.
  const gridAxes = grid.map((text) => shared.gridAxis(text));
  const sampleAxes = sample.map((text) => shared.sampleAxis(text));
  const axes = [...gridAxes, ...sampleAxes];
  if (axes.length === 0)
    throw usageError(
      'the sweep is empty: expected at least one option to vary',
      'use --grid hidden=128,256, or --random 20 with --sample learning-rate=log:1e-3..1e-2',
    );
  const repeatedOption = axes.find(
    ({ option }, index) => axes.findIndex((other) => other.option === option) < index,
  )?.option;
  if (repeatedOption !== undefined) {
    const flag = `${random === undefined ? '--grid' : '--sample'} ${repeatedOption}`;
    throw usageError(`cannot use ${flag} twice`, `list all its values together: ${flag}=…`);
  }
  const { drawTrials, gridOf } = await import('../../training/search.ts');
  return { axes, trials: random === undefined ? gridOf(gridAxes) : drawTrials(sampleAxes, random, seed) };
}

async function train(
  trials: readonly TrialRun[],
  axes: readonly Axis[],
  shared: SharedOptions,
  { json = false, quiet = false }: SweepFlags,
  context: Context,
): Promise<number> {
  const { stdout, stderr } = context;
  const results: TrialResult[] = [];
  const counts = { finished: 0, diverged: 0, stopped: 0, failed: 0, busy: 0 };
  const line = stderr.isTerminal && !json && !quiet ? new WaitingLine(stderr) : null;
  const progress = line && sweepProgress(line, trials.length);
  const show = async (result: TrialResult): Promise<void> => {
    results.push(result);
    counts[result.outcome === 'earlier' ? 'finished' : result.outcome]++;
    progress?.end();
    if (json) await stdout.writeJson(trialEvent(result, trials.length));
    else if (!quiet) await stdout.write(`${trialLine(result, trials.length, stdout.colour)}\n`);
  };
  const signal = await runTrials(trials, context, progress, show).finally(() => line?.end());
  if (signal === null && (json || !quiet)) await showRanking(results, json, context);
  const best = signal === null ? bestOf(results) : null;
  const { edgesOf } = await import('../../training/edges.ts');
  const edges = best === null ? [] : edgesOf(axes, best.settings, (setting) => shared.isValue(setting));
  if (json) await stdout.writeJson({ event: 'end', points: trials.length, ...counts, signal, edges });
  else if (!quiet) for (const edge of edges) stderr.line(edgeLine(edge));
  if (signal !== null) {
    if (!json && !quiet) stderr.note('to resume, run the same command again');
    return signalCodes[signal];
  }
  const countOfTrials = (n: number): string => `${count(n)} of ${count(trials.length)} trials`;
  if (counts.diverged > 0 && !quiet)
    stderr.note(
      `${countOfTrials(counts.diverged)} diverged. To train one again, remove its folder and run the same command.`,
    );
  if (counts.busy > 0)
    stderr.warn(`another process is training ${countOfTrials(counts.busy)}. To check again, run the same command.`);
  if (counts.failed > 0) stderr.warn(`${countOfTrials(counts.failed)} failed. To retry, run the same command.`);
  return codeOf(results);
}
