// Failures of a GPU, for real on a software GPU: lost between runs, lost in a run, lost for good, out
// of memory, and wrong use.
import { afterAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { CallResult, Workload } from '../../../src/devices/device.ts';
import { Builder } from '../../../src/program/builder.ts';
import { openHere } from './helpers.ts';
import { devices, lastDevice, prototypeOf } from './spies.ts';
import { type Outcome, Trial } from './trial.ts';

const { device: opened, missing } = await openHere('gpu:software');
const device = opened!;

const lose = async (): Promise<void> => (await lastDevice()).destroy();

/** Does something when the GPU has received the work of the next run, before it returns results. */
async function inRun(disturb: (gpu: GPUDevice) => void): Promise<void> {
  const gpu = await lastDevice();
  const queue = prototypeOf(gpu.queue);
  const { submit } = queue;
  const spy = vi.spyOn(queue, 'submit').mockImplementationOnce(function (this: GPUQueue, buffers) {
    submit.call(this, buffers);
    disturb(gpu);
  });
  onTestFinished(() => spy.mockRestore());
}

const loseInRun = (): Promise<void> => inRun((gpu) => gpu.destroy());

/**
 * Trains with lists of calls, then reads everything.
 * @param disturb called before the list with this index, or before everything is read
 */
async function trained(disturb: () => Promise<void> = async () => {}, at = -1): Promise<Outcome> {
  const trial = new Trial();
  const executable = await trial.compiledOn(device);
  const results: CallResult[] = [];
  const lengths = [2, 1, 3, 1];
  for (const [i, length] of lengths.entries()) {
    if (i === at) await disturb();
    results.push(...(await executable.run('train', trial.training(length))));
    results.push(...(await executable.run('sample', trial.sampling(1))));
  }
  if (at === lengths.length) await disturb();
  return { results, held: await trial.read(executable) };
}

/** The outcome without notes, and the notes by the number of their call. */
function divided({ results, held }: Outcome): { outcome: Outcome; notes: readonly (readonly [number, string])[] } {
  return {
    outcome: { results: results.map((result) => ({ ...result, note: undefined })), held },
    notes: results.flatMap(({ note }, index) => (note === undefined ? [] : [[index, note] as const])),
  };
}

describe.skipIf(missing !== '')(`a software GPU${missing}`, () => {
  afterAll(() => device.close());

  test.each([
    ['between runs', lose, 1, [3, 'the GPU was lost and opened again: a step was repeated']],
    ['in a run', loseInRun, 1, [3, 'the GPU was lost and opened again: a step was repeated']],
    ['in a run of many calls', loseInRun, 2, [5, 'the GPU was lost and opened again: 3 steps were repeated']],
    ['before weights are read', lose, 4, null],
  ] as const)('that is lost %s is opened again, and the results are the same', async (_, disturb, at, note) => {
    const { outcome, notes } = divided(await trained(disturb, at));
    expect(notes).toEqual(note === null ? [] : [note]);
    expect(outcome).toEqual(divided(await trained()).outcome);
  });

  test('that is lost for good is an error', async () => {
    const trial = new Trial();
    const executable = await trial.compiledOn(device);
    await executable.run('train', trial.training(1));
    await lose();
    const cause = new Error('no adapter');
    devices.mockRejectedValueOnce(cause);
    await expect(executable.run('train', trial.training(1))).rejects.toMatchObject({
      kind: 'device',
      message: 'cannot continue on the GPU: it was lost and does not open again',
      hint: expect.stringContaining('--device cpu'),
      cause,
    });
  });

  test('that reports an error in a run makes the run fail, and works on', async () => {
    const trial = new Trial();
    const executable = await trial.compiledOn(device);
    const before = await trial.read(executable);
    await inRun((gpu) => void gpu.createBuffer({ size: 4, usage: 0 }));
    await expect(executable.run('sample', trial.sampling(1))).rejects.toThrow(/usage/i);
    await expect(executable.run('sample', trial.sampling(1))).resolves.toHaveLength(1);
    expect((await trial.read(executable)).get('parameters')).toEqual(before.get('parameters'));
  });

  test('without memory refuses a workload before anything runs', async () => {
    // SwiftShader refuses buffers of 1 GiB, although its limits allow them.
    const gpu = prototypeOf(await lastDevice());
    const { createBuffer } = gpu;
    const spy = vi.spyOn(gpu, 'createBuffer').mockImplementationOnce(function (this: GPUDevice, { usage }) {
      return createBuffer.call(this, { usage, size: 2 ** 30 });
    });
    onTestFinished(() => spy.mockRestore());
    const compiling = device.compile(new Trial().workload);
    await expect(compiling).rejects.toMatchObject({
      kind: 'usage',
      message: 'the GPU has too little memory for this model and batch',
      hint: expect.stringContaining('--device cpu'),
    });
    // The next one is not affected.
    await (await device.compile(new Trial().workload)).close();
  });

  test('refuses a workload that needs a larger buffer than it allows', async () => {
    const side = 2 ** 15;
    const workload: Workload = {
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
    };
    await expect(device.compile(workload)).rejects.toMatchObject({
      kind: 'usage',
      message: expect.stringMatching(/^this model and batch need a buffer of 4\.\d GiB, and .* allows \d\.\d GiB$/),
      hint: expect.stringContaining('--device cpu'),
    });
  });
});
