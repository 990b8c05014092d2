// Two kinds of GPU, as doubles. Only one kind is provided at a time, and it does not change while a
// device uses it.
import { EventEmitter } from 'node:events';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { FoundAdapter } from '../../../src/devices/gpu/probe.ts';

type Kind = 'hardware' | 'software';

const world = vi.hoisted(() => ({ there: [] as string[], searches: 0 }));

const infos: Readonly<Record<Kind, FoundAdapter>> = {
  hardware: { vendor: 'acme', architecture: '', device: 'Acme 1', description: 'driver 1', isFallbackAdapter: false },
  software: { vendor: '', architecture: '', device: 'SwiftShader', description: 'driver 2', isFallbackAdapter: true },
};

/** A device that can be lost, without other functions. */
function fakeDevice(): object {
  let lose: (info: { reason: string; message: string }) => void;
  const lost = new Promise((resolve) => (lose = resolve));
  return { lost, addEventListener() {}, destroy: () => lose({ reason: 'destroyed', message: '' }) };
}

vi.mock('node:child_process', () => ({
  fork() {
    world.searches++;
    const child = Object.assign(new EventEmitter(), { stderr: null });
    const adapters = world.there.map((kind) => infos[kind as Kind]);
    setImmediate(() => {
      child.emit('message', { adapters, loader: true, broken: null });
      child.emit('close', 0, null);
    });
    return child;
  },
}));
vi.mock('webgpu', () => ({
  create: () => ({
    wgslLanguageFeatures: new Set(),
    requestAdapter: async ({ forceFallbackAdapter }: { forceFallbackAdapter?: boolean }) => {
      const info = infos[forceFallbackAdapter ? 'software' : 'hardware'];
      return { info, limits: {}, features: new Set(), requestDevice: async () => fakeDevice() };
    },
  }),
}));

/** As in a new process. */
async function fresh(...there: readonly Kind[]) {
  world.there = [...there];
  const { openGpu } = await import('../../../src/devices/gpu/gpu.ts');
  return { openGpu, ...(await import('../../../src/devices/gpu/adapter.ts')) };
}

/** As gpu.js would do. */
async function requestDevice(): Promise<{ name: string; device: GPUDevice }> {
  const { gpu } = (globalThis as unknown as { navigator: { gpu: GPU } }).navigator;
  const adapter = (await gpu.requestAdapter())!;
  return { name: adapter.info.device, device: await adapter.requestDevice() };
}

const inUse = {
  kind: 'device',
  message: 'a process can have one kind of GPU at a time, and a software one is open',
  hint: 'close that device first',
};

describe('of two kinds of GPU', () => {
  beforeEach(() => vi.resetModules());

  it('one is refused while a device of the other is open', async () => {
    const { openGpu, lastDevice, openWebGpu } = await fresh('hardware', 'software');
    const [first, second] = [await openGpu('software'), await openGpu('software')];
    const { device } = await requestDevice();
    await expect(openGpu('webgpu')).rejects.toMatchObject(inUse);
    await first.close();
    // Closing it twice has no further effect.
    await first.close();
    await expect(openGpu('webgpu')).rejects.toMatchObject(inUse);
    await expect(openWebGpu('hardware')).rejects.toMatchObject(inUse);
    expect(lastDevice()).toBe(device);
    expect((await requestDevice()).name).toBe('SwiftShader');

    await second.close();
    const hardware = await openGpu('webgpu');
    expect(hardware.description).toMatch(/^gpu: Acme 1 \(/);
    expect(lastDevice()).toBeNull();
    expect((await requestDevice()).name).toBe('Acme 1');
    await hardware.close();
    expect(await (await openGpu('software')).close()).toBeUndefined();
  });

  it('the existing kind stays where the other is missing', async () => {
    const { openGpu, openWebGpu, lastDevice, adapterHealth } = await fresh('software');
    await (await openGpu('software')).close();
    const { device } = await requestDevice();
    await expect(openGpu('webgpu')).rejects.toMatchObject({ message: expect.stringContaining('only SwiftShader') });
    await expect(openWebGpu('hardware')).rejects.toMatchObject({ kind: 'device' });
    expect(lastDevice()).toBe(device);
    expect(adapterHealth.isLost()).toBe(false);
  });

  it('both can be searched for, whichever is in use, and each is searched for once unless it is missing', async () => {
    const { openGpu, findAdapter, lastDevice } = await fresh('software');
    world.searches = 0;
    const software = await openGpu('software');
    const { device } = await requestDevice();
    await expect(findAdapter('hardware')).rejects.toMatchObject({ kind: 'device' });
    world.there.push('hardware');
    expect(await findAdapter('hardware')).toMatchObject({ name: expect.stringMatching(/^Acme 1 /), software: false });
    expect(await findAdapter('hardware')).toBe(await findAdapter('hardware'));
    expect(await findAdapter('software')).toMatchObject({ software: true });
    expect(world.searches).toBe(3);
    expect(lastDevice()).toBe(device);
    await software.close();
  });

  it('opened at the same time, the first that is found wins', async () => {
    const { openGpu } = await fresh('hardware', 'software');
    const [software, hardware] = await Promise.allSettled([openGpu('software'), openGpu('webgpu')]);
    expect(software.status).toBe('fulfilled');
    expect(hardware).toMatchObject({ status: 'rejected', reason: inUse });
  });
});
