// The bytes that move between the host and a GPU, counted at the calls of WebGPU on a software GPU.
import { afterAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { countParameters } from '../../../src/program/value.ts';
import { openHere } from './helpers.ts';
import { lastDevice, prototypeOf } from './spies.ts';
import { Trial } from './trial.ts';

const { device, missing } = await openHere('gpu:software');

interface Traffic {
  /** Bytes that the host has written into buffers, and mapped to read. */
  up: number;
  back: number;
  buffers: number;
  submits: number;
}

/** Counts from now on. */
async function watch(): Promise<Traffic> {
  const traffic: Traffic = { up: 0, back: 0, buffers: 0, submits: 0 };
  const gpu = await lastDevice();
  const buffer = gpu.createBuffer({ size: 4, usage: 8 });
  const spyOn = <Instance extends object>(
    instance: Instance,
    methods: Partial<Record<keyof Instance & string, (...values: never[]) => void>>,
  ): void => {
    const prototype = prototypeOf(instance) as Record<string, (...values: unknown[]) => unknown>;
    for (const [name, count] of Object.entries(methods) as [string, (...values: unknown[]) => void][]) {
      const original = prototype[name];
      const spy = vi.spyOn(prototype, name).mockImplementation(function (this: unknown, ...values: unknown[]) {
        count(...values);
        return original.apply(this, values);
      });
      onTestFinished(() => spy.mockRestore());
    }
  };
  const refuse = (): never => {
    throw new Error('there are other ways to move bytes');
  };
  spyOn(gpu.queue, {
    writeBuffer: (_: GPUBuffer, _offset: number, data: Float32Array) => void (traffic.up += data.byteLength),
    writeTexture: refuse,
    submit: () => void traffic.submits++,
  });
  spyOn(buffer, {
    mapAsync: (mode: number, _: number, bytes: number) => (mode === 1 ? void (traffic.back += bytes) : refuse()),
  });
  spyOn(gpu, { createBuffer: ({ mappedAtCreation }) => (mappedAtCreation ? refuse() : void traffic.buffers++) });
  return traffic;
}

describe.skipIf(missing !== '')(`on a software GPU${missing}`, () => {
  afterAll(() => device!.close());

  // More weights than 4096 bytes.
  const trial = new Trial({ hidden: 20, steps: 6 });
  const [N, T, V] = [trial.batch, 6, trial.vocabulary];
  const weights = 4 * countParameters(trial.workload.parameters);

  test('a training step takes up ids, targets and a few numbers, and a report back', async () => {
    const executable = await trial.compiledOn(device!);
    const calls = trial.training(8);
    await executable.run('train', calls.slice(0, 5));
    const traffic = await watch();
    await executable.run('train', calls.slice(5));
    await executable.run('train', trial.training(5));
    expect(weights).toBeGreaterThan(4096);
    const { bytesUp, bytesBack } = executable.cost!('train');
    expect(traffic).toMatchObject({ up: 8 * bytesUp, back: 8 * bytesBack });
    expect(bytesUp).toBeLessThanOrEqual(12 * N * T + 4 * V + 128);
    expect(bytesUp).toBeGreaterThanOrEqual(8 * N * T);
    expect(bytesBack).toBeLessThanOrEqual(64);
    expect(bytesBack).toBeGreaterThan(0);
    // Its buffers have been made before.
    expect(traffic.buffers).toBe(0);
    // A step is submitted at once if it has few dispatches.
    expect(traffic.submits).toBe(8);
  });

  test('weights and states move only when they are read or written', async () => {
    const executable = await trial.compiledOn(device!);
    const traffic = await watch();
    await executable.run('train', trial.training(2));
    await executable.run('evaluate', trial.evaluation(2));
    expect(traffic.back).toBeLessThan(weights);
    const before = traffic.back;
    await executable.read({ kind: 'parameters' });
    expect(traffic.back - before).toBe(weights);
    const up = traffic.up;
    await executable.write({ kind: 'parameters' }, trial.parameters());
    expect(traffic.up - up).toBe(weights);
  });

  test('a step of sampling takes up ids, and its logits back', async () => {
    const executable = await trial.compiledOn(device!);
    const traffic = await watch();
    await executable.run('sample', trial.sampling(1));
    expect(traffic.up).toBeLessThanOrEqual(8 * N + 64);
    expect(traffic.back).toBeLessThanOrEqual(4 * N * V + 64);
  });
});
