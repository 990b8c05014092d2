// Two kinds of GPU, as doubles.
import { EventEmitter } from 'node:events';
import { expect, it, vi } from 'vitest';
import { Adapter } from '../../../src/devices/gpu/adapter.ts';
import { openGpu } from '../../../src/devices/gpu/gpu.ts';
import type { FoundAdapter } from '../../../src/devices/gpu/probe.ts';

const hardware = {
  vendor: 'acme',
  architecture: '',
  device: 'Acme 1',
  description: 'driver 1',
  isFallbackAdapter: false,
};
const software = { ...hardware, vendor: '', device: 'SwiftShader', isFallbackAdapter: true };

/** The adapters that a child process finds, and that this process gets. */
const world = vi.hoisted(() => ({ found: [] as FoundAdapter[], given: [] as FoundAdapter[] }));

vi.mock('node:child_process', () => ({
  fork() {
    const child = new EventEmitter();
    setImmediate(() => {
      child.emit('message', { adapters: world.found, loader: true, broken: null });
      child.emit('close', 0, null);
    });
    return child;
  },
}));
vi.mock('webgpu', () => ({
  create: () => ({
    requestAdapter: async ({ forceFallbackAdapter = false }) => {
      const info = world.given.find(({ isFallbackAdapter }) => isFallbackAdapter || !forceFallbackAdapter);
      return info ? { info, limits: {}, features: new Set() } : null;
    },
  }),
}));

const both = [hardware, software];

it('can be open at the same time', async () => {
  world.found = world.given = both;
  const opened = [await openGpu('webgpu'), await openGpu('software')];
  expect(opened.map(({ description }) => description)).toEqual([
    expect.stringMatching(/^gpu: Acme 1 \(/),
    expect.stringMatching(/^gpu:software: SwiftShader \(/),
  ]);
  for (const device of opened) await device.close();
});

it.each([
  [
    'a software GPU where hardware is asked for',
    [software],
    [software],
    'hardware',
    'only SwiftShader, which is software',
  ],
  ['hardware where a software GPU is asked for', [hardware], [hardware], 'software', 'only Acme 1, which is hardware'],
  ['nothing', [], [], 'hardware', 'no driver found a device'],
  ['another GPU than before', both, [software], 'hardware', 'it answered once, and then no more'],
] as const)('is refused where a driver gives %s', async (_, found, given, kind, why) => {
  Object.assign(world, { found, given });
  await expect(Adapter.open(kind)).rejects.toMatchObject({ kind: 'device', message: expect.stringContaining(why) });
});

it.each(['llvmpipe (LLVM 15.0.7)', 'Microsoft Basic Render Driver', 'lavapipe'])(
  '%s is software, although it does not say so',
  async (device) => {
    world.found = world.given = [{ ...hardware, device }];
    await expect(Adapter.open('hardware')).rejects.toMatchObject({ kind: 'device' });
  },
);
