// Malicious checkpoints, as input of the commands.
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
// @ts-expect-error bench/ is plain JavaScript, without types
import { runs, verse } from '../../bench/mutations/originals.js';
import { alterParsed, temporaryFolder } from '../runs/fixture.ts';
import { rnn } from './helpers.ts';

let folder: string;
let text: string;
/** A run whose newest checkpoint is from its middle, so that it can be resumed. */
let run: string;
beforeEach(async () => {
  folder = temporaryFolder();
  text = join(folder, 'text');
  run = join(folder, 'runs', 'own');
  writeFileSync(text, verse);
  mkdirSync(join(folder, 'elsewhere'));
  writeFileSync(join(folder, 'elsewhere', 'file'), verse);
  const { code, stderr } = await rnn(['train', text, '--out', run, ...runs.lstm]);
  if (code !== 0) throw new Error(stderr);
  writeFileSync(join(run, 'latest.json'), readFileSync(join(run, 'previous.json')));
});

/** All files in the folder outside the run, with their content. */
function filesOutsideRun(): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  return Object.fromEntries(
    files.filter((file) => !file.startsWith(run)).map((file) => [file, readFileSync(file, 'utf8')]),
  );
}

const alterLatest = (edit: (file: any) => unknown) => alterParsed(join(run, 'latest.json'), edit);
const resume = (...more: string[]) => rnn(['train', text, '--resume', '--out', run, ...more]);

describe('a checkpoint that names files', () => {
  it.each(['../../elsewhere/file', '..', '/', '/dev/null'])(
    'does not make rnn train --resume write outside the run folder: %s',
    async (path) => {
      const before = filesOutsideRun();
      alterLatest((file) => {
        Object.assign(file.training, { path, out: path, checkpoint: path, latestPath: path, log: path });
        Object.assign(file.training.options, { path, out: path, corpus: [path], keep: 2, checkpointEvery: 1 });
        Object.assign(file.training.reading, { path, sources: [path], out: path });
        Object.assign(file.training.machine, { path, out: path });
        file.training.history.push({ event: 'checkpoint', step: 3, path });
        file.tensors.push({ ...file.tensors[0], name: path });
        file.optimizer.name = path;
        file.state = [];
      });
      const { code, stderr } = await resume();
      expect({ code, stderr }).toEqual({
        code: 0,
        stderr: expect.stringContaining(`it starts without the state of ${path}`) as string,
      });
      expect(filesOutsideRun()).toEqual(before);
      expect(readdirSync(run).toSorted()).toEqual([
        'best.json',
        'latest.json',
        'log.jsonl',
        'previous.json',
        'step-000000005.json',
        'step-000000006.json',
      ]);
    },
  );

  it('is refused if it names another validation text', async () => {
    const before = filesOutsideRun();
    alterLatest((file) =>
      Object.assign(file.training.reading, {
        validationFile: join(folder, 'elsewhere', 'file'),
        validationFraction: 0,
      }),
    );
    expect(await resume()).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('the text to validate on is not the text that this run had'),
    });
    expect(filesOutsideRun()).toEqual(before);
  });

  it.skipIf(!existsSync('/dev/null'))(
    'does not make rnn read a device as a text (where /dev/null exists)',
    async () => {
      alterLatest((file) =>
        Object.assign(file.training.reading, { validationFile: '/dev/null', validationFraction: 0 }),
      );
      expect(await resume()).toMatchObject({
        code: 3,
        stderr: expect.stringMatching(
          /the validation text \/dev\/null: only the checkpoint names it, and it is not a plain file\nhint: use --validation-file to name it again/,
        ),
      });
      alterLatest((file) =>
        Object.assign(file.training.reading, { validationFile: null, validationFraction: 0.1, testFile: '/dev/null' }),
      );
      expect(await resume()).toMatchObject({
        code: 3,
        stderr: expect.stringMatching(
          /the test text \/dev\/null: only the checkpoint names it, and it is not a plain file\nhint: use --test-file to name it again/,
        ),
      });
      alterLatest((file) => (file.training.reading.testFile = null));
      expect(await resume('--validation-file', '/dev/null')).toMatchObject({
        code: 3,
        stderr: expect.stringContaining('the validation text /dev/null is empty'),
      });
    },
  );

  it('cannot load a library', async () => {
    alterLatest((file) => (file.training.machine = { device: 'cpu', threads: 1, blas: './evil.so' }));
    expect(await resume()).toMatchObject({ code: 0, stderr: expect.not.stringContaining('evil') });
    expect(await resume('--max-steps', '7')).toMatchObject({ code: 0, stderr: expect.not.stringContaining('evil') });
  });
});

describe('a checkpoint that contains control characters', () => {
  const escape = '\u001b[2J\u009b31m\u0007';
  // oxlint-disable-next-line no-control-regex
  const control = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/;

  it('is shown by rnn info without control characters or forged lines', async () => {
    alterLatest((file) => {
      file.model.conventions = { [escape]: escape };
      file.training.options[escape] = `${escape}\noptimizer     forged`;
      file.optimizer.name = escape;
    });
    const { code, stdout } = await rnn(['info', join(run, 'latest.json')]);
    expect(code).toBe(0);
    expect(stdout).not.toMatch(control);
    expect(stdout).not.toMatch(/^optimizer +forged/m);
    expect(stdout).toContain('␛[2J');
  });

  it('causes no control characters in the messages of a resume or a refusal', async () => {
    alterLatest((file) => {
      file.training.device = escape;
      file.optimizer.name = escape;
    });
    expect((await resume('--sequence-length', '6')).stderr).not.toMatch(control);
    alterLatest((file) => (file.training.options = { [escape]: { __proto: 1, constructor: 1 } }));
    const { code, stderr } = await rnn(['info', join(run, 'latest.json')]);
    expect({ code, stderr }).toEqual({ code: 4, stderr: expect.stringContaining('is a forbidden name') as string });
    expect(stderr).not.toMatch(control);
  });
});

it('every command that would run the model refuses a checkpoint with terabytes of parameters', async () => {
  alterLatest((file) => {
    for (const part of [file.model, file.training.options]) Object.assign(part, { hidden: 1_000_000, layers: 1024 });
  });
  const latest = join(run, 'latest.json');
  expect(await rnn(['sample', '--checkpoint', latest])).toMatchObject({
    code: 4,
    stdout: '',
    stderr: expect.stringContaining('as in its model') as string,
  });
  expect(await rnn(['train', text, '--init-from', latest, '--out', join(folder, 'other')])).toMatchObject({ code: 2 });
  expect(await resume()).toMatchObject({ code: 2 });
  expect(await rnn(['info', latest])).toMatchObject({ code: 0 });
});
