// The calling thread as one of the workers.
import { syncBuiltinESMExports } from 'node:module';
import workerThreads from 'node:worker_threads';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { openCpu } from '../../../src/devices/cpu/cpu.ts';
import type { Executable } from '../../../src/devices/device.ts';
import { networkProgram } from '../../../src/model/network.ts';
import { initialParameters, parameterShapes } from '../../../src/model/parameters.ts';
import { Random } from '../../../src/random.ts';
import { gruOf, samplingJob } from './sampling-job.ts';

const { Worker } = workerThreads;
let started: InstanceType<typeof Worker>[] = [];
/** The number of threads that the system still allows this process to start. */
let startable = Infinity;

beforeAll(() => {
  workerThreads.Worker = class extends Worker {
    constructor(...given: ConstructorParameters<typeof Worker>) {
      if (startable-- === 0) throw Object.assign(new Error('EAGAIN'), { code: 'ERR_WORKER_INIT_FAILED' });
      super(...given);
      started.push(this);
    }
  };
  syncBuiltinESMExports();
});
afterAll(() => {
  workerThreads.Worker = Worker;
  syncBuiltinESMExports();
});
beforeEach(() => {
  started = [];
  startable = Infinity;
});

// Enough multiply-adds to make threads worth their start.
const N = 32;
const model = gruOf(450);

async function compile(interactive: boolean, threads: number): Promise<Executable> {
  const device = await openCpu({ threads });
  const job = samplingJob(model, N);
  const executable = await device.compile({
    parameters: parameterShapes(model),
    jobs: [job],
    update: null,
    interactive,
  });
  await executable.write({ kind: 'parameters' }, initialParameters(model, new Random(1)));
  return executable;
}

async function steps(executable: Executable, count: number): Promise<number[]> {
  const call = executable.preparedCall!('sample');
  for (let step = 0; step < count; step++) {
    call.ids.forEach((_, row) => void (call.ids[row] = (step + row) % 5));
    await call.run();
  }
  await executable.close();
  return call.outputs['logits'].flatMap((row) => [...row]);
}

test('the calling thread computes its share of the rows, with the same results as separate threads', async () => {
  const joined = await compile(true, 3);
  expect(started.length).toBe(2);
  const apart = await compile(false, 3);
  expect(started.length).toBe(5);
  expect(await steps(joined, 30)).toEqual(await steps(apart, 30));
});

test('a workload with few rows or a small model does not start threads', async () => {
  const device = await openCpu({ threads: 3 });
  for (const [batch, hidden] of [
    [7, 450],
    [N, 20],
  ] as const) {
    const small = { ...model, hidden };
    const executable = await device.compile({
      parameters: parameterShapes(small),
      jobs: [
        {
          name: 'sample',
          steps: 1,
          batch,
          build: (rows) => networkProgram(small, { steps: 1, rows }, { outputs: 'logits' }),
        },
      ],
      update: null,
      interactive: true,
    });
    await executable.close();
  }
  expect(started.length).toBe(0);
});

test('a step does not wait for a thread that has died', async () => {
  const executable = await compile(true, 2);
  const call = executable.preparedCall!('sample');
  await call.run();
  const gone = started[0].terminate();
  // The thread may still finish the first step, but not the next one.
  const more = async (): Promise<void> => {
    for (let step = 0; step < 100; step++) await call.run();
  };
  await expect(more()).rejects.toMatchObject({ kind: 'machine', message: 'cannot continue: a worker thread died' });
  await gone;
  await executable.close();
});

test.each([
  ['next to the calling thread', true, 2],
  ['next to other threads', false, 3],
])(
  'if a thread cannot be started %s, the started threads end and the hint names --threads',
  async (_, interactive, wanted) => {
    startable = 1;
    await expect(compile(interactive, 3)).rejects.toMatchObject({
      kind: 'machine',
      message: `cannot start worker thread 2 of ${wanted}: EAGAIN`,
      hint: expect.stringContaining('lower --threads'),
    });
    expect(started.map(({ threadId }) => threadId)).toEqual([-1]);
  },
);
