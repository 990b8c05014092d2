import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type ExpectedWork, type TrainingWork, openBest } from '../../src/devices/auto.ts';
import { planWorkload } from '../../src/devices/cpu/plan.ts';
import { embeddedProducts } from '../../src/devices/cpu/products.ts';
import type { Device, Executable, Job, OperationTime, Workload } from '../../src/devices/device.ts';
import { openDevice } from '../../src/devices/open.ts';
import { measureCpu, measureGpu } from '../../src/devices/speed.ts';
import { RnnError } from '../../src/errors.ts';
import { runUninterrupted } from '../../src/sliced-work.ts';

const search = vi.hoisted(() => ({ loaded: 0, mayHaveGpu: vi.fn<() => boolean>() }));
vi.mock('../../src/devices/gpu/search.ts', () => {
  search.loaded++;
  return { mayHaveGpu: search.mayHaveGpu };
});

let now = 0;
beforeEach(() => {
  now = 0;
  search.mayHaveGpu.mockClear();
  vi.spyOn(performance, 'now').mockImplementation(() => now);
  search.mayHaveGpu.mockReturnValue(true);
});
afterEach(() => vi.restoreAllMocks());

/** 60 GFLOP/s, in multiply-adds per millisecond. */
const PER_THREAD = 3e7;

function multiplyAddsOf({ build, batch }: Job): number {
  return build(batch).values.reduce(
    (sum, value) => sum + (value.kind === 'matmul' ? value.rows * value.columns * value.inputs[0].columns : 0),
    0,
  );
}

interface FakeDevice extends Device {
  readonly log: string[];
}

/** A device of simulated speed. `members` are of its executables. */
function fake(
  name: string,
  description: string,
  members: (workload: Workload) => Pick<Executable, 'run' | 'profile'>,
): FakeDevice {
  const log: string[] = [];
  return {
    name,
    description,
    log,
    estimate: async () => 0,
    compile: async (workload) => {
      log.push('compile');
      return { ...members(workload), close: async () => void log.push('free') } as Executable;
    },
    close: async () => void log.push('close'),
  };
}

/** A processor whose workers are planned as the cpu device plans them. */
function cpuOf(threads: number): FakeDevice {
  return fake('cpu', 'cpu: fake', (workload) => {
    const { workers } = runUninterrupted(planWorkload(workload, threads, embeddedProducts));
    return {
      run: async (name, calls) => {
        now += multiplyAddsOf(workload.jobs.find((job) => job.name === name)!) / (workers * PER_THREAD);
        return calls.map(() => ({ lossNats: 0, gradientNorm: NaN, updated: false, outputs: {} }));
      },
    };
  });
}

interface Card {
  /** TFLOP/s of products. */
  readonly teraflops: number;
  /** Microseconds of the shortest dispatch. */
  readonly dispatch: number;
}
const fast: Card = { teraflops: 16, dispatch: 5 };
const modest: Card = { teraflops: 1.5, dispatch: 10 };
const integrated: Card = { teraflops: 0.3, dispatch: 15 };

function gpuOf({ teraflops, dispatch }: Card): FakeDevice {
  return fake('gpu', 'gpu: fake card (vulkan)', (workload) => ({
    run: async () => [],
    profile: async (name): Promise<OperationTime[]> => {
      const multiplyAdds = multiplyAddsOf(workload.jobs.find((job) => job.name === name)!);
      const shape = { rows: 1, columns: 1, planes: 1 };
      const microseconds = Math.max(dispatch, (2 * multiplyAdds) / teraflops / 1e6);
      return [
        { kind: 'product', shape, count: 1, microseconds, multiplyAdds },
        { kind: 'chain', shape, count: 2, microseconds: dispatch, multiplyAdds: 0 },
      ];
    },
  }));
}

/** The work of training an LSTM of L layers of H units with a vocabulary of 65. */
function training(L: number, H: number, N: number, T: number, change: Partial<TrainingWork> = {}): TrainingWork {
  return {
    kind: 'training',
    multiplyAdds: 3 * N * T * (4 * H * (2 * L - 1) * H + 65 * H),
    batchSize: N,
    sequenceLength: T,
    layers: L,
    steps: 10_000,
    milliseconds: Infinity,
    ...change,
  };
}
const large = training(3, 512, 64, 64);
const small = training(1, 64, 64, 64, { steps: 1e6 });

async function choose(
  work: ExpectedWork | undefined,
  threads: number,
  card: Card = fast,
): Promise<{ device: Device; cpu: FakeDevice; gpu: FakeDevice }> {
  const [cpu, gpu] = [cpuOf(threads), gpuOf(card)];
  return { device: await openBest(work, { cpu: async () => cpu, gpu: async () => gpu }), cpu, gpu };
}
const noGpu = new RnnError('device', 'no GPU answered (no Vulkan loader)');

describe('auto', () => {
  it.each<[string, TrainingWork, number, Card, 'cpu' | 'gpu']>([
    ['the cpu for a small model and many threads', small, 64, fast, 'cpu'],
    ['the GPU for a large model, two threads and a fast card', large, 2, fast, 'gpu'],
    ['the GPU for a large model, many threads and a fast card', large, 64, fast, 'gpu'],
    ['the cpu for a large model, many threads and a modest card', large, 64, modest, 'cpu'],
    ['the GPU for a large model, many threads and few rows for them', { ...large, batchSize: 8 }, 64, modest, 'gpu'],
    ['the cpu for a large model and a slow integrated card', large, 8, integrated, 'cpu'],
    ['the GPU for a large model, a slow integrated card and one thread', large, 1, integrated, 'gpu'],
  ])('takes %s', async (_, work, threads, card, expected) => {
    const { device, cpu, gpu } = await choose(work, threads, card);
    expect(device.reason).toMatch(
      expected === 'gpu' ? /^gpu: fake card \(vulkan\): an update/ : /^cpu: the gpu is not/,
    );
    expect(device.name).toBe(expected);
    const [chosen, other] = expected === 'gpu' ? [gpu, cpu] : [cpu, gpu];
    expect(chosen.log).toEqual(['compile', 'free']);
    expect(other.log).toEqual(['compile', 'free', 'close']);
  });

  it.each([1, 2, 4, 6, 8, 16, 32, 64])(
    'measures as many of %d threads as have four rows of the batch each',
    async (threads) => {
      const work = training(2, 256, 64, 50, { steps: 1e6 });
      const workers = Math.min(threads, 16);
      const cpuMs = Number((work.multiplyAdds / (workers * PER_THREAD)).toPrecision(2));
      const { device } = await choose(work, threads);
      expect(device.reason).toContain(`an update step takes about ${cpuMs} ms on the cpu and `);
      expect(device.reason).toContain(`(measured products: ${60 * workers} and `);
    },
  );

  it('prints times that follow from the measured products', async () => {
    const { device } = await choose(training(2, 256, 64, 50), 8, { teraflops: 8, dispatch: 10 });
    // 7.7e9 multiply-adds at 8 · 3e7 a millisecond. 2·51 time steps, each with 5.1e7 multiply-adds at
    // 4e9 a millisecond, and then 2.6e9 for the weights.
    expect(device.reason).toBe(
      'gpu: fake card (vulkan): an update step takes about 32 ms on the cpu and 2 ms on the gpu (measured products: 480 and 8,000 GFLOP/s)',
    );
  });

  it('prints a slow speed with its digits', async () => {
    const { device } = await choose(large, 2, { teraflops: 0.00123, dispatch: 10 });
    expect(device.reason).toContain('(measured products: 120 and 1.2 GFLOP/s)');
  });

  it('takes the cpu for sampling, without looking for a GPU', async () => {
    const { device, cpu } = await choose({ kind: 'sampling', multiplyAdds: 1e12 }, 2);
    expect(device.reason).toBe('cpu: sampling one character at a time is faster there');
    expect(search.mayHaveGpu).not.toHaveBeenCalled();
    expect(cpu.log).toEqual([]);
  });

  const tooShort = 'cpu: the run is too short for a GPU, which takes about 5 s to start';
  it('takes the cpu for a short run, and does not open the GPU', async () => {
    const { device, gpu } = await choose({ ...large, steps: 3 }, 2);
    expect(device.reason).toBe(tooShort);
    expect(gpu.log).toEqual([]);
    const { device: timed, cpu } = await choose({ ...large, milliseconds: 5000 }, 2);
    expect(timed.reason).toBe(tooShort);
    expect(cpu.log).toEqual([]);
  });

  it('takes the cpu if the GPU would save less time than it takes to start', async () => {
    // Of 6 s on the cpu, the GPU saves less than 5.
    const { device } = await choose({ ...large, milliseconds: 6000 }, 1, integrated);
    expect(device.reason).toMatch(/^cpu: the run is too short for a GPU, .* start: an update step takes about/);
    expect((await choose({ ...large, milliseconds: 20_000 }, 1, integrated)).device.name).toBe('gpu');
  });

  it('takes a GPU that answers if the amount of work is unknown, and measures nothing', async () => {
    const { device, cpu, gpu } = await choose(undefined, 2);
    expect(device.reason).toBe('gpu: fake card (vulkan) answered');
    expect([...cpu.log, ...gpu.log]).toEqual([]);
  });

  it.each([large, undefined])('takes the cpu if no GPU answers, and reports why (work %#)', async (work) => {
    const cpu = cpuOf(2);
    const open = async (error: Error): Promise<Device> => {
      const openGpu = async (): Promise<Device> => {
        throw error;
      };
      return openBest(work, { cpu: async () => cpu, gpu: openGpu });
    };
    expect((await open(noGpu)).reason).toBe('cpu: no GPU answered (no Vulkan loader)');
    await expect(open(new TypeError('a bug'))).rejects.toThrow('a bug');
  });

  it('takes the cpu if the GPU fails while it is measured', async () => {
    const gpu = gpuOf(fast);
    const lost: Device = { ...gpu, compile: () => Promise.reject(new RnnError('device', 'the GPU was lost')) };
    const device = await openBest(large, { cpu: async () => cpuOf(2), gpu: async () => lost });
    expect(device.reason).toBe('cpu: the GPU was lost');
    expect(gpu.log).toEqual(['close']);
  });

  it('measures nothing if the system does not have a GPU', async () => {
    search.mayHaveGpu.mockReturnValue(false);
    const { device, cpu, gpu } = await choose(large, 2);
    expect(device.reason).toBe('cpu: this system does not have a GPU');
    expect([...cpu.log, ...gpu.log]).toEqual([]);
  });
});

describe('the measurement', () => {
  const shape = { rows: 9, width: 16, layers: 2 };

  it('runs on the real cpu device', async () => {
    vi.restoreAllMocks();
    const device = await openDevice('cpu', { threads: 2, kernels: 'wasm-portable' });
    expect(await measureCpu(device, shape, 4)).toBeGreaterThan(0);
    await device.close();
  });

  it('runs on the real GPU device', async () => {
    vi.restoreAllMocks();
    const device = await openDevice('gpu:cpu');
    const { step, multiplyAddsPerMs } = await measureGpu(device, shape, { rows: 32, width: 32, layers: 1 });
    expect(step.multiplyAdds).toBe(2 * 9 * 16 * 16);
    expect(Math.min(step.milliseconds, multiplyAddsPerMs)).toBeGreaterThan(0);
    await device.close();
  });
});
