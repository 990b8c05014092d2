// Which sweep the runs in a folder belong to.
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { rnn, type Ran } from '../helpers.ts';
import { fixed, folder, inFolderOfItsOwn, inProcess, out, text } from './helpers.ts';

inFolderOfItsOwn();

const grid = ['--grid', 'hidden=4'];
const sweep = (after: readonly string[] = fixed, { source = text, words = grid, into = out } = {}): Promise<Ran> =>
  rnn(['sweep', source, '--out', into, ...words, '--', ...after], { start: inProcess().start });
const rest = fixed.slice(2);

describe('the folder of a sweep', () => {
  it('does not use runs with other options, and names these options', async () => {
    await sweep();
    const refused = await sweep(['--max-steps', '9', ...rest]);
    expect(refused).toEqual({
      code: 2,
      stdout: '',
      stderr: `error: cannot use ${out}: it holds a sweep with other options after --: --max-steps is 9, and was 6\nhint: use the same options to continue that sweep, or choose another folder with --out\n`,
    });
    expect((await sweep(rest)).stderr).toContain('--max-steps is not given, and was 6\n');
    expect((await sweep([...fixed, '--learning-rate', '5e-3'])).stderr).toContain(
      '--learning-rate is 5e-3, and was not given\n',
    );
    expect((await sweep([...fixed, '--random-offset'])).stderr).toContain(
      '--random-offset is given, and was not given\n',
    );
  });

  it('may change the number of threads, and write the same options differently', async () => {
    await sweep(['--learning-rate', '0.005', ...fixed]);
    const others = fixed.with(fixed.indexOf('--threads') + 1, '2');
    expect((await sweep([...others, '--learning-rate', '5e-3'])).stdout).toContain('finished before');
  });

  it('does not use the runs of another text', async () => {
    await sweep();
    const other = join(folder, 'other.txt');
    writeFileSync(other, 'pack my box with five dozen liquor jugs\n'.repeat(60));
    const refused = await sweep(fixed, { source: other });
    expect(refused).toEqual({
      code: 2,
      stdout: '',
      stderr: `error: cannot use ${out}: it holds a sweep of another text: ${text}, not ${other}\nhint: use the same text to continue that sweep, or choose another folder with --out\n`,
    });
  });

  it('is checked by --emit, too, and is free while it has no runs', async () => {
    const emit = { words: [...grid, '--emit'] };
    expect((await sweep(['--max-steps', '9', ...rest], emit)).code).toBe(0);
    const { code, stdout } = await sweep(fixed, emit);
    expect(code).toBe(0);
    await rnn([...stdout.trimEnd().split(' ').slice(1), '--quiet']);
    expect((await sweep(['--max-steps', '9', ...rest])).stderr).toContain('--max-steps is 9, and was 6\n');
    expect((await sweep(['--max-steps', '9', ...rest], emit)).code).toBe(2);
    expect((await sweep()).stdout).toContain('finished before');
  });

  it('may be among the texts that it trains on', async () => {
    const into = join(folder, 'texts', 'sweep');
    const { code } = await sweep(fixed, { source: folder, into });
    expect(code).toBe(0);
    const { training } = JSON.parse(readFileSync(join(into, 'hidden=4', 'latest.json'), 'utf8')) as {
      training: { corpus: { characters: number } };
    };
    expect(training.corpus.characters).toBe(statSync(text).size);
    expect(readdirSync(into)).toContain('.sweep.json');
  });

  it.each([
    '{',
    '{"format":"rnn-sweep","options":{}}',
    '{"format":"rnn-sweep","sources":["a"],"options":{"--learning-rate":null}}',
  ])('is refused where it says %s', async (content) => {
    await sweep();
    writeFileSync(join(out, '.sweep.json'), content);
    expect(await sweep()).toMatchObject({ code: 2, stderr: expect.stringContaining('.sweep.json is damaged') });
  });

  it.skipIf(process.platform === 'win32')(
    'is refused if the place of its records is taken (skipped on Windows)',
    async () => {
      await sweep();
      const refused = { code: 2, stderr: expect.stringContaining('.sweep.json is damaged') };
      const path = join(out, '.sweep.json');
      for (const make of [
        () => mkdirSync(path),
        () => execFileSync('mkfifo', [path]),
        () => symlinkSync('/dev/zero', path),
      ]) {
        rmSync(path, { recursive: true });
        make();
        expect(await sweep()).toMatchObject(refused);
      }
    },
  );

  it('that cannot be is refused', async () => {
    expect(await sweep(fixed, { into: text })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(`cannot use ${text} as a sweep folder: a part of the path is a file`),
    });
    expect(statSync(text).isFile()).toBe(true);
  });

  it.skipIf(!existsSync('/proc/self'))(
    'that the system makes for no user is refused, or left to another machine by --emit (skipped where there is no /proc)',
    async () => {
      const into = '/proc/rnn-sweep/deep';
      const message = `cannot make the sweep folder ${into}: the folder does not exist`;
      expect(await sweep(fixed, { into })).toMatchObject({
        code: 1,
        stderr: expect.stringContaining(`error: ${message}`),
      });
      expect(await sweep(fixed, { words: [...grid, '--emit'], into })).toMatchObject({
        code: 0,
        stdout: expect.stringContaining('rnn train'),
        stderr: `warning: ${message}\n`,
      });
    },
  );
});
