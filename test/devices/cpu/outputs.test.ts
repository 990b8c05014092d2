import { expect, test } from 'vitest';
import type { Job } from '../../../src/devices/device.ts';
import { openDevice } from '../../../src/devices/open.ts';
import { Builder } from '../../../src/program/builder.ts';

const [steps, batch, V, H] = [3, 11, 5, 8];

/** A whole matrix and some of its columns. */
const job: Job = {
  name: 'look',
  steps,
  batch,
  build(rows) {
    const ops = new Builder();
    const whole = ops.tanh(ops.gather(ops.parameter('W', V, H), ops.input('ids', steps * rows)));
    return ops.program(
      new Map([
        ['whole', whole],
        ['some', ops.columns(whole, 2, 3)],
      ]),
    );
  },
};

test.each([1, 2])(
  'outputs equal the reference, as whole matrices and as columns of a matrix, on %i thread(s)',
  async (threads) => {
    const [expected, got] = await Promise.all(
      ['reference', 'cpu'].map(async (name) => {
        const device = await openDevice(name, { threads });
        const executable = await device.compile({
          parameters: [{ name: 'W', rows: V, columns: H }],
          jobs: [job],
          update: null,
        });
        await executable.write(
          { kind: 'parameters' },
          Float32Array.from({ length: V * H }, (_, index) => Math.sin(index)),
        );
        const [{ outputs }] = await executable.run('look', [
          { ids: Int32Array.from({ length: steps * batch }, (_, index) => (index * index) % V) },
        ]);
        await executable.close();
        await device.close();
        return outputs;
      }),
    );
    expect(got['some']).toHaveLength(steps * batch * 3);
    for (const name of ['whole', 'some'])
      for (const [index, value] of got[name].entries()) expect(value).toBeCloseTo(expected[name][index], 6);
  },
);

test('a job with too few rows for all threads returns its outputs', async () => {
  const device = await openDevice('cpu', { threads: 2 });
  const executable = await device.compile({
    parameters: [{ name: 'W', rows: V, columns: H }],
    jobs: [job, { ...job, name: 'few', batch: 3 }],
    update: null,
  });
  const [{ outputs }] = await executable.run('few', [{ ids: new Int32Array(steps * 3) }]);
  expect(outputs['whole']).toEqual(new Float32Array(steps * 3 * H));
  await executable.close();
  await device.close();
});

test('the calls of a run have separate outputs, which the next run reuses', async () => {
  const device = await openDevice('cpu', { threads: 1 });
  const executable = await device.compile({
    parameters: [{ name: 'W', rows: V, columns: H }],
    jobs: [job],
    update: null,
  });
  await executable.write(
    { kind: 'parameters' },
    Float32Array.from({ length: V * H }, (_, index) => index / 100),
  );
  const calls = [0, 1].map((id) => ({ ids: new Int32Array(steps * batch).fill(id) }));
  const [first, second] = await executable.run('look', calls);
  expect(first.outputs['whole'][0]).toBe(0);
  expect(second.outputs['whole'][0]).toBeCloseTo(Math.tanh(H / 100), 6);
  const [again] = await executable.run('look', calls.slice(1));
  expect(again.outputs['whole']).toBe(first.outputs['whole']);
  expect(again.outputs['whole']).toEqual(second.outputs['whole']);
  await executable.close();
  await device.close();
});
