// The warning of `rnn train` about a list that is sorted, and the hint about other lists.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { useEstimate } from './doubles.ts';
import { rnn } from './helpers.ts';

let folder: string;
const sizes = ['--batch-size', '4', '--sequence-length', '8'];
const at = (name: string): string => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rnn-list-'));
  const name = (index: number): string => `${'abcdefghij'[Math.floor(index / 6)]}${'aeiouy'[index % 6]}lba\n`;
  await writeFile(at('list.txt'), Array.from({ length: 60 }, (_, index) => name(index)).join(''));
});
const hint = 'hint: the text looks like a list: add --records line to train on its lines\n';

it('a list that is not sorted gets a hint, except with --json and with records', async () => {
  const words = Array.from({ length: 60 }, (_, index) => `${'abcdefghij'[(7 * index) % 10]}${index}lba\n`);
  await writeFile(at('shuffled.txt'), words.join(''));
  const resultOf = (...flags: string[]) => {
    useEstimate();
    return rnn(['train', at('shuffled.txt'), ...sizes, '--dry-run', ...flags]);
  };
  expect((await resultOf()).stderr).toContain(hint);
  for (const flags of [['--json'], ['--records', 'line'], ['--level', 'byte']]) {
    const { code, stdout, stderr } = await resultOf(...flags);
    expect(code).toBe(0);
    expect(stdout + stderr).not.toContain('looks like a list');
  }
});

afterAll(() => rm(folder, { recursive: true }));

it.each([[['--dry-run']], [['--max-steps', '1', '--threads', '1', '--out', 'run']]])('comes with %j', async (flags) => {
  const warning = `warning: the lines are sorted, so the validation part differs from the training part: use --records line to shuffle them`;
  if (flags.includes('--dry-run')) useEstimate();
  const { stderr } = await rnn([
    'train',
    at('list.txt'),
    ...sizes,
    ...flags.map((flag) => (flag === 'run' ? at('run') : flag)),
  ]);
  expect(stderr).toContain(warning);
});

it.each([
  ['a separate validation text', (): string[] => ['--validation-file', at('list.txt')]],
  ['records', (): string[] => ['--records', 'line']],
  ['no validation part', (): string[] => ['--validation-fraction', '0']],
])('does not come with %s', async (_, flags) => {
  useEstimate();
  expect((await rnn(['train', at('list.txt'), ...sizes, ...flags(), '--dry-run'])).stderr).not.toContain('sorted');
});
