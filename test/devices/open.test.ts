import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Device } from '../../src/devices/device.ts';
import { deviceNames, openDevice, type TrainingWork } from '../../src/devices/open.ts';
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
const large: TrainingWork = {
  kind: 'training',
  multiplyAdds: 5e9,
  sequence: 100,
  steps: 10_000,
  milliseconds: Infinity,
};

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
    ['gpu:webasm', 'webasm'],
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
  it('samples on the cpu, without looking for a GPU', async () => {
    const before = adapter.loaded;
    expect((await openDevice('auto', { work: { kind: 'sampling', multiplyAdds: 0 } })).reason).toBe(
      'cpu: sampling one character at a time is faster there',
    );
    expect(adapter.loaded).toBe(before);
  });

  const answered = 'gpu: NVIDIA H200 (vulkan) answered';
  const estimated = `${answered}, and an update step takes about 50 ms on the cpu and 5.7 ms on a GPU (estimated)`;
  const tooShort = 'cpu: the run is too short for a GPU, which takes 5 s to start';
  it.each([
    ['takes the GPU for much work', large, estimated],
    ['takes it if the amount of work is unknown', undefined, answered],
    ['takes it for a long time', { ...large, steps: null, milliseconds: 60_000 }, estimated],
    ['does not start it for a few steps', { ...large, steps: 1 }, tooShort],
    ['does not start it for a short time', { ...large, steps: null, milliseconds: 5000 }, tooShort],
    [
      'leaves small models to the cpu',
      { ...large, multiplyAdds: 1e6 },
      'cpu: a GPU is not clearly faster for this model: an update step takes about 0.01 ms on the cpu and 4 ms on a GPU (estimated)',
    ],
  ])('%s', async (_, work, reason) => {
    adapter.mayHaveGpu.mockReturnValue(true);
    adapter.openGpu.mockResolvedValue(gpu);
    const device = await openDevice('auto', { threads: 2, ...(work === undefined ? {} : { work }) });
    expect(device.reason).toBe(reason);
    expect(device.name).toBe(reason.slice(0, 3));
    expect(adapter.openGpu).toHaveBeenCalledTimes(device.name === 'gpu' ? 1 : 0);
  });

  it.each([1, 2, 4, 6, 8, 16, 32, 64])(
    'takes the GPU for a large model and the cpu for a small model, with %d threads',
    async (threads) => {
      adapter.mayHaveGpu.mockReturnValue(true);
      adapter.openGpu.mockResolvedValue(gpu);
      // An LSTM of 3 × 512 and one of 1 × 64, in batches of 64 × 64.
      const [big, small] = [6.5e10, 3e8].map((multiplyAdds, i) => ({ ...large, multiplyAdds, sequence: [192, 64][i] }));
      expect((await openDevice('auto', { threads, work: big })).name).toBe('gpu');
      expect((await openDevice('auto', { threads, work: { ...big, steps: 10 } })).name).toBe(
        threads > 2 ? 'cpu' : 'gpu',
      );
      expect((await openDevice('auto', { threads, work: small })).name).toBe(threads > 1 ? 'cpu' : 'gpu');
    },
  );

  it('takes the cpu if no GPU answers, and reports why', async () => {
    adapter.mayHaveGpu.mockReturnValue(true);
    adapter.openGpu.mockRejectedValue(noGpu);
    expect((await openDevice('auto', { threads: 2, work: large })).reason).toBe(
      'cpu: no GPU answered (no Vulkan loader)',
    );
    adapter.openGpu.mockRejectedValue(new TypeError('a bug'));
    await expect(openDevice('auto', { threads: 2, work: large })).rejects.toThrow('a bug');
  });

  it('does not open a GPU if the system does not have one', async () => {
    adapter.mayHaveGpu.mockReturnValue(false);
    expect((await openDevice('auto', { threads: 2, work: large })).reason).toBe('cpu: this system does not have a GPU');
    expect(adapter.openGpu).not.toHaveBeenCalled();
  });
});
