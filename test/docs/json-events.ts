// Every command that has --json, run on tiny models in this process, and the objects that it prints.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { FakeProcess, rnn } from '../cli/helpers.ts';
import { inProcess } from '../cli/sweep/helpers.ts';

export type Printed = Readonly<Record<string, unknown>>;

export const objectsOf = (text: string): Printed[] =>
  text
    .trimEnd()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Printed);

const machine = ['--device', 'cpu', '--threads', '1'];
const tiny = ['--layers', '1', '--hidden', '8', '--batch-size', '2', '--sequence-length', '8'];
const twoSteps = ['--max-steps', '2', '--sample-every', '1', '--evaluate-every', '1'];

/** Long enough to search units of `rnn inspect`. */
const prose = Array.from({ length: 40 }, (_, line) => `The "quick" fox (${line}) jumps over the lazy dog.\n`).join('');
const pairs = Array.from({ length: 40 }, (_, line) => `name${line}\t${line % 2 === 0 ? 'one' : 'two'}\n`).join('');
const names = [
  'text.txt',
  'other.txt',
  'lines.txt',
  'pairs.tsv',
  'missing.txt',
  'run',
  'bytes',
  'pairs',
  'run.safetensors',
] as const;

/** Command lines without --json, and their exit codes if these are not 0. */
function commandLines(folder: string): readonly (readonly [argv: readonly string[], code?: number])[] {
  const [text, other, lines, tsv, missing, run, bytes, answers, exported] = names.map((name) => join(folder, name));
  const train = ['train', text, ...tiny, ...twoSteps, ...machine];
  const ofRun = ['--checkpoint', run, ...machine];
  const sweep = ['sweep', text, '--out', join(folder, 'sweep'), '--grid', 'learning-rate=0.001,0.002'];
  const afterDashes = ['--', ...tiny, '--max-steps', '1', '--evaluate-every', '1', ...machine];
  return [
    [[...train, '--out', run]],
    [[...train, '--out', bytes, '--level', 'byte']],
    [['train', tsv, ...train.slice(2), '--out', answers, '--records', 'line', String.raw`--learn-after=\t`]],
    [['train', missing], 3],
    [[...train, '--out', join(folder, 'new'), '--dry-run']],
    [['sample', run, '--length', '20', ...machine]],
    [['sample', bytes, '--length', '20', ...machine]],
    [['sample', run, '--length', '8', '--primes', lines, ...machine], 3],
    [['predict', 'The', '--top', '2', ...ofRun]],
    [['predict', 'The', '--top', '2', '--steps', '2', ...ofRun]],
    [['predict', 'The', '--beam', '2', '--length', '4', ...ofRun]],
    [['score', lines, ...ofRun]],
    [['score', lines, '--checkpoint', bytes, ...ofRun]],
    [['eval', text, '--by-character', '--dynamic', '--against', other, ...ofRun]],
    [['eval', tsv, '--checkpoint', answers, ...machine]],
    [['info', run, answers]],
    [['runs', folder]],
    [['plot', run]],
    [['watch', run]],
    [['story', run]],
    [['inspect', text, ...ofRun]],
    [['inspect', text, '--unit', '0.h.1', ...ofRun]],
    [['gradients', text, '--steps', '4', '--positions', '2', ...ofRun]],
    [['export', run, '--out', exported]],
    [['import', exported, '--out', join(folder, 'imported')]],
    [[...sweep, '--emit', ...afterDashes]],
    [[...sweep, ...afterDashes]],
    [['bench', '--seconds', '0.01', '--profile', ...tiny, ...machine]],
    [['bench', '--dry-run', '--device', 'gpu', ...tiny]],
    [['doctor', '--device', 'cpu']],
  ];
}

/** `argv` with --json before any --, because a sweep passes the words after it on. */
function withJson(argv: readonly string[]): string[] {
  const dashes = argv.indexOf('--');
  const end = dashes < 0 ? argv.length : dashes;
  return [...argv.slice(0, end), '--json', ...argv.slice(end)];
}

/**
 * The objects that the commands print, by the command.
 *
 * @param folder an empty folder
 */
export async function printedByCommands(folder: string): Promise<Map<string, Printed[]>> {
  const at = (name: (typeof names)[number]): string => join(folder, name);
  await writeFile(at('text.txt'), prose);
  await writeFile(at('other.txt'), 'The dog jumps over the quick fox.\n'.repeat(20));
  await writeFile(at('lines.txt'), 'The quick fox\nthe # dog\n');
  await writeFile(at('pairs.tsv'), pairs);
  const printed = new Map<string, Printed[]>();
  const add = (command: string, text: string): void => {
    printed.set(command, [...(printed.get(command) ?? []), ...objectsOf(text)]);
  };
  for (const [argv, expected = 0] of commandLines(folder)) {
    const { code, stdout, stderr } = await rnn(withJson(argv), { start: inProcess().start });
    if (code !== expected) throw new Error(`rnn ${argv.join(' ')} ended with ${code}: ${stderr}`);
    const [command] = argv;
    const isPlan = command === 'train' && argv.includes('--dry-run');
    add(`rnn ${command}${isPlan ? ' --dry-run' : ''}`, stdout);
  }
  add('rnn train', await readFile(join(at('run'), 'log.jsonl'), 'utf8'));
  add('rnn serve', await served(at('run')));
  return printed;
}

/** The output of a server that answers one request. */
async function served(run: string): Promise<string> {
  const io = new FakeProcess();
  const ended = rnn(['serve', run, '--port', '0', '--json', ...machine], {}, io);
  let url: string | undefined;
  while ((url = /http:[^"]+/.exec(io.stdout.text)?.[0]) === undefined) await setTimeout(5);
  await fetch(`${url}v1/completions`, { method: 'POST', body: '{"prompt": "The", "max_tokens": 4}' });
  io.send('SIGTERM');
  return (await ended).stdout;
}
