// Failures of a GPU, for real on a software GPU: lost between runs, lost in a run, and out of
// memory.
import { afterAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { CallResult } from '../../../src/devices/device.ts';
import { lastDevice } from '../../../src/devices/gpu/adapter.ts';
import { Builder } from '../../../src/program/builder.ts';
import { openHere } from './helpers.ts';
import { paceFor, usePace } from './pace.ts';
import { type Outcome, Trial } from './trial.ts';

const { device: opened, missing } = await openHere('gpu:software');
const device = opened!;

usePace();

const prototypeOf = <Instance extends object>(instance: Instance): Instance =>
  Object.getPrototypeOf(instance) as Instance;

const lose = (): void => lastDevice()!.destroy();

/** The GPU is lost when it has received the work of the next run, before it returns results. */
function loseInRun(): void {
  const queue = prototypeOf(lastDevice()!.queue);
  const { submit } = queue;
  const spy = vi.spyOn(queue, 'submit').mockImplementationOnce(function (this: GPUQueue, buffers) {
    submit.call(this, buffers);
    lose();
  });
  onTestFinished(() => spy.mockRestore());
}

/** SwiftShader refuses buffers of this size, although its limits allow them. */
const TOO_MUCH = 2 ** 30;

/** There is no memory for the next buffer. */
function starve(): void {
  const gpu = prototypeOf(lastDevice()!);
  const { createBuffer } = gpu;
  const spy = vi.spyOn(gpu, 'createBuffer').mockImplementationOnce(function (this: GPUDevice, { usage }) {
    return createBuffer.call(this, { usage, size: TOO_MUCH });
  });
  onTestFinished(() => spy.mockRestore());
}

/**
 * Trains with lists of calls.
 * @param lengths the number of calls in each list
 * @param before called before a list, by its index
 */
async function trained(
  lengths: readonly number[],
  before: Readonly<Record<number, () => void>> = {},
): Promise<Outcome> {
  const trial = new Trial();
  const executable = await trial.compiledOn(device);
  const results: CallResult[] = [];
  for (const [i, length] of lengths.entries()) {
    before[i]?.();
    results.push(...(await executable.run('train', trial.training(length))));
  }
  return { results, held: await trial.read(executable) };
}

function withoutNotes({ results, held }: Outcome): Outcome {
  return { results: results.map((result) => ({ ...result, note: undefined })), held };
}

const notesOf = ({ results }: Outcome): readonly (string | undefined)[] => results.map(({ note }) => note);

describe.skipIf(missing !== '')(`a software GPU${missing}`, () => {
  afterAll(() => device.close());

  test.each([
    ['between runs', lose],
    ['in a run', loseInRun],
  ])('that is lost %s is found again, and the results are the same', async (_, disturb) => {
    const steps = await trained([1, 1, 1, 1], { 2: disturb });
    expect(notesOf(steps)).toEqual([
      undefined,
      undefined,
      'the GPU was lost and came back: a step was computed once more',
      undefined,
    ]);
    expect(withoutNotes(steps)).toEqual(await trained([1, 1, 1, 1]));

    const ran = paceFor(3);
    const runs = await trained([1, 1, 3, 3, 3], { 3: disturb });
    expect(ran).toEqual([1, 1, 3, 3, 3]);
    expect(notesOf(runs)).toEqual(
      new Array(11).fill(undefined).with(5, 'the GPU was lost and came back: 3 steps were computed once more'),
    );
    expect(withoutNotes(runs)).toEqual(await trained([1, 1, 3, 3, 3]));
  });

  test('that is lost is found again for every plan of every job', async () => {
    const results = async (disturb = (): void => {}): Promise<Outcome> => {
      const trial = new Trial();
      const executable = await trial.compiledOn(device);
      const made: CallResult[] = [];
      for (const [i, length] of [1, 1, 3, 3, 1].entries()) {
        if (i === 3) disturb();
        made.push(
          ...(await executable.run('train', trial.training(length))),
          ...(await executable.run('sample', trial.sampling(length))),
        );
      }
      return { results: made, held: await trial.read(executable) };
    };
    paceFor(3);
    expect(withoutNotes(await results(lose))).toEqual(await results());
  });

  test('without memory for many calls at a time makes half as many, and the results are the same', async () => {
    const ran = paceFor(6);
    const halved = await trained([1, 1, 6, 6], { 2: starve });
    // The run of six calls returned results, but invalid ones.
    expect(ran).toEqual([1, 1, 6, 3, 3, 3, 3]);
    expect(halved).toEqual(await trained([1, 1, 6, 6]));
  });

  test('without memory for a single call refuses the model before anything runs', async () => {
    const side = Math.sqrt(TOO_MUCH / 4);
    const compiling = device.compile({
      parameters: [{ name: 'table', rows: 2, columns: side }],
      jobs: [
        {
          name: 'large',
          steps: 1,
          batch: side,
          build(rows) {
            const ops = new Builder();
            const x = ops.gather(ops.parameter('table', 2, side), ops.input('ids', rows));
            return ops.program(new Map([['sums', ops.columnSums(ops.multiply(x, x))]]));
          },
        },
      ],
      update: null,
    });
    await expect(compiling).rejects.toMatchObject({
      kind: 'usage',
      message: 'the GPU has too little memory for this model and batch',
      hint: expect.stringContaining('--device cpu'),
    });
  });
});
