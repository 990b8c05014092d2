// Undamaged checkpoints with values that no run would have, and the result of continuing them.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
// @ts-expect-error bench/ is plain JavaScript, without types
import { runs, verse } from '../../bench/mutations/originals.js';
import { type Checkpoint, readCheckpoint } from '../../src/runs/store.ts';
import { Vocabulary, readCorpus } from '../../src/corpus/read.ts';
import { openDevice } from '../../src/devices/open.ts';
import { continueRun } from '../../src/training/continue.ts';
import { recordedLoop } from '../../src/training/record.ts';
import { optimizerStateIn } from '../../src/training/restore.ts';
import { prepareTraining } from '../../src/training/train.ts';
import { rnn } from '../cli/helpers.ts';

let folder: string;
let text: string;
let original: Checkpoint;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'rnn-hostile-'));
  text = join(folder, 'text');
  writeFileSync(text, verse);
  const { code, stderr } = await rnn(['train', text, '--out', join(folder, 'run'), ...runs.lstm]);
  if (code !== 0) throw new Error(stderr);
  original = await readCheckpoint(join(folder, 'run', 'previous.json'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The checkpoint with a change. */
function changed(edit: (checkpoint: any) => unknown): Checkpoint {
  const copy = structuredClone(original);
  edit(copy);
  return copy;
}

const nothing = { options: {}, reading: {}, machine: {} };
const unfit = (message: string) =>
  expect.objectContaining({
    kind: 'checkpoint',
    message: `cannot continue a run from this checkpoint: ${message}`,
    hint: expect.any(String) as string,
  });

/** Prepares to continue a run on its text. */
async function prepare(resumedFrom: Checkpoint): Promise<readonly string[]> {
  const { options, reading, machine } = continueRun(resumedFrom, nothing);
  const corpus = await readCorpus({ sources: [text], ...reading, vocabulary: new Vocabulary(resumedFrom.vocabulary) });
  const device = await openDevice('cpu', { threads: machine.threads ?? 1 });
  const run = await prepareTraining({ options, reading, machine, corpus, device, resumedFrom });
  await run.close();
  return run.notes;
}

describe('a run that is continued', () => {
  it('must have the model of its options', () => {
    expect(() => continueRun(original, nothing)).not.toThrow();
    for (const [option, value, message] of [
      ['cell', 'gru', 'training.options.cell is gru: expected mlstm as in its model'],
      ['hidden', 5, 'training.options.hidden is 5: expected 4 as in its model'],
      ['layers', 1024, 'training.options.layers is 1024: expected 1 as in its model'],
      ['embedding', 3, 'training.options.embedding is 3: expected 0 as in its model'],
      ['forgetBias', 2, 'training.options.forgetBias is 2: expected 1 as in its model'],
      ['initialisation', 'xavier', 'training.options.initialisation is xavier: expected uniform as in its model'],
    ] as const)
      expect(() =>
        continueRun(
          changed(({ training }) => (training.options[option] = value)),
          nothing,
        ),
      ).toThrow(unfit(message));
  });

  it('must have exactly one length', () => {
    const message = 'exactly one of training.options.epochs, maxSteps, budgetMs must not be null';
    expect(() =>
      continueRun(
        changed(({ training }) => (training.options.maxSteps = null)),
        nothing,
      ),
    ).toThrow(unfit(message));
    expect(() =>
      continueRun(
        changed(({ training }) => (training.options.epochs = 2)),
        nothing,
      ),
    ).toThrow(unfit(message));
    expect(() =>
      continueRun(
        changed(({ training }) => (training.options.epochs = 1e308)),
        nothing,
      ),
    ).toThrow(unfit('training.options.epochs is 1e+308: expected a number above 0 and at most 1,000,000,000, or null'));
  });

  it.each([null, 'auto', 'off', '/tmp/evil.so', 3])('ignores the BLAS that an earlier version recorded: %s', (blas) => {
    const { machine, changed: now } = continueRun(
      changed(({ training }) => (training.machine = { device: null, threads: 1, blas })),
      nothing,
    );
    expect(machine).toEqual({ device: null, threads: 1, kernels: null });
    expect(now).toEqual([]);
  });

  it('ignores unknown members', () => {
    const more = { sources: ['/etc/passwd'], stdin: {}, known: {}, path: '../../etc', out: '/' };
    const { options, reading, machine } = continueRun(
      changed(({ training }) =>
        [training.reading, training.machine, training.options].forEach((part) => Object.assign(part, more)),
      ),
      nothing,
    );
    const plain = continueRun(original, nothing);
    expect({ options, reading, machine }).toEqual({
      options: plain.options,
      reading: plain.reading,
      machine: plain.machine,
    });
  });

  it('must be at a possible position', () => {
    for (const [member, value, expected] of [
      ['totalSteps', 4.5, 'a whole number of at least 0, or null'],
      ['totalSteps', -1, 'a whole number of at least 0, or null'],
      ['sinceBest', 2 ** 53 - 1, 'a whole number from 0 to 281,474,976,710,656'],
      ['recoveries', 0.5, 'a whole number from 0 to 281,474,976,710,656'],
      ['learningRateFactor', 0, 'a number above 0 and at most 1'],
      ['finished', 'signal', 'one of epochs, max-steps, budget, patience, or null'],
    ] as const) {
      expect(() => recordedLoop(changed(({ training }) => (training.loop[member] = value)).training)).toThrow(
        unfit(`training.loop.${member} is ${JSON.stringify(value)}: expected ${expected}`),
      );
    }
    for (const [edit, message] of [
      [
        ({ training }: any) => (training.step = 2 ** 53 - 1),
        'training.step is 9007199254740991: expected at most 281,474,976,710,656',
      ],
      [
        ({ training }: any) => (training.epoch = 1e300),
        'training.epoch is 1e+300: expected at most 281,474,976,710,656',
      ],
      [
        ({ training }: any) => (training.position.epoch = 2 ** 53 - 1),
        'training.position.epoch is 9007199254740991: expected at most 281,474,976,710,656',
      ],
    ] as const)
      expect(() => continueRun(changed(edit), nothing)).toThrow(unfit(message));
    const { optimizer } = changed((checkpoint) => (checkpoint.optimizer.scalars.step = 2 ** 53 - 1));
    const [{ name, data }] = optimizer!.tensors;
    expect(() => optimizerStateIn(optimizer, { name: 'adam', ownSlots: [name], windows: 1 }, data.length)).toThrow(
      unfit(`its optimizer is not adam for ${data.length} parameters`),
    );
  });

  it('accepts a recorded device that is not a text', async () => {
    const notes = await prepare(changed(({ training }) => (training.device = { toString: 1, valueOf: 1 })));
    expect(notes).toEqual(['the run used another device until now, so its numbers differ slightly from here on']);
  });

  it('is refused if the text is shorter than a window, or memory too small for its threads and batch rows', async () => {
    await expect(prepare(changed(({ training }) => (training.options.batchSize = 2000)))).rejects.toMatchObject({
      kind: 'corpus',
      message: expect.stringContaining('expected at least 10,001 for --batch-size 2000 with --sequence-length 5'),
    });
    await expect(
      prepare(
        changed(({ training }) => {
          training.options.evaluationStreams = 2 ** 53 - 1;
          training.machine.threads = 65_536;
        }),
      ),
    ).rejects.toMatchObject({ kind: 'usage', message: expect.stringContaining('into memory') });
  });
});
