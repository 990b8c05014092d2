import { describe, expect, it, vi } from 'vitest';
import { openDevice } from '../../src/devices/open.ts';
import type { OperationTime } from '../../src/devices/device.ts';
import { type BenchResult, type BenchSetup, bench } from '../../src/diagnosis/bench.ts';
import { RnnError } from '../../src/errors.ts';
import { rnn } from './helpers.ts';

vi.mock('../../src/devices/open.ts', { spy: true });
vi.mock('../../src/diagnosis/bench.ts', { spy: true });

const cpu: BenchResult = {
  device: 'cpu',
  description: 'cpu: two threads',
  parameters: 239_297,
  operations: 3032,
  multiplyAdds: 1_530_406_400,
  compileMs: 312.4,
  memoryBytes: 27_000_000,
  cost: null,
  training: {
    charactersPerSecond: 40_363.4,
    stepMs: 61.9,
    cpuMs: 120,
    callsPerRun: 1,
    settled: true,
    gigaflops: 49.44,
    partOfPeak: 0.528,
    gigabytesPerSecond: null,
  },
  profile: null,
  sampling: { charactersPerSecond: 74_519, compileMs: 17 },
  estimates: null,
};
const profile: readonly OperationTime[] = [
  {
    kind: 'product',
    shape: { rows: 50, columns: 512, planes: 2 },
    count: 50,
    microseconds: 12.34,
    multiplyAdds: 6_553_600,
  },
  { kind: 'chain', shape: { rows: 50, columns: 128, planes: 10 }, count: 100, microseconds: 4, multiplyAdds: 0 },
  ...Array.from({ length: 9 }, () => ({
    kind: 'sum',
    shape: { rows: 1, columns: 1, planes: 1 },
    count: 1,
    microseconds: 3,
    multiplyAdds: 0,
  })),
];
const operations: readonly OperationTime[] = [
  {
    kind: 'a·b over 128',
    shape: { rows: 25, columns: 512, planes: 1 },
    count: 100,
    microseconds: 20,
    multiplyAdds: 1_638_400,
  },
];
const gpu: BenchResult = {
  ...cpu,
  description: 'gpu: a card',
  cost: {
    dispatches: 812,
    kernels: 31,
    multiplyAdds: 1_530_406_400,
    bytes: 2.5e9,
    bytesUp: 30_276,
    bytesBack: 16,
    dispatchesPerLayerStep: 8.12,
  },
  training: {
    charactersPerSecond: 1_250_000,
    stepMs: 2,
    cpuMs: 1.234,
    callsPerRun: 16,
    settled: true,
    gigaflops: 1530,
    partOfPeak: null,
    gigabytesPerSecond: 1250,
  },
};

function useBench({
  without = [],
  broken = [],
  unsettled = false,
}: { without?: string[]; broken?: string[]; unsettled?: boolean } = {}): {
  opened: unknown[][];
  setups: BenchSetup[];
  closed: string[];
  order: string[];
} {
  const [opened, setups, closed, order]: [unknown[][], BenchSetup[], string[], string[]] = [[], [], [], []];
  vi.mocked(openDevice).mockImplementation(async (...given) => {
    const [name] = given;
    if (without.includes(name)) throw new RnnError('device', `cannot use device ${name}: no GPU answered`);
    opened.push(given);
    order.push(`open ${name}`);
    const close = async (): Promise<void> => {
      closed.push(name);
      order.push(`close ${name}`);
    };
    return { name, close } as never;
  });
  vi.mocked(bench).mockImplementation(async ({ name }, setup) => {
    setups.push(setup);
    order.push(`measure ${name}`);
    if (broken.includes(name)) throw new RnnError('device', 'the GPU was lost');
    const result = name === 'cpu' ? cpu : gpu;
    if (unsettled) return { ...result, training: { ...result.training!, settled: false } };
    if (setup.milliseconds === null) return { ...result, training: null, sampling: null };
    return setup.profile ? { ...result, profile: name === 'cpu' ? operations : profile } : result;
  });
  return { opened, setups, closed, order };
}

describe('rnn bench', () => {
  it('compares the CPU and the GPU', async () => {
    const { setups, closed } = useBench();
    const { code, stdout, stderr } = await rnn(['bench']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toBe(`lstm 2 × 128, batch 50, 50 time steps, 65 tokens: 239,297 parameters
cpu: two threads
gpu: a card

                                       cpu        gpu
training, characters/s              40,363  1,250,000
an update step                       62 ms    2.00 ms
update steps per call                    1         16
sampling, characters/s              74,519     74,519
compiling for training              312 ms     312 ms
compiling for sampling               17 ms      17 ms
memory for training                  27 MB      27 MB
operations per step                  3,032      3,032
dispatches per step                               812
dispatches per layer and time step               8.12
kernels                                            31
multiply-adds per step               1.53G      1.53G
read and written per step                      2.5 GB
sent to the device per step                     30 kB
sent back per step                               16 B
GFLOP/s reached                       49.4       1530
processor peak reached                53 %
GB/s reached                                     1250
`);
    expect(setups).toEqual(
      Array.from({ length: 2 }, () => ({
        cell: 'lstm',
        layers: 2,
        hidden: 128,
        batchSize: 50,
        sequenceLength: 50,
        milliseconds: 3000,
      })),
    );
    expect(closed).toEqual(['cpu', 'gpu']);
  });

  it('measures only the CPU if there is no GPU, and says why', async () => {
    useBench({ without: ['gpu'] });
    const { code, stdout, stderr } = await rnn(['bench']);
    expect(code).toBe(0);
    expect(stdout).not.toContain('dispatches');
    expect(stderr).toBe('cannot use device gpu: no GPU answered\n');
  });

  it('takes devices and a model', async () => {
    const { opened, setups } = useBench();
    await rnn([
      'bench',
      '--device',
      'gpu:software',
      '--device',
      'cpu',
      '--device',
      'cpu',
      '--threads',
      '1',
      '--cell',
      'gru',
      '--layers',
      '1',
      '--hidden',
      '7',
      '--batch-size',
      '3',
      '--sequence-length',
      '5',
      '--seconds',
      '0.5',
    ]);
    expect(opened).toEqual([
      ['gpu:software', { threads: 1 }],
      ['cpu', { threads: 1 }],
    ]);
    expect(setups[0]).toEqual({
      cell: 'gru',
      layers: 1,
      hidden: 7,
      batchSize: 3,
      sequenceLength: 5,
      milliseconds: 500,
    });

    expect(await rnn(['bench', '--device', 'npu'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--device is npu: expected one of cpu, gpu'),
    });
  });

  it('passes --kernels on to the CPU, and refuses it for other devices', async () => {
    const { opened } = useBench();
    expect(await rnn(['bench', '--kernels', 'wasm', '--device', 'cpu'])).toMatchObject({ code: 0 });
    expect(opened).toEqual([['cpu', { kernels: 'wasm' }]]);
    for (const command of [
      ['bench', '--device', 'gpu'],
      ['train', 'text', '--device', 'reference'],
    ]) {
      const { code, stderr } = await rnn([...command, '--kernels', 'wasm']);
      expect({ code, stderr }).toEqual({
        code: 2,
        stderr: expect.stringMatching(/^error: cannot use --kernels with --device (gpu|reference): .*\nhint: /),
      });
    }
  });

  it('has one device open at a time', async () => {
    const { order } = useBench();
    await rnn(['bench', '--device', 'gpu:software', '--device', 'gpu']);
    expect(order).toEqual(
      ['gpu:software', 'gpu'].flatMap((name) => [`open ${name}`, `measure ${name}`, `close ${name}`]),
    );
  });

  it('opens no device if a name is wrong', async () => {
    const { order } = useBench();
    expect(await rnn(['bench', '--device', 'cpu', '--device', 'npu'])).toMatchObject({ code: 2, stdout: '' });
    expect(order).toEqual([]);
  });

  it('shows earlier results if a named device is missing', async () => {
    const { closed } = useBench({ without: ['gpu'] });
    const { code, stdout, stderr } = await rnn(['bench', '--device', 'cpu', '--device', 'gpu']);
    expect(code).toBe(6);
    expect(stdout).toContain('40,363');
    expect(stderr).toContain('no GPU answered');
    expect(closed).toEqual(['cpu']);
  });

  it('says if the speed of a device had not settled', async () => {
    useBench({ unsettled: true });
    expect((await rnn(['bench', '--device', 'gpu'])).stdout).toMatch(/^update steps per call +16 so far$/m);
  });

  it('shows the results from before a device failed', async () => {
    const { closed } = useBench({ broken: ['gpu'] });
    const { code, stdout, stderr } = await rnn(['bench']);
    expect(code).toBe(6);
    expect(stdout).toContain('40,363');
    expect(stderr).toContain('the GPU was lost');
    expect(closed).toEqual(['cpu', 'gpu']);
  });

  it('--json gives an object for each device, with the name that the user gave', async () => {
    useBench();
    const { stdout } = await rnn(['bench', '--json', '--device', 'gpu:cpu']);
    expect(JSON.parse(stdout)).toMatchObject({
      event: 'bench',
      device: 'gpu:cpu',
      hidden: 128,
      vocabulary: 65,
      training: { callsPerRun: 16 },
      cost: { dispatches: 812 },
    });
  });

  it('--profile shows the time of each operation of an update step', async () => {
    const { setups } = useBench();
    const { code, stdout } = await rnn(['bench', '--profile']);
    expect(code).toBe(0);
    expect(setups.map((setup) => setup.profile)).toEqual([true, true]);
    expect(stdout.slice(stdout.indexOf('\n\ncpu'))).toBe(`

cpu, the first thread's share of an update step: the slowest operations, 1 of 1
  share  times  µs each  kind          shape     GFLOP/s
100.0 %    100       20  a·b over 128  25 × 512      164
sum of all 100: 2.00 ms, whole step: 62 ms (the difference is waiting and overlap)
the processor of the host works 120 ms per step

gpu, an update step: the slowest operations, 10 of 11
 share  times  µs each  kind     shape          GFLOP/s
59.1 %     50     12.3  product  50 × 512 × 2      1060
38.3 %    100        4  chain    50 × 128 × 10
${' 0.3 %      1        3  sum      1 × 1\n'.repeat(8)}\
sum of all 159: 1.04 ms, whole step: 2.00 ms (the difference is waiting and overlap)
the processor of the host works 1.23 ms per step
`);
  });

  it('--profile gives all kernels in --json, and without it there is no profile', async () => {
    useBench();
    const lines = (await rnn(['bench', '--json', '--profile'])).stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as BenchResult);
    expect(lines.map((line) => line.profile)).toEqual([operations, profile]);
    expect((await rnn(['bench'])).stdout).not.toContain('share');
    expect(await rnn(['bench', '--profile', '--dry-run'])).toMatchObject({ code: 2, stdout: '' });
  });

  it('--dry-run measures nothing', async () => {
    const { setups } = useBench();
    const { stdout } = await rnn(['bench', '--dry-run', '--device', 'cpu']);
    expect(setups[0].milliseconds).toBeNull();
    expect(stdout).toMatch(/operations per step +3,032/);
    expect(stdout).toMatch(/planning for training +312 ms/);
    expect(stdout).not.toMatch(/characters\/s|compiling|estimates/);
  });

  it('--dry-run plans for a GPU without opening it, and estimates its speed', async () => {
    const { opened, setups } = useBench({ without: ['gpu'] });
    const small = ['--hidden', '8', '--batch-size', '4', '--sequence-length', '5'];
    const { code, stdout, stderr } = await rnn(['bench', '--dry-run', ...small]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(opened.map(([name]) => name)).toEqual(['cpu']);
    expect(setups).toHaveLength(1);
    expect(stdout).toContain('\ngpu: planned, without a GPU\n');
    expect(stdout).toMatch(/^dispatches per step +\d+$/m);
    expect(stdout).toMatch(/^sent back per step +16 B$/m);
    const [, estimates] = stdout.split('estimates, not measurements: no GPU has been measured ');
    expect(estimates).toMatch(/^NVIDIA H200 +0\.\d+ ms +[\d,]+\nNVIDIA RTX 4090 .*\nApple M2 Pro .*\n$/m);
  });

  it('--dry-run --json gives the estimates as numbers', async () => {
    useBench();
    const [cpuLine, gpuLine] = (await rnn(['bench', '--dry-run', '--json', '--hidden', '8'])).stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as BenchResult);
    expect(cpuLine.estimates).toBeNull();
    expect(gpuLine).toMatchObject({ device: 'gpu', training: null, sampling: null });
    expect(gpuLine.estimates!.map(({ gpu: name }) => name)).toEqual(['NVIDIA H200', 'NVIDIA RTX 4090', 'Apple M2 Pro']);
    for (const { stepMs, charactersPerSecond } of gpuLine.estimates!)
      expect(stepMs * charactersPerSecond).toBeCloseTo(1000 * 50 * 50, 3);
  });
});
