import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Device } from '../../src/devices/device.ts';
import { deviceNames, openDevice } from '../../src/devices/open.ts';
import { RnnError } from '../../src/errors.ts';

const gpu = { name: 'gpu', description: 'gpu: NVIDIA H200 (vulkan)', close: async () => {} } as Device;
const adapter = vi.hoisted(() => ({
  loaded: 0,
  mayHaveGpu: vi.fn<() => boolean>(),
  openGpu: vi.fn<(mode: string) => Promise<Device>>(),
}));
vi.mock('../../src/devices/gpu/search.ts', () => {
  adapter.loaded++;
  return { mayHaveGpu: adapter.mayHaveGpu };
});
vi.mock('../../src/devices/gpu/gpu.ts', () => ({ openGpu: adapter.openGpu }));
afterEach(() => vi.resetAllMocks());

const noGpu = new RnnError('device', 'no GPU answered (no Vulkan loader)', { hint: 'apt-get install libvulkan1' });
describe('a device', () => {
  it('is opened by its name', async () => {
    const device = await openDevice('reference');
    expect(device.name).toBe('reference');
    expect(device.reason).toBeUndefined();
    await device.close();
  });

  it.each(['metal', '', 'constructor', 'toString', '__proto__'])(
    'that does not exist (%j) is refused with a list of the devices',
    async (name) => {
      await expect(openDevice(name)).rejects.toMatchObject({
        kind: 'device',
        message: `device is '${name}': expected one of auto, ${deviceNames.join(', ')}`,
        hint: 'run rnn doctor to see which devices work here',
      });
    },
  );

  it.each([
    ['gpu', 'webgpu'],
    ['gpu:software', 'software'],
    ['gpu:cpu', 'cpu'],
  ])('%s is the mode %s of the GPU device', async (name, mode) => {
    adapter.openGpu.mockResolvedValue(gpu);
    expect(await openDevice(name, { work: { kind: 'sampling', multiplyAdds: 0 } })).toBe(gpu);
    expect(adapter.openGpu).toHaveBeenCalledWith(mode);
  });

  it('that the user names is never replaced', async () => {
    adapter.openGpu.mockRejectedValue(noGpu);
    await expect(openDevice('gpu')).rejects.toMatchObject({
      kind: 'device',
      message: 'cannot use device gpu: no GPU answered (no Vulkan loader)',
      hint: 'apt-get install libvulkan1, or run rnn doctor to see which devices work here',
    });
  });

  it('names rnn doctor only once if the reason already names it', async () => {
    adapter.openGpu.mockRejectedValue(new RnnError('device', 'no kernels', { hint: 'rnn doctor lists them' }));
    await expect(openDevice('gpu')).rejects.toMatchObject({ hint: 'rnn doctor lists them' });
  });
});

describe('auto', () => {
  it('opens the cpu or the GPU, with a reason', async () => {
    adapter.mayHaveGpu.mockReturnValue(true);
    adapter.openGpu.mockResolvedValue(gpu);
    expect(await openDevice('auto')).toMatchObject({ name: 'gpu', reason: 'gpu: NVIDIA H200 (vulkan) answered' });
  });

  it('does not load the code of the GPU for sampling', async () => {
    const before = adapter.loaded;
    const device = await openDevice('auto', { work: { kind: 'sampling', multiplyAdds: 0 } });
    expect(device.reason).toMatch(/^cpu: /);
    expect(adapter.loaded).toBe(before);
    expect(adapter.openGpu).not.toHaveBeenCalled();
  });
});
