// The command line: finds the command, runs it, and turns its result or its error into an exit
// code.
import { readFileSync } from 'node:fs';
import { Command, CommanderError, type Option } from 'commander';
import { type RnnError, usageError } from '../errors.ts';
import { coloursFor, noColours } from './output/colour.ts';
import { type CommandEntry, commands } from './commands.ts';
import type { Context } from './context.ts';
import { originNotes, failureOf } from './failures.ts';
import { commonOptions } from '../options/common.ts';
import { meansOutput, suggestWords } from '../options/suggest.ts';
import { flagsFor, refuseRepeats, suggestedKeys } from './flags.ts';
import { helpWidth } from './help/layout.ts';
import { helpOf } from './help/page.ts';
import { topics } from './help/topics.ts';
import { type HelpParts, HelpOption, addParts } from './help/parts.ts';
import { escapeControls, onOneLine } from './output/format.ts';
import type { Io } from './process/io.ts';
import { Output, OutputClosed } from './output/output.ts';

const parts: HelpParts = {
  examples: [
    ['rnn corpus sonnets', 'write a text to train on'],
    ['rnn train corpora/sonnets.txt --budget 2m', 'train for two minutes'],
    ['rnn sample --prime "Shall I compare" --temp 0.8', 'generate text'],
  ],
  notes: ["Run 'rnn COMMAND -h' for the common options of a command, and 'rnn COMMAND --help' for all."],
};

const usageCode = 2;

const someText = 'a file, a folder, or - for standard input';
/** The values of required arguments. */
const expectedArguments: Readonly<Record<string, string>> = {
  corpus: someText,
  text: someText,
  file: 'the name of a file',
  shell: 'bash, zsh or fish',
};

/** Runs one command line and settles to its exit code. It neither throws nor ends the process. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  const words = new Set(argv.includes('--') ? argv.slice(0, argv.indexOf('--')) : argv);
  const context = await openContext(io, !words.has('--no-color'));
  let helpWritten: Promise<unknown> = Promise.resolve(null);
  let program: Command | null = null;
  try {
    program = await define(
      argv,
      context,
      (text) =>
        (helpWritten = context.stdout.write(text).then(
          () => null,
          (error: unknown) => error,
        )),
    );
    await program.parseAsync(withoutHelpCommand(argv), { from: 'user' });
    context.waiting?.end();
    return context.exitCode;
  } catch (error) {
    context.waiting?.end();
    // The user asked for the help or the version, and writing it may have failed.
    const reason = error instanceof CommanderError && error.exitCode === 0 ? await helpWritten : error;
    if (reason === null || reason instanceof OutputClosed) return 0;
    // `rnn` alone: the help has been printed, on stderr.
    if (reason instanceof CommanderError && reason.code === 'commander.help') return usageCode;
    const triedCommand = commandIn(argv);
    const help = triedCommand === undefined ? 'rnn --help' : `rnn ${triedCommand.name} --help`;
    const options = program?.commands.find((command) => command.name() === triedCommand?.name)?.options ?? [];
    const failure = reason instanceof CommanderError ? commandLineError(reason, help, triedCommand, options) : reason;
    return report(failure, context, {
      debug: words.has('--debug') || context.wantsDebug,
      json: context.wantsJson ?? words.has('--json'),
      help,
    });
  }
}

async function openContext(io: Io, colour: boolean): Promise<Context> {
  const stdout = new Output('stdout', io, await coloursFor(io.stdout, io.env, colour));
  const stderr = new Output('stderr', io, await coloursFor(io.stderr, io.env, colour));
  return {
    io,
    stdout,
    stderr,
    waiting: null,
    exitCode: 0,
    origins: new Map(),
    wantsJson: null,
    wantsDebug: false,
  };
}

/** Opens the progress line, which only a terminal shows. */
async function openWaiting(context: Context): Promise<void> {
  const { stdout, stderr, wantsJson } = context;
  if (!stderr.isTerminal || wantsJson === true) return;
  const { WaitingLine } = await import('./progress/live-line.ts');
  context.waiting = new WaitingLine(stderr);
  stdout.beforeWrite = () => context.waiting?.end();
}

/**
 * Turns `rnn help` into `rnn --help`, and `rnn help train` into `rnn train --help`. The words of a
 * topic stay unchanged.
 */
function withoutHelpCommand(argv: readonly string[]): string[] {
  const at = argv.findIndex((word) => !isCommon(word));
  if (argv[at] !== 'help') return [...argv];
  const others = argv.filter((_, index) => index !== at);
  const word = others.find((each) => !isCommon(each));
  return word === undefined || commands.some(({ name }) => name === word) ? [...others, '--help'] : [...argv];
}

/** Whether a word is an option of every command. */
const isCommon = (word: string): boolean => flagsFor(commonOptions).some((flag) => flag.long === word);

/** @param writeHelp takes the help, or the version, for stdout */
async function define(argv: readonly string[], context: Context, writeHelp: (text: string) => void): Promise<Command> {
  const { stdout, stderr } = context;
  const help = new HelpOption();
  const program = new Command('rnn')
    .description('Character-level language models: train a recurrent network on any text, and sample from it.')
    .usage('<command> [options]')
    .version(readVersion(), '-V, --version')
    .addHelpOption(help)
    .helpCommand(false)
    // So that --version in `rnn sample --prime --version` is the value of --prime.
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      writeOut: writeHelp,
      writeErr: (text) => stderr.line(text.trimEnd()),
      // `run` catches the error and prints it, like any other.
      outputError: () => {},
      getOutHelpWidth: () => helpWidth(stdout.columns),
      getErrHelpWidth: () => helpWidth(stderr.columns),
      getOutHasColors: () => stdout.colour !== noColours,
      getErrHasColors: () => stderr.colour !== noColours,
    })
    .configureHelp({
      formatHelp: (command, { helpWidth: width = 80 }) =>
        helpOf(command, help.isShort, { width, colour: stdout.colour }),
    });
  addParts(program, parts);
  for (const flag of flagsFor(commonOptions)) program.addOption(flag);
  for (const { name, takes, summary, load } of commands) {
    const command = program.command(name).summary(summary);
    // A completion script covers all commands.
    if (argv.includes(name) || argv.includes('completion')) (await load()).define(command, context, takes);
    refuseRepeats(command);
  }
  program.hook('preAction', async (_program, command) => {
    await (await import('./settings.ts')).settleOptions(command, context);
    await openWaiting(context);
  });
  return program;
}

function readVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return version;
}

/** The command that the user named, if it exists. */
function commandIn(argv: readonly string[]): CommandEntry | undefined {
  const first = argv.find((word) => !isCommon(word));
  return commands.find(({ name }) => name === first);
}

/**
 * Commander's `error: unknown option '--hiden'\n(Did you mean --hidden?)` as a message and a hint.
 */
function commandLineError(
  error: CommanderError,
  help: string,
  tried: CommandEntry | undefined,
  options: readonly Option[],
): RnnError {
  const [message] = error.message.replace(/^error: /, '').split('\n');
  const unknown = /^unknown command '(.*)'$/.exec(message)?.[1];
  if (topics.some(({ name }) => name === unknown)) return usageError(message, `run rnn help ${unknown}`);
  const [command] =
    unknown === undefined
      ? []
      : suggestWords(
          unknown,
          commands.map(({ name }) => name),
        );
  if (command !== undefined) return usageError(message, `did you mean ${command}?`);
  const [word, value] = /^unknown option '(-[^=]+)(=.*)?'$/.exec(message)?.slice(1) ?? [];
  if (value !== undefined && options.some(({ long }) => long === word))
    return usageError(`${word} is ${value.slice(1) || 'an empty text'}: expected no value`, `write ${word} alone`);
  const missing = /^missing required argument '(.*)'$/.exec(message)?.[1];
  if (missing !== undefined) return usageError(missingArgument(missing), `run ${help}`);
  const hint = word === undefined || tried === undefined ? undefined : hintFor(word, tried, options);
  if (hint !== undefined) return usageError(message, hint);
  const purpose =
    unknown === undefined && word === undefined
      ? ''
      : ` to list ${tried === undefined ? 'the commands' : 'its options'}`;
  return usageError(message, `run ${help}${purpose}`);
}

const upperFirst = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1);

const missingArgument = (name: string): string => `the ${name} is missing: expected ${expectedArguments[name]}`;

/** A hint on the probable meaning of an unknown option, or undefined without a suggestion. */
function hintFor(word: string, { name, takes }: CommandEntry, options: readonly Option[]): string | undefined {
  const argument = /\w+/.exec(takes)?.[0];
  const suggestions = suggestedKeys(options, word, argument === undefined ? [] : [argument]);
  if (meansOutput(word) && !suggestions.some(meansOutput)) return `add >FILE: rnn ${name} writes to standard output`;
  if (argument !== undefined && suggestions[0] === argument) return `write it as an argument: rnn ${name} ${takes}`;
  return suggestions.length > 0 ? `did you mean ${suggestions.map((key) => `--${key}`).join(' or ')}?` : undefined;
}

async function report(
  thrown: unknown,
  { stdout, stderr, origins }: Context,
  options: { debug: boolean; json: boolean; help: string },
): Promise<number> {
  const failure = failureOf(thrown, options);
  const { code, message, cases, stack } = failure;
  // The message about a wrong value lists the allowed values, and the help says how to choose.
  const advice = failure.hint ?? (code === usageCode ? `run ${options.help} to see how to choose a value` : undefined);
  const sentences = [...originNotes(failure, origins), ...(advice === undefined ? [] : [advice])];
  const hint = sentences.map((text, index) => (index === 0 ? text : upperFirst(text))).join('. ') || undefined;
  // The stack and the message may quote a file from an untrusted source.
  if (stack !== undefined) stderr.line(stderr.colour.dim(escapeControls(stack)));
  stderr.line(`${stderr.colour.red('error:')} ${onOneLine(message)}${cases.length === 0 ? '' : ':'}`);
  for (const each of cases) stderr.line(`  ${onOneLine(each)}`);
  if (hint !== undefined) stderr.line(stderr.colour.dim(`hint: ${onOneLine(hint)}`));
  // If writing to stdout failed, stderr already shows the error.
  if (options.json)
    await stdout
      .writeJson({ event: 'error', code, message, hint: hint ?? null, ...(cases.length > 0 && { cases }) })
      .catch(() => {});
  return code;
}
