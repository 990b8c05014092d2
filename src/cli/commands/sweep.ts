// `rnn sweep`: a grid or random search over the options of `rnn train`. Which points there are is training/'s, what options are is
// sweep-options.ts's, running them sweep-run.ts's, what is told of them sweep-results.ts's.
import { join } from 'node:path';
import type { Command } from 'commander';
import { RnnError } from '../../errors.ts';
import { pathIn } from '../../path-in.ts';
import type { Edge } from '../../training/edges.ts';
import type { Axis, Distribution, Point } from '../../training/search.ts';
import type { Context } from '../context.ts';
import { chosenDevice, refuseBlasWithout } from '../devices.ts';
import { addGroups, commonFlags, listFlag, numberFlag, switchFlag, textFlag } from '../flags.ts';
import { count, harmless, shellWord } from '../format.ts';
import { signalCodes } from '../signals.ts';
import { about, type Fixed, refuseTrainFlags } from '../sweep-options.ts';
import { fixedFor } from '../sweep-settings.ts';
import { SweepProgress } from '../sweep-progress.ts';
import { bestTask, codeOf, edgeLine, pointEvent, pointLine, showRanking } from '../sweep-results.ts';
import { type Outcome, SweepRunner, type Task, type TaskResult } from '../sweep-run.ts';
import { givenOptions } from './train-flags.ts';

interface SweepFlags {
  readonly grid?: readonly string[];
  readonly sample?: readonly string[];
  readonly random?: number;
  readonly seed?: number;
  readonly out?: string;
  readonly emit?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

const examples = `
Examples:
  rnn sweep corpus.txt --grid hidden=128,256 --grid lr=0.002,0.005 -- --epochs 3
  rnn sweep corpus.txt --random 20 --sample lr=log:1e-4..1e-2 \\
    --sample dropout=0..0.5 --sample cell=lstm,gru -- --budget 2m
  rnn sweep corpus.txt --grid seed=1,2,3,4 --emit -- --threads 1 | parallel -j 4

Or as an array of jobs, one for each line, with Slurm: --emit … >points.txt,
sbatch --array=1-4, and in its script
  eval "$(sed -n "\${SLURM_ARRAY_TASK_ID}p" points.txt)"

The same command goes on with a sweep that was interrupted.`;

const defaultSeed = 1;
export function defineSweep(command: Command, context: Context): void {
  command
    .description(
      "Trains a model for each trial of a grid, or for trials drawn at random, and ranks them. Options of 'rnn train' that hold for all trials go after --.",
    )
    .usage('<corpus...> [options] -- [options of rnn train]')
    .argument('<corpus...>', 'the text to learn')
    .addHelpText('after', examples);
  const groups = {
    'The trials:': [
      listFlag('--grid <option=a,b,c>', 'an option and its values; repeatable'),
      numberFlag('--random <n>', 'sample this many trials instead; 20 find most', { whole: true, min: 1 }),
      listFlag('--sample <option=...>', 'of a..b, log:a..b, or a,b,c; repeatable'),
      numberFlag('--seed <n>', 'the same seed, the same trials (default: 1)', { whole: true, min: 0 }),
    ],
    'Where they go:': [
      textFlag('--out <folder>', 'a run folder for each; sweeps/<name of the text>'),
      switchFlag('--emit', 'print a command line for each, and train none'),
    ],
    'Output:': [
      switchFlag('--json', 'one JSON object per trial, then per run'),
      switchFlag('--quiet', 'print nothing but warnings'),
      ...commonFlags(),
    ],
  };
  addGroups(command, groups);
  refuseTrainFlags(command);
  command.action(async (words: string[], flags: SweepFlags) => {
    context.exitCode = await sweep(words, flags, context);
  });
}

async function sweep(words: readonly string[], flags: SweepFlags, context: Context): Promise<number> {
  const { io, rooms, stdout, stderr } = context;
  const fixed = await fixedFor(words, [...(flags.grid ?? []), ...(flags.sample ?? [])], context);
  refuseBlasWithout(fixed.flags.blas, [chosenDevice(fixed.flags.device, io).name]);
  const { points, axes } = await searchOf(flags, fixed, context);
  const notes = await notesOn(points, fixed, context);
  if (!flags.quiet) for (const note of notes) stderr.line(stderr.colour.dim(note));
  const out = flags.out ?? join('sweeps', (await rooms.corpus()).corpusName(fixed.sources[0]));
  const tasks = points.map((point): Task => ({
    name: point.name,
    folder: pathIn(out, point.name),
    argv: fixed.commandOf(point, pathIn(out, point.name)),
  }));
  const { openSweepFolder } = await rooms.checkpoints();
  if (flags.emit) {
    await openSweepFolder(out, fixed.identity).catch((error: unknown) => {
      // The lines may be for another machine.
      if (!(error instanceof RnnError) || error.kind !== 'machine') throw error;
      stderr.line(stderr.colour.yellow(harmless(`warning: ${error.message}`)));
    });
    for (const { name, folder, argv } of tasks)
      await (flags.json
        ? stdout.writeJson({ event: 'point', name, path: folder, argv })
        : stdout.write(stdout.shown(`rnn ${argv.map(shellWord).join(' ')}\n`)));
    return 0;
  }
  await refuseMissing(fixed, context);
  await openSweepFolder(out, fixed.identity);
  if (!flags.json && !flags.quiet)
    stderr.line(stderr.colour.dim(harmless(`${tasks.length === 1 ? 'one trial' : `${count(tasks.length)} trials`}, in ${out}`)));
  const edges: FindEdges = async (best) => {
    const { settings } = points[tasks.indexOf(best)];
    return (await rooms.searching()).edgesOf(axes, settings, (option, value) => fixed.isValue(option, value));
  };
  return run(tasks, edges, flags, context);
}

/** The edges of what was searched that the best trial is at. */
type FindEdges = (best: Task) => Promise<readonly Edge[]>;

/**
 * What options do nothing, each said once, and at how many points.
 *
 * @throws RnnError `usage` for what no run can have
 */
async function notesOn(points: readonly Point[], fixed: Fixed, { rooms }: Context): Promise<readonly string[]> {
  const { refuseImpossible } = await rooms.possible();
  const notes = new Map<string, number>();
  for (const point of points) {
    const all = fixed.flagsOf(point);
    // The weights that it starts from have sizes of their own.
    if (all.initFrom !== undefined) continue;
    for (const note of about(point.name, () => refuseImpossible(givenOptions(all), { validates: all.validationFraction !== 0 })))
      notes.set(note, (notes.get(note) ?? 0) + 1);
  }
  return [...notes].map(([note, times]) =>
    times === points.length ? note : `${note} (at ${count(times)} of ${count(points.length)} trials)`,
  );
}

/** What is wrong for all points is said once. @throws RnnError `corpus` if a text is not there */
async function refuseMissing({ sources, flags }: Fixed, { rooms }: Context): Promise<void> {
  const { include = [], exclude = [], skipInvalid = false, validationFile, testFile } = flags;
  const { findFiles } = await rooms.corpus();
  for (const source of [...sources, validationFile, testFile].filter((each) => typeof each === 'string')) {
    const { lost } = await findFiles(source, { include, exclude });
    if (lost.length > 0 && !skipInvalid) throw lost[0].error;
  }
}

/** The points of a search, and what each option was chosen from. */
interface Search {
  readonly points: readonly Point[];
  readonly axes: readonly Axis<Distribution>[];
}

/** @throws RnnError `usage` where there are none, or both kinds */
async function searchOf({ grid = [], sample = [], random, seed }: SweepFlags, fixed: Fixed, { rooms, stderr }: Context): Promise<Search> {
  const { gridOf, drawPoints } = await rooms.searching();
  const isRandom = random !== undefined;
  if (isRandom && grid.length > 0)
    throw new RnnError('usage', '--grid and --random exclude each other', { hint: '--sample cell=lstm,gru draws from a list' });
  if (!isRandom && (sample.length > 0 || seed !== undefined))
    throw new RnnError('usage', `${sample.length > 0 ? '--sample' : '--seed'} is for --random`, {
      hint: '--random 20 draws twenty trials',
    });
  if (isRandom && sample.length === 0)
    throw new RnnError('usage', '--random has nothing to draw', { hint: '--sample lr=log:1e-3..1e-2 draws learning rates' });
  if (!isRandom && grid.length === 0)
    throw new RnnError('usage', 'a sweep needs something to try', {
      hint: '--grid hidden=128,256, or --random 20 with --sample lr=log:1e-3..1e-2',
    });
  if (!isRandom) {
    const axes = grid.map((text) => fixed.gridAxis(text));
    const points = gridOf(eachOnce('--grid', axes));
    return { points, axes: axes.map(({ option, values }) => ({ option, values: { kind: 'choice', values } })) };
  }
  const axes = sample.map((text) => fixed.sampleAxis(text));
  const points = drawPoints(eachOnce('--sample', axes), random, seed ?? defaultSeed);
  if (points.length < random) stderr.line(stderr.colour.dim(`there are no more than ${count(points.length)} different trials to draw`));
  return { points, axes };
}

function eachOnce<Axis extends { readonly option: string }>(flag: string, axes: readonly Axis[]): readonly Axis[] {
  const twice = axes.find(({ option }, index) => axes.findIndex((other) => other.option === option) < index);
  if (twice === undefined) return axes;
  throw new RnnError('usage', `${flag} ${twice.option} is given twice`, { hint: `give all its values at once: ${flag} ${twice.option}=…` });
}

async function run(
  tasks: readonly Task[],
  edgesAt: FindEdges,
  { json = false, quiet = false }: SweepFlags,
  context: Context,
): Promise<number> {
  const { rooms, stdout, stderr } = context;
  const progress = stderr.isTerminal && !json && !quiet ? new SweepProgress(stderr, tasks.length) : null;
  const runner = new SweepRunner(context, progress);
  const results: TaskResult[] = [];
  try {
    for await (const result of runner.results(tasks)) {
      results.push(result);
      progress?.end(result.code === null);
      if (json) await stdout.write(`${JSON.stringify(pointEvent(result, tasks))}\n`);
      else if (!quiet) await stdout.write(`${pointLine(result, tasks, context)}\n`);
    }
  } finally {
    progress?.close();
    runner.close();
  }
  const { signal } = runner;
  const counts = (...outcomes: readonly Outcome[]): number => results.filter(({ outcome }) => outcomes.includes(outcome)).length;
  const told = {
    finished: counts('finished', 'earlier'),
    diverged: counts('diverged'),
    stopped: counts('stopped'),
    failed: counts('failed'),
    busy: counts('busy'),
  };
  if (signal === null && (json || !quiet))
    await showRanking((await rooms.runs()).ranked(results.map(({ summary }) => summary)), { json }, context);
  const best = bestTask(results);
  const edges = best === null || signal !== null ? [] : await edgesAt(best);
  if (!json && !quiet) for (const edge of edges) stderr.line(edgeLine(edge));
  if (json) await stdout.write(`${JSON.stringify({ event: 'end', points: tasks.length, ...told, signal, edges })}\n`);
  else if (signal !== null && !quiet) stderr.line(stderr.colour.dim('to continue, give the same command again'));
  if (signal !== null) return signalCodes[signal];
  const of = (some: number): string => `${count(some)} of ${count(tasks.length)} trials`;
  if (told.diverged > 0 && !quiet)
    stderr.line(stderr.colour.dim(`${of(told.diverged)} diverged; one whose folder is removed is tried again`));
  if (told.busy > 0) stderr.line(stderr.colour.yellow(`warning: ${of(told.busy)} left to another process; the same command looks again`));
  if (told.failed > 0) stderr.line(stderr.colour.yellow(`warning: ${of(told.failed)} failed; the same command tries them again`));
  return codeOf(results);
}
