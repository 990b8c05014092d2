// The examples at the end of each command's help: the command must accept each of them.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openDevice } from '../../src/devices/open.ts';
import { examine } from '../../src/diagnosis/doctor.ts';
import { RnnError } from '../../src/errors.ts';
import { temporaryFolder } from '../runs/fixture.ts';
import { rnn } from './helpers.ts';

const widest = 80;

// Nothing is measured, because there is no device.
vi.mock('../../src/devices/open.ts', { spy: true });
vi.mock('../../src/diagnosis/doctor.ts', { spy: true });
vi.mocked(openDevice).mockRejectedValue(new RnnError('device', 'there is no device'));
vi.mocked(examine).mockImplementation(async function* () {});

/** Every `rnn …` below `Examples:`, without the explanation to its right. */
function examplesIn(help: string): string[] {
  const [, section = ''] = help.split('\nExamples:\n');
  const lines = section
    .split('\n\n')[0]
    .replaceAll('\\\n', ' ')
    .split('\n')
    .filter((line) => /^ *rnn /.test(line));
  return lines.map((line) => line.trim().replace(/(?<=\S) {2,}(?!-).*$/, ''));
}

const wordsOf = (line: string): string[] =>
  [...line.matchAll(/'[^']*'|[^\s']+/g)].map(([word]) => word.replaceAll("'", ''));

const { stdout: overview } = await rnn(['--help']);
const commands = [...overview.split('Topics of')[0].matchAll(/^ {2}(\w+)(?: [<[].*?[>\]])? {2,}\S/gm)]
  .map(([, name]) => name)
  .filter((name) => !['help', 'completion'].includes(name));
const examples = await Promise.all(
  commands.map(async (command) => ({ command, lines: examplesIn((await rnn([command, '--help'])).stdout) })),
);

it('every command has two to five examples, on lines that fit', async () => {
  expect(commands).toContain('train');
  expect(examples.filter(({ lines }) => lines.length < 2 || lines.length > 5)).toEqual([]);
  for (const { lines } of examples) for (const line of lines) expect(line.length).toBeLessThanOrEqual(widest);
});

describe('the program accepts', () => {
  const before = process.cwd();
  beforeEach(() => process.chdir(temporaryFolder()));
  afterEach(() => process.chdir(before));

  it.each(examples.flatMap(({ lines }) => lines.filter((line) => !line.includes(' | '))))('%s', async (line) => {
    const { code, stderr } = await rnn(wordsOf(line.replace('--config rnn.json', '--quiet')).slice(1));
    // In an empty folder without a text, a run or a device. A wrong command line would end with 2.
    expect([0, 3, 4, 6], stderr).toContain(code);
  });

  it('no example with an unknown option', async () => {
    expect((await rnn(['sample', '--tempo', '1'])).code).toBe(2);
  });
});
