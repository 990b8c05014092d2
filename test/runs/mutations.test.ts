// Checkpoints with random changes, the same every time: the short version of bench/mutations.js,
// whose mutations it uses.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
// @ts-expect-error bench/ is plain JavaScript, without types
import { mutate } from '../../bench/mutations/mutate.js';
// @ts-expect-error the same
import { makeOriginals, verse } from '../../bench/mutations/originals.js';
// @ts-expect-error the same
import { put, sealed, treeOf, write } from '../../bench/mutations/tree.js';
// @ts-expect-error the same
import { Fault, describe as describeFile, train, use } from '../../bench/mutations/use.js';
import * as store from '../../src/runs/store.ts';
import * as cli from '../../src/cli/main.ts';
import * as batches from '../../src/corpus/batches.ts';
import * as corpus from '../../src/corpus/read.ts';
import { openDevice } from '../../src/devices/open.ts';
import * as errors from '../../src/errors.ts';
import { Random } from '../../src/random.ts';
import * as continuing from '../../src/training/continue.ts';
import * as record from '../../src/training/record.ts';
import * as restoring from '../../src/training/restore.ts';
import * as schedules from '../../src/training/schedules.ts';
import * as states from '../../src/training/run-state.ts';
import * as training from '../../src/training/train.ts';
import * as transfer from '../../src/training/transfer.ts';
import * as work from '../../src/training/work.ts';
import { rnn } from '../cli/helpers.ts';
import { isEverything } from '../everything.ts';

const program = {
  Random,
  ...store,
  ...cli,
  ...batches,
  ...corpus,
  ...errors,
  ...continuing,
  ...record,
  ...restoring,
  ...schedules,
  ...states,
  ...training,
  ...transfer,
  ...work,
};

interface Original {
  readonly name: string;
  readonly bytes: Buffer;
}

const SEED = 1;
const COUNT = isEverything ? 2000 : 400;
/** Mutations of one member to arbitrary JSON. */
const MEMBERS = isEverything ? 500 : 100;
/** Numbers of loaded files, and of all files: training and `rnn info` take longer than the rest. */
const TRAINED_EVERY = COUNT / 20;
const DESCRIBED_EVERY = 20;
/** Without both wrong and correct checksums, one of these numbers would be tiny. */
const MIN_OF_EACH = COUNT / 10;

let folder: string;
let text: string;
let originals: readonly Original[];
/** Written again for each mutation. */
let path: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'rnn-mutations-'));
  path = join(folder, 'mutated.json');
  text = join(folder, 'text');
  writeFileSync(text, verse);
  originals = await made('');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function made(where: string): Promise<readonly Original[]> {
  const run = async (args: string[]): Promise<void> => {
    const { code, stderr } = await rnn(args);
    if (code !== 0) throw new Error(stderr);
  };
  return makeOriginals(run, text, join(folder, where));
}

describe('a mutated checkpoint', () => {
  it('is refused by a clear error, or is valid and can be used', async () => {
    const device = await openDevice('cpu', { threads: 1 });
    const count = { loaded: 0, refused: 0, byChecksum: 0 };
    for (let number = 0; number < COUNT; number++) {
      const random = new Random(SEED * 2 ** 32 + number);
      const { bytes, what } = mutate(originals, random);
      writeFileSync(path, bytes);
      try {
        const used = await use(path, program);
        if (number % DESCRIBED_EVERY === 0) await describeFile(path, program, used, random);
        if (used.settings !== null && count.loaded % TRAINED_EVERY === 0)
          await train(used, program, { text, folder: join(folder, 'run'), device });
        count[used.loaded ? 'loaded' : 'refused']++;
        if (used.refusal?.includes('its checksum does not match')) count.byChecksum++;
      } catch (cause) {
        throw new Error(`mutation ${number} of seed ${SEED}: ${what}: ${String(cause)}`, { cause });
      }
    }
    await device.close();
    expect(count.loaded).toBeGreaterThan(MIN_OF_EACH);
    expect(count.refused).toBeGreaterThan(MIN_OF_EACH);
    expect(count.byChecksum).toBeLessThan(count.refused / 2);
  });

  it('is also refused or valid if a member is arbitrary JSON', async () => {
    const file = JSON.parse(originals[0].bytes.toString('utf8'));
    const members = [
      'format',
      'version',
      'model',
      'vocabulary',
      'training',
      'tensors',
      'state',
      'optimizer',
      'checksum',
    ].map((key) => [key]);
    const inner = ['model', 'vocabulary', 'training', 'optimizer'].flatMap((part) =>
      Object.keys(file[part]).map((key) => [part, key]),
    );
    const innermost = ['options', 'position', 'loop', 'reading', 'machine', 'corpus'].flatMap((part) =>
      Object.keys(file.training[part]).map((key) => ['training', part, key]),
    );
    const tensor = ['name', 'shape', 'dtype', 'data'].map((key) => ['tensors', 0, key]);
    const outcomes = fc.asyncProperty(
      fc.constantFrom(...members, ...inner, ...innermost, ...tensor),
      fc.jsonValue({ maxDepth: 3 }),
      async (place, value) => {
        const tree = treeOf(file);
        put(tree, place, value);
        writeFileSync(path, sealed(Buffer.from(write(tree))));
        await use(path, program);
      },
    );
    await expect(fc.assert(outcomes, { numRuns: MEMBERS, seed: SEED })).resolves.toBeUndefined();
  });
});

describe('the check itself', () => {
  it('makes the same mutation for the same number, whenever the checkpoints were made', async () => {
    const again = await made('again');
    for (let number = 0; number < 50; number++) {
      const [{ bytes, what }, expected] = [again, originals].map((each) => mutate(each, new Random(number)));
      expect(what).toBe(expected.what);
      expect(bytes.equals(expected.bytes)).toBe(true); // toEqual takes a hundred times as long
    }
  });

  it('finds other errors than RnnError, empty or long messages, and weights that are not numbers', async () => {
    writeFileSync(path, originals[0].bytes);
    await expect(use(path, program)).resolves.toMatchObject({ loaded: true, refusal: null });
    const failing = (error: unknown) => ({
      ...program,
      async readCheckpoint() {
        throw error;
      },
    });
    for (const error of [
      new TypeError('x'),
      'x',
      new errors.RnnError('checkpoint', ''),
      new errors.RnnError('checkpoint', 'x'),
      new errors.RnnError('machine', 'x', { hint: 'y' }),
      new errors.RnnError('checkpoint', 'x'.repeat(10_000), { hint: 'y' }),
    ]) {
      await expect(use(path, failing(error))).rejects.toBeInstanceOf(Fault);
    }
    const spoiling = {
      ...program,
      readCheckpoint: async () => ({
        ...(await store.readCheckpoint(path)),
        tensors: [{ name: 'x', shape: [1], data: Float32Array.of(NaN) }],
      }),
    };
    await expect(use(path, spoiling)).rejects.toThrow('tensor x has a length other than its shape');
  });
});
