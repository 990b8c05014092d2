import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Device, Executable } from '../../src/devices/device.ts';
import { openReference } from '../../src/devices/reference/reference.ts';
import { bench } from '../../src/diagnosis/bench.ts';

const setup = { cell: 'gru', layers: 2, hidden: 3, batchSize: 2, sequenceLength: 4, milliseconds: 5 };

/** The reference device, which counts its executables and claims to work in dispatches. */
function counting(change: Partial<Executable> = {}): {
  device: Device;
  runs: Record<string, number[]>;
  open: Set<Executable>;
} {
  const [runs, open]: [Record<string, number[]>, Set<Executable>] = [{}, new Set()];
  const device = openReference();
  return {
    runs,
    open,
    device: {
      ...device,
      async compile(workload) {
        const inner = await device.compile(workload);
        const executable: Executable = {
          description: 'counting',
          memoryBytes: 123,
          callsPerRun: (job) => (job === 'train' ? 3 : 1),
          run: (job, calls) => {
            (runs[job] ??= []).push(calls.length);
            return inner.run(job, calls);
          },
          read: (resident) => inner.read(resident),
          write: (resident, values) => inner.write(resident, values),
          close: async () => void open.delete(executable),
          ...change,
        };
        open.add(executable);
        return executable;
      },
    },
  };
}

describe('bench', () => {
  it('trains as many steps per run as suit the device, and samples one character at a time', async () => {
    const { device, runs, open } = counting();
    const result = await bench(device, setup);
    expect(new Set(runs.train)).toEqual(new Set([3]));
    expect(new Set(runs['sample 1'])).toEqual(new Set([1]));
    expect(runs['sample 1'].length % 16).toBe(0);
    expect(result).toMatchObject({
      device: 'reference',
      description: 'counting',
      memoryBytes: 123,
      cost: null,
      training: { callsPerRun: 3, settled: true, gigabytesPerSecond: null },
    });
    expect(runs.train.length).toBeGreaterThanOrEqual(3 + 5);
    expect(result.training!.charactersPerSecond * result.training!.stepMs).toBeCloseTo(1000 * 8, 6);
    expect(result.sampling!.charactersPerSecond).toBeGreaterThan(0);
    expect(open.size).toBe(0);
  });

  it('counts the multiply-adds of the matrix products of a step if the device does not', async () => {
    const { multiplyAdds, training, parameters } = await bench(counting().device, { ...setup, cell: 'rnn', layers: 1 });
    // Per row of T·N: h·Wh and the head, each with its two gradients. There is no gradient of the
    // state that is carried in.
    const [T, N, H, V] = [4, 2, 3, 65];
    expect(multiplyAdds).toBe(T * N * 3 * (H * H + H * V) - N * H * H);
    expect(training!.gigaflops).toBeCloseTo((2 * multiplyAdds) / training!.stepMs / 1e6, 9);
    expect(parameters).toBe(V * H + H * H + H + H * V + V);
  });

  it('reports dispatches for each layer and time step, and bytes per second, if the device knows them', async () => {
    const ofStep = { dispatches: 40, kernels: 7, multiplyAdds: 1000, bytes: 5000, bytesUp: 60, bytesBack: 8 };
    const { device } = counting({ cost: () => ofStep });
    const { cost, multiplyAdds, training } = await bench(device, setup);
    expect(cost).toEqual({ ...ofStep, dispatchesPerLayerStep: 5 });
    expect(multiplyAdds).toBe(1000);
    expect(training!.gigabytesPerSecond).toBeCloseTo(5000 / training!.stepMs / 1e6, 9);
  });

  it('returns the profile of an update step if it is requested and available', async () => {
    const profile = [
      { kind: 'product', shape: { rows: 2, columns: 3, planes: 1 }, count: 4, microseconds: 5, multiplyAdds: 6 },
    ];
    const asked: string[] = [];
    const { device } = counting({
      profile: async (job) => {
        asked.push(job);
        return profile;
      },
    });
    expect((await bench(device, { ...setup, profile: true })).profile).toEqual(profile);
    expect((await bench(device, setup)).profile).toBeNull();
    expect(asked).toEqual(['train']);
    const without = await bench(counting().device, { ...setup, profile: true });
    expect(without.profile).toBeNull();
    expect(without.training!.cpuMs).toBeGreaterThanOrEqual(0);
  });

  it('measures runs of the length that the device has chosen', async () => {
    const lengths = [1, 1, 2, 2, 4];
    const { device, runs } = counting();
    const { compile } = device;
    const growing: Device = {
      ...device,
      compile: async (workload) => ({
        ...(await compile(workload)),
        callsPerRun: () => lengths[Math.min(lengths.length - 1, runs.train?.length ?? 0)],
      }),
    };
    expect((await bench(growing, setup)).training).toMatchObject({ callsPerRun: 4, settled: true });
    expect(runs.train.slice(0, 6)).toEqual([1, 1, 2, 2, 4, 4]);
    expect(runs.train.length).toBeGreaterThanOrEqual(6 + 5);
  });

  it('counts the extra time of the first run as compilation', async () => {
    let now = 0;
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => now);
    onTestFinished(() => clock.mockRestore());
    const { device } = counting();
    const { compile } = device;
    const lazy: Device = {
      ...device,
      async compile(workload) {
        const executable = await compile(workload);
        let first = true;
        const run: Executable['run'] = async (job, calls) => {
          now += first ? 501 : 1;
          first = false;
          return executable.run(job, calls);
        };
        return { ...executable, run };
      },
    };
    const { compileMs, sampling } = await bench(lazy, setup);
    expect(compileMs).toBe(500);
    expect(sampling!.compileMs).toBe(500);
    expect((await bench(lazy, { ...setup, milliseconds: null })).compileMs).toBe(0);
  });

  it('does not run anything in a dry run', async () => {
    const { device, runs, open } = counting();
    const result = await bench(device, { ...setup, milliseconds: null });
    expect(result).toMatchObject({ training: null, sampling: null });
    expect(result.operations).toBeGreaterThan(50);
    expect(runs).toEqual({});
    expect(open.size).toBe(0);
  });

  it('refuses a device whose results are not finite numbers', async () => {
    const { device, open } = counting({
      run: async (_, calls) =>
        calls.slice(0, 1).map(() => ({ lossNats: NaN, gradientNorm: NaN, updated: false, outputs: {} })),
    });
    await expect(bench(device, setup)).rejects.toMatchObject({
      kind: 'device',
      message: expect.stringContaining('not a finite number'),
    });
    expect(open.size).toBe(0);
  });
});
