// The device on which a model in training samples.
import { expect, test, vi } from 'vitest';
import { openCpu } from '../../src/devices/cpu/cpu.ts';
import type { OpenOptions } from '../../src/devices/open.ts';
import { train, verses } from './fixture.ts';

const opened = vi.hoisted(() => ({ options: [] as unknown[] }));
vi.mock('../../src/devices/open.ts', async (original) => {
  const real = await original<typeof import('../../src/devices/open.ts')>();
  const openDevice = (name: string, options: OpenOptions): ReturnType<typeof real.openDevice> => {
    opened.options.push([name, options.threads]);
    return real.openDevice(name, options);
  };
  return { ...real, openDevice };
});

test.each([
  ['as many threads as the run was given', 1],
  ['a thread per core where none were given', null],
])('if a GPU trains, the cpu samples with %s', async (_, threads) => {
  opened.options = [];
  const device = { ...(await openCpu({ threads: 1 })), name: 'gpu' };
  const { events } = await train(
    verses,
    { maxSteps: 2, sampleEvery: 2 },
    { device, machine: { device: 'gpu', threads, kernels: null } },
  );
  expect(events.some(({ event }) => event === 'sample')).toBe(true);
  expect(opened.options).toEqual([['cpu', threads ?? undefined]]);
});
