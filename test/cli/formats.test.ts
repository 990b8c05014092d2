// rnn export and rnn import: the paths of files and folders, and refused files.
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readCheckpoint, writeCheckpoint } from '../../src/runs/store.ts';
import { formatNames } from '../../src/options/choices.ts';
import { exportFormats as formats } from '../../src/api/checkpoints.ts';
import { readSafetensors, writeSafetensors } from '../../src/formats/safetensors.ts';
import { safetensors } from '../../src/formats/trained.ts';
import { randomModel } from '../formats/models.ts';
import { FakeStream, rnn } from './helpers.ts';

const trained = randomModel({ cell: 'lstm', layers: 2, hidden: 5, embedding: 3 });
const machine = ['--device', 'cpu', '--threads', '1'];
const fail = (detail: string): never => {
  throw new Error(detail);
};

let folder: string;
let before: string;
const at = (name: string): string => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rnn-formats-'));
  before = process.cwd();
  process.chdir(folder);
  for (const [name, checkpoint] of Object.entries({
    verse: trained,
    small: randomModel({ cell: 'lstm', layers: 2, hidden: 4, embedding: 3 }),
    skipping: randomModel({ cell: 'gru', layers: 2, skip: 'both', learnedState: true }),
  })) {
    await mkdir(at(`checkpoints/${name}`), { recursive: true });
    await writeCheckpoint(at(`checkpoints/${name}/latest.json`), checkpoint);
  }
  await writeFile(at('sent.safetensors'), safetensors.write(trained));
  await writeFile(
    at('anonymous.safetensors'),
    writeSafetensors({ ...readSafetensors(safetensors.write(trained), fail), metadata: { format: 'pt' } }),
  );
  await writeFile(at('text.txt'), 'a text of these letters '.repeat(20));
});
afterAll(async () => {
  process.chdir(before);
  await rm(folder, { recursive: true });
});

describe('rnn export', () => {
  it('writes a file with the name of the run to the current folder', async () => {
    const { code, stdout, stderr } = await rnn(['export', 'checkpoints/verse', '--json']);
    expect({ code, line: JSON.parse(stdout) as unknown }).toEqual({
      code: 0,
      line: {
        event: 'export',
        checkpoint: 'checkpoints/verse/latest.json',
        format: 'safetensors',
        path: 'verse.safetensors',
        bytes: safetensors.write(trained).length,
      },
    });
    expect(stderr).toMatch(/^wrote verse\.safetensors, \d/);
    expect(Buffer.compare(await readFile('verse.safetensors'), safetensors.write(trained))).toBe(0);
    expect((await readdir('.')).filter((name) => name.includes('.tmp'))).toEqual([]);
  });

  it.each([
    ['x.safetensors', [], 'safetensors'],
    ['x.ONNX', [], 'onnx'],
    ['x.html', ['--precision', 'float16', '--title', 'X'], 'html'],
    ['x.json', [], 'rnn'],
    ['x', [], 'safetensors'],
    ['x.pt', ['--format', 'safetensors'], 'safetensors'],
    ['x.onnx', ['--format', 'safetensors'], 'safetensors'],
  ])('takes the format from --format, or from the ending of %s', async (name, more, format) => {
    const { code, stdout } = await rnn(['export', 'checkpoints/verse', '--out', name, ...more, '--force', '--json']);
    expect({ code, ...(JSON.parse(stdout) as object) }).toMatchObject({ code: 0, path: name, format });
  });

  it('refuses the suffix of an unknown format', async () => {
    expect(await rnn(['export', 'checkpoints/verse', '--out', 'model.pt'])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(
        /--out ends in \.pt: expected \.safetensors, \.onnx, \.json or \.html\nhint: add --format safetensors/,
      ) as string,
    });
    expect(existsSync('model.pt')).toBe(false);
  });

  it('leaves an existing file unchanged without --force', async () => {
    await writeFile('there.safetensors', 'mine');
    const refused = await rnn(['export', 'checkpoints/verse', '--out', 'there.safetensors']);
    expect(refused).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/cannot write there\.safetensors: the file already exists[\s\S]*--force/) as string,
    });
    expect(await readFile('there.safetensors', 'utf8')).toBe('mine');
    expect((await rnn(['export', 'checkpoints/verse', '--out', 'there.safetensors', '--force'])).code).toBe(0);
    expect(Buffer.compare(await readFile('there.safetensors'), safetensors.write(trained))).toBe(0);
  });

  it('names a checkpoint that has no name', async () => {
    expect(await rnn(['export', ''])).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('the name of the checkpoint is empty') as string,
    });
  });

  it('writes to stdout for another program, and not to a terminal', async () => {
    const pieces: Uint8Array[] = [];
    class Bytes extends FakeStream {
      // oxlint-disable-next-line no-underscore-dangle -- the name that Node calls
      override _write(chunk: unknown, _encoding: string, done: (error?: Error) => void): void {
        pieces.push(chunk as Uint8Array);
        done();
      }
    }
    expect((await rnn(['export', 'checkpoints/verse', '--out', '-'], { stdout: new Bytes() })).code).toBe(0);
    expect(Buffer.compare(Buffer.concat(pieces), safetensors.write(trained))).toBe(0);
    expect(
      await rnn(['export', 'checkpoints/verse', '--out', '-'], { stdout: new FakeStream({ columns: 80 }) }),
    ).toMatchObject({
      code: 2,
      stdout: '',
    });
    expect((await rnn(['export', 'checkpoints/verse', '--out', '-', '--json'])).code).toBe(2);
  });

  it('uses the newest run by default, and names the output after a checkpoint file', async () => {
    await mkdir('elsewhere/checkpoints/newest', { recursive: true });
    await writeCheckpoint('elsewhere/taken-out.json', trained);
    await writeCheckpoint('elsewhere/checkpoints/newest/best.json', trained);
    process.chdir('elsewhere');
    try {
      expect([(await rnn(['export'])).code, (await rnn(['export', 'taken-out.json'])).code]).toEqual([0, 0]);
      expect((await readdir('.')).filter((name) => name.endsWith('.safetensors'))).toEqual([
        'newest.safetensors',
        'taken-out.safetensors',
      ]);
    } finally {
      process.chdir(folder);
    }
  });

  it('writes a model that PyTorch has no module for, which rnn import reads back', async () => {
    expect((await rnn(['export', 'checkpoints/skipping'])).code).toBe(0);
    expect((await rnn(['import', 'skipping.safetensors', '--out', 'skipping'])).code).toBe(0);
    expect((await readCheckpoint('skipping/latest.json')).tensors).toEqual(
      (await readCheckpoint('checkpoints/skipping/latest.json')).tensors,
    );
  });

  it('has all formats, and describes each in the help', async () => {
    expect(formatNames).toEqual(formats.map(({ name }) => name));
    const { stdout } = await rnn(['export', '--help']);
    for (const { name } of formats) expect(stdout).toContain(name);
    expect(await rnn(['export', 'checkpoints/verse', '--format', 'safetensor'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('did you mean safetensors?') as string,
    });
  });

  it('reports a file that cannot be written before it reads a model', async () => {
    expect(await rnn(['export', 'checkpoints/verse', '--out', 'nowhere/x.safetensors'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('cannot write nowhere/x.safetensors: the folder does not exist') as string,
    });
  });
});

describe('rnn import', () => {
  it('makes a run folder with the name of the file and the exported model', async () => {
    const { code, stdout } = await rnn(['import', 'sent.safetensors', '--json']);
    expect({ code, line: JSON.parse(stdout) as unknown }).toMatchObject({
      code: 0,
      line: { event: 'import', file: 'sent.safetensors', path: join('checkpoints', 'sent'), step: 30 },
    });
    const back = await readCheckpoint('checkpoints/sent/latest.json');
    const { options, step, epoch, bestValidationLossNats } = trained.training;
    expect(back).toMatchObject({
      model: trained.model,
      vocabulary: trained.vocabulary,
      training: { options, step, epoch, bestValidationLossNats, history: [] },
      state: [],
      optimizer: null,
    });
    expect(back.tensors.map(({ data }) => [...data])).toEqual(trained.tensors.map(({ data }) => [...data]));
  });

  it('makes a run that the other commands accept', async () => {
    expect((await rnn(['import', 'sent.safetensors', '--out', 'back'])).code).toBe(0);
    const told = await Promise.all([
      rnn(['sample', '--checkpoint', 'back', '--length', '20', '--device', 'cpu', '--threads', '1']),
      rnn(['sample', '--checkpoint', 'checkpoints/verse', '--length', '20', '--device', 'cpu', '--threads', '1']),
      rnn(['eval', 'text.txt', '--checkpoint', 'back', '--json', ...machine]),
      rnn(['eval', 'text.txt', '--checkpoint', 'checkpoints/verse', '--json', ...machine]),
      rnn(['info', 'back']),
      rnn(['runs', '.']),
      rnn(['export', 'back', '--out', 'again.safetensors']),
      rnn(['train', 'text.txt', '--init-from', 'back', '--max-steps', '2', '--out', 'onwards', '--quiet', ...machine]),
    ]);
    expect(told.map(({ code, stderr }) => (code === 0 ? '' : stderr))).toEqual(told.map(() => ''));
    const [sampled, expected, scored, score] = told;
    expect(sampled.stdout).toBe(expected.stdout);
    const withoutPath = (line: string): object => ({ ...(JSON.parse(line) as object), checkpoint: null });
    expect(withoutPath(scored.stdout)).toEqual(withoutPath(score.stdout));
    expect(Buffer.compare(await readFile('again.safetensors'), await readFile('sent.safetensors'))).toBe(0);
  });

  it('makes a run that says why it cannot be resumed, and how to fine-tune it instead', async () => {
    expect((await rnn(['import', 'sent.safetensors', '--out', 'ended'])).code).toBe(0);
    expect(await rnn(['train', 'text.txt', '--out', 'ended', '--resume', ...machine])).toMatchObject({
      code: 4,
      stderr: expect.stringMatching(
        /ended.latest\.json: training\.\S+ is missing: .*\nhint: it was edited, imported or written by another program: use --init-from to start/,
      ) as string,
    });
  });

  it('does not make the folder of all runs a run if the file name has only dots before its ending', async () => {
    await writeFile('..safetensors', await readFile('sent.safetensors'));
    const { stdout } = await rnn(['import', '..safetensors', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ path: join('checkpoints', '..safetensors') });
  });

  it('replaces a run with --force alone', async () => {
    expect((await rnn(['import', 'sent.safetensors', '--out', 'once'])).code).toBe(0);
    expect(await rnn(['import', 'sent.safetensors', '--out', 'once'])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(
        /once: the folder already holds a run\nhint: choose another folder with --out, or replace that run, its optimizer and its log with --force/,
      ) as string,
    });
    expect((await rnn(['import', 'sent.safetensors', '--out', 'once', '--force'])).code).toBe(0);
  });

  it('takes configuration and characters from another model where the file does not have them', async () => {
    expect(await rnn(['import', 'anonymous.safetensors'])).toMatchObject({
      code: 4,
      stderr: expect.stringMatching(/does not describe the model[\s\S]*--like/) as string,
    });
    expect((await rnn(['import', 'anonymous.safetensors', '--like', 'checkpoints/verse', '--out', 'like'])).code).toBe(
      0,
    );
    const { model, vocabulary, training, tensors } = await readCheckpoint('like/latest.json');
    expect({ model, vocabulary, options: training.options, step: training.step }).toEqual({
      model: trained.model,
      vocabulary: trained.vocabulary,
      options: { evaluationStreams: 4 },
      step: 0,
    });
    expect(tensors.map(({ data }) => [...data])).toEqual(trained.tensors.map(({ data }) => [...data]));
  });

  it.each([
    ['without a name', '', [], /^error: the name of the file is empty/],
    ['that is not there', 'none.safetensors', [], /file not found: none\.safetensors/],
    ['that is a folder', 'checkpoints', [], /not a plain file/],
    ['that is a checkpoint of ours', 'checkpoints/verse/latest.json', [], /^error: \S+ is not a safetensors file/],
    [
      'that is text',
      'text.txt',
      [],
      /^error: text\.txt is not a safetensors file: .*\nhint: use a file that rnn export wrote/,
    ],
    [
      'of another size than the model of --like',
      'anonymous.safetensors',
      ['--like', 'checkpoints/small'],
      /does not fit the model of --like: .* has the shape .*: expected/,
    ],
    [
      'with the tensors of another model',
      'anonymous.safetensors',
      ['--like', 'checkpoints/skipping'],
      /does not fit the model of --like: it has no tensor rnn\.layer0\.rnn\.weight_ih_l0, which the model needs/,
    ],
  ])('refuses a file %s, and does not make a folder', async (_, file, more, complaint) => {
    expect(await rnn(['import', file, '--out', 'nothing', ...more])).toMatchObject({
      code: 4,
      stderr: expect.stringMatching(complaint) as string,
    });
    expect(existsSync('nothing')).toBe(false);
  });

  it('does not read a file that is too large', async () => {
    await writeFile('large.safetensors', 'x');
    await truncate('large.safetensors', 2 ** 40);
    expect(await rnn(['import', 'large.safetensors', '--out', 'nothing'])).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('GB: expected at most 2.1 GB') as string,
    });
  });

  it.each([0, 7, 300, 2000])('refuses a file that was cut off after %i bytes', async (length) => {
    await writeFile('cut.safetensors', safetensors.write(trained));
    await truncate('cut.safetensors', length);
    expect(await rnn(['import', 'cut.safetensors', '--out', 'nothing'])).toMatchObject({
      code: 4,
      stderr: expect.stringMatching(/^error: cut\.safetensors is damaged: .*\nhint: /) as string,
    });
  });

  it.each([
    [
      'has a tensor too few',
      (names: string[]) => names.filter((name) => name !== 'output.bias'),
      /no tensor output\.bias/,
    ],
    [
      'has one that its model has not',
      (names: string[]) => [...names, 'rnn.weight_hr_l0'],
      /a tensor "rnn\.weight_hr_l0", which the model does not have/,
    ],
    [
      'has the names of a module in DistributedDataParallel',
      (names: string[]) => names.map((name) => `module.${name}`),
      /no tensor embedding\.weight[\s\S]*save the tensors of the module itself/,
    ],
  ])('refuses a file that %s', async (_, rename, complaint) => {
    const { metadata, tensors } = readSafetensors(safetensors.write(trained), fail);
    const names = rename(tensors.map(({ name }) => name));
    await writeFile(
      'odd.safetensors',
      writeSafetensors({
        metadata,
        tensors: names.map((name, index) => ({ ...(tensors[index] ?? tensors[0]), name })),
      }),
    );
    expect(await rnn(['import', 'odd.safetensors', '--out', 'nothing'])).toMatchObject({
      code: 4,
      stderr: expect.stringMatching(complaint) as string,
    });
  });
});
