// The command line: finds the command, runs it, and turns whatever happens into an exit code. Knows nothing of what commands do.
import { Command, CommanderError } from 'commander';
import { RnnError } from '../errors.ts';
import { coloursFor, noColours } from './colour.ts';
import type { Context } from './context.ts';
import { comeFrom, failureOf } from './failures.ts';
import { commonFlags } from './flags.ts';
import { harmless } from './format.ts';
import type { Io } from './io.ts';
import { Output, OutputClosed } from './output.ts';
import { rooms as realRooms, type Rooms } from './rooms.ts';
import { readVersion } from './version.ts';

type Define = (command: Command, context: Context) => void;

/** Every command, in the order of the help. What defines its options is loaded only if its name is on the command line. */
const commands: readonly { name: string; takes: string; summary: string; load: () => Promise<Define> }[] = [
  {
    name: 'train',
    takes: '<corpus...>',
    summary: 'train a model on files, folders, globs or - (stdin)',
    load: async () => (await import('./commands/train.ts')).defineTrain,
  },
  {
    name: 'sample',
    takes: '',
    summary: 'write text with a trained model',
    load: async () => (await import('./commands/sample.ts')).defineSample,
  },
  {
    name: 'eval',
    takes: '<corpus...>',
    summary: 'tell how well a trained model predicts a text',
    load: async () => (await import('./commands/eval.ts')).defineEval,
  },
  {
    name: 'gradients',
    takes: '<corpus...>',
    summary: 'show how far back the loss reaches, and where gradients vanish',
    load: async () => (await import('./commands/gradients.ts')).defineGradients,
  },
  {
    name: 'inspect',
    takes: '<text...>',
    summary: 'show what the cells of a trained model do on a text',
    load: async () => (await import('./commands/inspect.ts')).defineInspect,
  },
  {
    name: 'info',
    takes: '[checkpoint]',
    summary: 'show what a checkpoint is',
    load: async () => (await import('./commands/info.ts')).defineInfo,
  },
  {
    name: 'runs',
    takes: '[folder]',
    summary: 'list runs, the lowest validation loss first',
    load: async () => (await import('./commands/runs.ts')).defineRuns,
  },
  {
    name: 'plot',
    takes: '[runs...]',
    summary: 'draw how training went, here or as a page or picture',
    load: async () => (await import('./commands/plot.ts')).definePlot,
  },
  {
    name: 'watch',
    takes: '[run]',
    summary: 'show the curves of a run while it trains',
    load: async () => (await import('./commands/watch.ts')).defineWatch,
  },
  {
    name: 'story',
    takes: '[run]',
    summary: 'show what a run wrote as it learnt',
    load: async () => (await import('./commands/story.ts')).defineStory,
  },
  {
    name: 'sweep',
    takes: '<corpus...>',
    summary: 'train on a grid of options, or on some drawn at random',
    load: async () => (await import('./commands/sweep.ts')).defineSweep,
  },
  {
    name: 'export',
    takes: '[checkpoint]',
    summary: 'write a trained model as a file for other programs',
    load: async () => (await import('./commands/export.ts')).defineExport,
  },
  {
    name: 'import',
    takes: '<file>',
    summary: 'make a run folder of a model that comes from PyTorch',
    load: async () => (await import('./commands/import.ts')).defineImport,
  },
  {
    name: 'corpus',
    takes: '[name]',
    summary: 'list the built-in corpora, or write one to corpora/',
    load: async () => (await import('./commands/corpus.ts')).defineCorpus,
  },
  {
    name: 'doctor',
    takes: '',
    summary: 'tell which devices work here, and which do not and why',
    load: async () => (await import('./commands/doctor.ts')).defineDoctor,
  },
  {
    name: 'bench',
    takes: '',
    summary: 'measure how fast this machine trains and samples',
    load: async () => (await import('./commands/bench.ts')).defineBench,
  },
  {
    name: 'completion',
    takes: '<shell>',
    summary: 'print what makes a shell complete commands and options',
    load: async () => (await import('./commands/completion.ts')).defineCompletion,
  },
];

const examples = `
Examples:
  rnn corpus sonnets
  rnn train corpora/sonnets.txt --budget 2m
  rnn sample --prime "Shall I compare" --temp 0.8

'rnn train --help' lists the options of a command, and how to choose them.`;

const widestHelp = 100;
const usageCode = 2;

/** Runs one command line and settles to its exit code. Nothing is thrown, and the process is left running. */
export async function run(argv: readonly string[], io: Io, rooms: Rooms = realRooms): Promise<number> {
  const words = new Set(argv.includes('--') ? argv.slice(0, argv.indexOf('--')) : argv);
  const context = await openContext(io, rooms, !words.has('--no-color'));
  let written: Promise<unknown> = Promise.resolve(null);
  try {
    const program = await define(
      words,
      context,
      (text) =>
        (written = context.stdout.write(text).then(
          () => null,
          (error: unknown) => error,
        )),
    );
    await program.parseAsync(wanted(argv), { from: 'user' });
    return context.exitCode;
  } catch (error) {
    // The help or the version was asked for; it may not have gone anywhere.
    const thrown = error instanceof CommanderError && error.exitCode === 0 ? await written : error;
    if (thrown === null || thrown instanceof OutputClosed) return 0;
    // `rnn` alone: the help has been printed, on stderr.
    if (thrown instanceof CommanderError && thrown.code === 'commander.help') return usageCode;
    const help = helpOn(argv);
    const failure = thrown instanceof CommanderError ? usageError(thrown, help) : thrown;
    return report(failure, context, {
      debug: words.has('--debug') || context.wantsDebug,
      json: words.has('--json') || context.wantsJson,
      help,
    });
  }
}

async function openContext(io: Io, rooms: Rooms, colour: boolean): Promise<Context> {
  const stdout = new Output('stdout', io, await coloursFor(io.stdout, io.env, colour));
  const stderr = new Output('stderr', io, await coloursFor(io.stderr, io.env, colour));
  return { io, rooms, stdout, stderr, exitCode: 0, origins: new Map(), wantsJson: false, wantsDebug: false };
}

/** Of `rnn help trian` what `rnn trian` is told: Commander would print the help on everything. */
function wanted(argv: readonly string[]): string[] {
  const [first, second] = argv;
  const isLost = first === 'help' && second !== undefined && !second.startsWith('-') && !commands.some(({ name }) => name === second);
  return isLost ? argv.slice(1) : [...argv];
}

/** @param writeHelp takes the help, or the version, for stdout */
async function define(words: ReadonlySet<string>, context: Context, writeHelp: (text: string) => void): Promise<Command> {
  const { stdout, stderr } = context;
  const program = new Command('rnn')
    .description('Character-level language models: train a recurrent network on any text, sample from it.')
    .usage('<command> [options]')
    .version(readVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', "print a command's help")
    .addHelpText('after', examples)
    // So that `rnn sample --prime --version` is a prime.
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      writeOut: writeHelp,
      writeErr: (text) => stderr.line(text.trimEnd()),
      // An error arrives in `run` and is told there, like any other.
      outputError: () => {},
      getOutHelpWidth: () => Math.min(widestHelp, stdout.columns),
      getErrHelpWidth: () => Math.min(widestHelp, stderr.columns),
      getOutHasColors: () => stdout.colour !== noColours,
      getErrHasColors: () => stderr.colour !== noColours,
    })
    .configureHelp({
      styleTitle: (text) => stdout.colour.bold(text),
      styleOptionTerm: (text) => stdout.colour.cyan(text),
      styleSubcommandTerm: (text) => stdout.colour.cyan(text),
      subcommandTerm: (command) =>
        `${command.name()} ${commands.find(({ name }) => name === command.name())?.takes ?? '[command]'}`.trimEnd(),
    });
  for (const flag of commonFlags()) program.addOption(flag);
  for (const { name, summary, load } of commands) {
    const command = program.command(name).summary(summary);
    // Completions are for all of them.
    if (words.has(name) || words.has('completion')) (await load())(command, context);
  }
  program.hook('preAction', async (_program, command) => (await import('./settings.ts')).settle(command, context));
  return program;
}

/** The command that prints the help on what was tried. */
function helpOn(argv: readonly string[]): string {
  const common = new Set(commonFlags().map((flag) => flag.long));
  const first = argv.find((word) => !common.has(word));
  return commands.some(({ name }) => name === first) ? `rnn ${first} --help` : 'rnn --help';
}

/** Commander's `error: unknown option '--hiden'\n(Did you mean --hidden?)` as a message and a hint. */
function usageError(error: CommanderError, help: string): RnnError {
  const [message, ...rest] = error.message.replace(/^error: /, '').split('\n');
  const suggestion = /\(Did you mean (.*\?)\)/.exec(rest.join(' '))?.[1];
  return new RnnError('usage', message, { hint: suggestion === undefined ? `${help} shows what there is` : `did you mean ${suggestion}` });
}

async function report(
  thrown: unknown,
  { stdout, stderr, origins }: Context,
  options: { debug: boolean; json: boolean; help: string },
): Promise<number> {
  const failure = failureOf(thrown, options);
  const { code, message, stack } = failure;
  // A value that is refused says what is allowed; how to choose it is in the help.
  const advice = failure.hint ?? (code === usageCode ? `${options.help} tells how to choose it` : undefined);
  const hint = [...comeFrom(failure, origins), ...(advice === undefined ? [] : [advice])].join('; ') || undefined;
  // They may quote a file that came from anywhere.
  if (stack !== undefined) stderr.line(stderr.colour.dim(harmless(stack)));
  stderr.line(`${stderr.colour.red('error:')} ${harmless(message)}`);
  if (hint !== undefined) stderr.line(stderr.colour.dim(`hint: ${harmless(hint)}`));
  // If stdout is what failed, stderr has told it.
  if (options.json) await stdout.write(`${JSON.stringify({ event: 'error', code, message, hint: hint ?? null })}\n`).catch(() => {});
  return code;
}
