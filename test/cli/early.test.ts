// A long text is not read for an impossible run: errors that no text can fix come first.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, it, vi } from 'vitest';
import { readCorpus } from '../../src/corpus/read.ts';
import { kernelAvailability } from '../../src/devices/cpu/choose.ts';
import { mayHaveGpu } from '../../src/devices/gpu/search.ts';
import { temporaryFolder } from '../runs/fixture.ts';
import { rnn } from './helpers.ts';

const wasRead = 'the text was read';
vi.mock('../../src/corpus/read.ts', async (original) => {
  const real = await original<typeof import('../../src/corpus/read.ts')>();
  return { ...real, readCorpus: vi.fn<typeof readCorpus>(real.readCorpus) };
});
const refuseToRead = (): void => void vi.mocked(readCorpus).mockRejectedValue(new Error(wasRead));
beforeEach(refuseToRead);

interface Impossible {
  readonly options: string;
  readonly env?: Record<string, string>;
  readonly code: number;
  readonly message: RegExp;
}

const impossible: readonly Impossible[] = [
  { options: '--tied', code: 2, message: /cannot use --tied: --embedding is 0/ },
  { options: '', env: { RNN_TIED: '1' }, code: 2, message: /cannot use --tied: --embedding is 0/ },
  { options: '--embedding-dropout 0.5', code: 2, message: /cannot use --embedding-dropout: --embedding is 0/ },
  { options: '--time-skip 1', code: 2, message: /--time-skip is 1/ },
  { options: '--layers 2000', code: 2, message: /--layers is 2000/ },
  { options: '--layer-norm --cell gru', code: 2, message: /cannot use --layer-norm: --cell is gru/ },
  {
    options: '--patience 3 --validation-fraction 0',
    code: 2,
    message:
      /cannot use --patience 3: the run has no evaluations\nhint: validate on a longer text with --validation-fraction or --validation-file, or omit --patience/,
  },
  {
    options: '--schedule plateau --evaluate-every 0',
    code: 2,
    message:
      /cannot use --schedule plateau: the run has no evaluations\nhint: omit --evaluate-every 0, or omit --schedule/,
  },
  { options: '--sequence-length 5000', code: 2, message: /too long to plan/ },
  { options: '--layers 1000', code: 2, message: /too long to plan/ },
  { options: '--hidden 1000000', code: 2, message: /GB free/ },
  { options: '--batch-size 100000000', code: 2, message: /GB free/ },
  ...(process.platform === 'darwin'
    ? []
    : [{ options: '--kernels accelerate', code: 6, message: /cannot use the kernels accelerate/ }]),
  ...(mayHaveGpu() ? [] : [{ options: '--device gpu', code: 6, message: /cannot use device gpu/ }]),
];

it.each(impossible)(
  'rnn train $options $env is refused before the text is read',
  async ({ options, env = {}, code, message }) => {
    const folder = temporaryFolder();
    const words = ['train', join(folder, 'text'), '--out', join(folder, 'run'), ...options.split(' ').filter(Boolean)];
    const ran = await rnn(words, { env });
    expect(ran).toMatchObject({ code, stderr: expect.stringMatching(message) });
  },
);

it('a bad value of RNN_KERNELS is refused before the text is read', async () => {
  vi.stubEnv('RNN_KERNELS', '/no/such');
  const { stderr } = await rnn(['train', 'text', '--out', join(temporaryFolder(), 'run')]);
  vi.unstubAllEnvs();
  expect(stderr).toContain('/no/such');
  expect(stderr).not.toContain(wasRead);
});

it('a run that continues is checked before its text is read', async () => {
  const folder = temporaryFolder();
  const text = join(folder, 'text');
  writeFileSync(text, 'a short text. '.repeat(50));
  const run = ['train', text, '--out', join(folder, 'run'), '--hidden', '8', '--device', 'cpu'];
  vi.mocked(readCorpus).mockReset();
  expect((await rnn([...run, '--max-steps', '2', '--quiet'])).code).toBe(0);
  refuseToRead();
  const resume = (...more: string[]) => rnn([...run, '--resume', '--max-steps', '4', ...more]);
  expect((await resume()).stderr).toContain(wasRead);
  expect((await resume('--sequence-length', '5000')).stderr).toContain('too long to plan');
  expect((await resume('--patience', '2', '--evaluate-every', '0')).stderr).toContain(
    'cannot use --patience 2: the run has no evaluations',
  );
  const unusable = kernelAvailability().find(({ problem }) => problem !== null)!; // no machine has all
  expect((await resume('--kernels', unusable.name)).stderr).toContain(`cannot use the kernels ${unusable.name}:`);
});
