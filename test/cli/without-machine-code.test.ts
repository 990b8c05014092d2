// Processes where no machine code can run: they compute by WebAssembly, and say why only if asked.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { missing } from '../devices/cpu/helpers.ts';
import { isEverything } from '../everything.ts';
import { temporaryFolder } from '../runs/fixture.ts';
import { type Running, begin, isBuilt, patience } from './process.ts';

/** Loaded before the program. `koffi` is the module that is loaded by this name. */
const asIf = (koffi: string): string[] => [
  '--import',
  `data:text/javascript,${encodeURIComponent(`
    import Module from 'node:module';
    const load = Module._load;
    Module._load = (name, ...rest) => {
      if (!name.startsWith('@koromix/koffi-')) return load(name, ...rest);
      ${koffi}
    };`)}`,
];

const refusals = [
  {
    where: 'the system does not allow executable memory',
    flags: asIf(`
      const real = load(name, ...rest);
      const refuses = (library) => ({ func: (text) => (text.includes('mprotect') ? () => -1 : library.func(text)) });
      return Object.assign(Object.create(real), { load: (path) => refuses(real.load(path)) });`),
    reason: 'the system does not allow executable memory',
    fix: null,
    named: 'avx512',
  },
  {
    where: 'koffi is missing',
    flags: asIf('throw new Error(`Cannot find module ${name}`);'),
    reason: `Cannot find module @koromix/koffi-${process.platform}-${process.arch}`,
    fix: expect.stringContaining('install rnn again with --include=optional') as string,
    named: 'avx2',
  },
];

const training =
  'train text --hidden 8 --max-steps 2 --batch-size 4 --sequence-length 8 --device cpu --threads 1 --json'.split(' ');

function folderWithText(): string {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'text'), 'to be or not to be, that is the question. '.repeat(60));
  return folder;
}

const isWritten = process.platform === 'linux' && process.arch === 'x64';

describe.skipIf(!isBuilt || !isWritten)('where %s (Linux on x86-64 only)', () => {
  describe.each(refusals)('$where', ({ flags, reason, fix, named }) => {
    const start = (words: readonly string[], env: Record<string, string> = {}): Running['ended'] => {
      return begin(words, { folder: folderWithText(), flags, env }).ended;
    };

    it('rnn train computes by WebAssembly without a message', { timeout: patience }, async () => {
      const { code, stdout, stderr } = await start(training);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(JSON.parse(stdout.split('\n')[0])).toMatchObject({
        event: 'start',
        device: expect.stringMatching(/^cpu: WebAssembly/),
      });
    });

    it('rnn doctor shows the reason', { timeout: patience }, async () => {
      const { code, stdout } = await start(['doctor', '--device', 'cpu', '--json']);
      const checks = stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as { title?: string });
      expect(code).toBe(0);
      expect(checks.find(({ title }) => title === 'kernels')).toMatchObject({
        verdict: 'good',
        detail: expect.stringMatching(/^wasm(-portable)?, without avx512 and avx2 \(/),
        fix,
      });
      expect(JSON.stringify(checks)).toContain(reason);
    });

    it.each(isEverything ? ['avx512', 'avx2'] : [named])(
      '%s by name is refused with the reason',
      { timeout: patience },
      async (name) => {
        const { code, stderr } = await start(['doctor', '--device', 'cpu'], { RNN_KERNELS: name });
        expect(code).toBe(6);
        expect(stderr).toBe('');
        const trained = await start(['train', 'text', '--device', 'cpu', '--kernels', name]);
        expect(trained).toMatchObject({
          code: 6,
          stderr: expect.stringContaining(`cannot use the kernels ${name}: ${reason}`),
        });
        expect(trained.stderr).toContain('hint: use --kernels auto');
      },
    );
  });
});

it.skipIf(missing('avx2') !== '' || !isBuilt)(
  `the same process with both computes by machine code${missing('avx2')}`,
  { timeout: patience },
  async () => {
    const { stdout } = await begin(training, { folder: folderWithText() }).ended;
    expect(JSON.parse(stdout.split('\n')[0])).toMatchObject({
      device: expect.stringMatching(/^cpu: machine code \(AVX/),
    });
  },
);
