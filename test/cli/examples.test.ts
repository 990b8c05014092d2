// The examples at the end of each command's help: each must be a command line that the command takes.
import { describe, expect, it } from 'vitest';
import { RnnError } from '../../src/errors.ts';
import { rnn } from './helpers.ts';

const widest = 80;

/** Whatever a command asks the rest of the program for, after its options were understood. */
const reached = new RnnError('machine', 'the options were understood');
const unbuilt = new Proxy(
  {},
  {
    get: () => async () => {
      throw reached;
    },
  },
);

/** Every `rnn …` below `Examples:`, with the words of what follows them to the right left out. */
function examplesIn(help: string): string[] {
  const [, section = ''] = help.split('\nExamples:\n');
  const lines = section
    .split('\n\n')[0]
    .replaceAll('\\\n', ' ')
    .split('\n')
    .filter((line) => /^ *rnn /.test(line));
  return lines.map((line) => line.trim().replace(/(?<=\S) {2,}(?!-).*$/, ''));
}

const wordsOf = (line: string): string[] => [...line.matchAll(/'[^']*'|[^\s']+/g)].map(([word]) => word.replaceAll("'", ''));

const { stdout: overview } = await rnn(['--help']);
const commands = [...overview.matchAll(/^ {2}(\w+)(?: [<[].*?[>\]])? {2,}\S/gm)]
  .map(([, name]) => name)
  .filter((name) => !['help', 'completion'].includes(name));
const examples = await Promise.all(
  commands.map(async (command) => ({ command, lines: examplesIn((await rnn([command, '--help'])).stdout) })),
);

it('every command has two to five, on lines that fit', async () => {
  expect(commands).toContain('train');
  expect(examples.filter(({ lines }) => lines.length < 2 || lines.length > 5)).toEqual([]);
  for (const { lines } of examples) for (const line of lines) expect(line.length).toBeLessThanOrEqual(widest);
});

describe('is taken:', () => {
  it.each(examples.flatMap(({ lines }) => lines.filter((line) => !line.includes(' | '))))('%s', async (line) => {
    // There is no such file here.
    const { code, stderr } = await rnn(wordsOf(line.replace('--config rnn.json', '--quiet')).slice(1), { rooms: unbuilt });
    expect(stderr).toMatch(/^error: (?:the options were understood|no such file or folder: corpus\.txt)\n/m);
    expect([1, 3]).toContain(code);
  });

  it('but not one with an option that is none', async () => {
    expect((await rnn(['sample', '--tempo', '1'], { rooms: unbuilt })).code).toBe(2);
  });
});
