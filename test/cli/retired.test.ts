// Options of earlier versions: accepted with a warning that names their replacement, and ignored.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Ran, rnn } from './helpers.ts';
import { train } from './settings-fixture.ts';
import { temporaryFolder } from '../runs/fixture.ts';

const warning = (name: string, instead = '--kernels or RNN_KERNELS'): string =>
  `warning: ${name} has no effect any more: use ${instead}\n`;
const warnings = ({ stderr }: Pick<Ran, 'stderr'>): string =>
  stderr
    .split('\n')
    .filter((line) => /^warning: .* has no effect/.test(line))
    .map((line) => `${line}\n`)
    .join('');

describe('rnn train', () => {
  it.each([[['--blas', 'off']], [['--blas=/usr/lib/libopenblas.so.0']], [['--blas', 'auto', '--blas', 'off']]])(
    'warns about %j, and ignores it',
    async (argv) => {
      const { code, calls, ...ran } = await train({ argv: ['--device', 'cpu', ...argv] });
      expect({ code, warnings: warnings(ran) }).toEqual({ code: 0, warnings: warning('--blas') });
      expect(calls.device).toEqual(['cpu', expect.not.objectContaining({ kernels: expect.anything() })]);
      expect(calls.device?.[1]).not.toHaveProperty('blas');
    },
  );

  it.each([
    ['RNN_BLAS', 'off', '--kernels or RNN_KERNELS'],
    ['RNN_WASM', 'portable', 'RNN_KERNELS=wasm-portable'],
    ['RNN_WASM', 'relaxed', 'RNN_KERNELS=wasm'],
    ['RNN_WASM', 'fast', '--kernels or RNN_KERNELS'],
  ])('warns about %s=%s, and ignores it', async (name, value, instead) => {
    const { code, calls, ...ran } = await train({ env: { [name]: value } });
    expect({ code, warnings: warnings(ran) }).toEqual({ code: 0, warnings: warning(name, instead) });
    expect(calls.device?.[1]).not.toHaveProperty('kernels');
  });

  it('warns about the key in a file, and names its line', async () => {
    const { code, calls, ...ran } = await train({ file: { blas: 'off', hidden: 32, kernels: 'wasm' } });
    expect(code).toBe(0);
    expect(warnings(ran)).toMatch(
      /^warning: .*rnn\.json:1: blas has no effect any more: use --kernels or RNN_KERNELS\n$/,
    );
    expect(calls.given).toMatchObject({ hidden: 32 });
    expect(calls.device?.[1]).toMatchObject({ kernels: 'wasm' });
  });

  it('shows none of them in its help', async () => {
    expect((await rnn(['train', '--help'])).stdout).not.toMatch(/blas/i);
    expect((await rnn(['completion', 'bash'])).stdout).not.toMatch(/blas/i);
  });
});

describe('other commands', () => {
  it.each([['eval', 'text'], ['gradients', 'text'], ['bench'], ['doctor']])(
    'take them too: rnn %s',
    async (...words) => {
      const { stderr } = await rnn([...words, '--blas', 'off', '--device', 'reference', '--kernels', 'nonsense']);
      expect(stderr).toContain('--kernels is nonsense');
      const ran = await rnn([...words, '--blas', 'off', '--device', 'npu'], { env: { RNN_BLAS: 'off' } });
      expect(ran.stderr).not.toContain('unknown option');
    },
  );

  it('warn about the flag and the variable if they compute, and about neither if not', async () => {
    const checked = await rnn(['doctor', '--device', 'reference', '--blas', 'off'], { env: { RNN_WASM: 'portable' } });
    expect(checked).toMatchObject({
      code: 0,
      stderr: warning('--blas') + warning('RNN_WASM', 'RNN_KERNELS=wasm-portable'),
    });
    expect((await rnn(['runs', temporaryFolder()], { env: { RNN_BLAS: 'off' } })).stderr).not.toContain('RNN_BLAS');
    expect(await rnn(['runs', '--blas', 'off'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('unknown option'),
    });
  });

  it('rnn sweep warns once about an option that all trials share, and does not pass it to them', async () => {
    const folder = temporaryFolder();
    const text = join(folder, 'text');
    writeFileSync(text, 'to be or not to be. '.repeat(60));
    const words = ['sweep', text, '--out', join(folder, 'out'), '--grid', 'hidden=4,5', '--emit'];
    const ran = await rnn([...words, '--', '--blas', 'off', '--max-steps', '3'], { env: { RNN_BLAS: 'off' } });
    expect(ran.code).toBe(0);
    expect(warnings(ran)).toBe(warning('--blas') + warning('RNN_BLAS'));
    expect(ran.stdout).toContain('--max-steps 3');
    expect(ran.stdout).not.toContain('blas');
  });
});
