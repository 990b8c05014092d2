import { afterEach, expect, it, vi } from 'vitest';
import { type Check, type Examination, examine } from '../../src/diagnosis/doctor.ts';
import { FakeStream, rnn } from './helpers.ts';

vi.mock('../../src/diagnosis/doctor.ts', { spy: true });
afterEach(() => void vi.resetAllMocks()); // to the real one

const gpuMissing: Check = {
  title: 'GPU',
  verdict: 'absent',
  detail: 'no GPU answered (WebGPU over Vulkan: no Vulkan loader), however long one asks',
  fix: 'apt-get install libvulkan1',
};
const cpu: Check = { title: 'device cpu', verdict: 'good', detail: '2 threads', fix: null, device: 'cpu' };
const broken: Check = {
  title: 'device gpu:cpu',
  verdict: 'bad',
  detail: 'differs from the reference',
  fix: null,
  device: 'gpu:cpu',
};

/**
 * The checks that `rnn doctor` finds until the end of the test, and the devices that it asked for.
 */
function useChecks(...checks: readonly Check[]): readonly Examination[] {
  const asked: Examination[] = [];
  vi.mocked(examine).mockImplementation(async function* (examination) {
    asked.push(examination);
    yield* checks;
  });
  return asked;
}

it('shows each check with its mark and a fix', async () => {
  const asked = useChecks(gpuMissing, cpu, broken);
  expect(await rnn(['doctor'])).toEqual({
    code: 0,
    stdout: [
      '– GPU                  no GPU answered (WebGPU over Vulkan: no Vulkan loader),',
      '                       however long one asks',
      '                       fix: apt-get install libvulkan1',
      '✓ device cpu           2 threads',
      '✗ device gpu:cpu       differs from the reference',
      '',
      'working: cpu',
      '',
    ].join('\n'),
    stderr: '',
  });
  expect(asked).toEqual([{ full: false }]);
});

it('passes the options on', async () => {
  const asked = useChecks(cpu);
  await rnn(['doctor', '--full', '--device', 'gpu:software']);
  await rnn(['doctor', '--device', 'auto']);
  expect(asked).toEqual([{ full: true, device: 'gpu:software' }, { full: false }]);
});

it('ends with 6 where no device works', async () => {
  useChecks(gpuMissing, broken);
  const { code, stdout } = await rnn(['doctor']);
  expect(code).toBe(6);
  expect(stdout).toMatch(/\nno device works here\n$/);
});

it('has colours on a terminal', async () => {
  const stdout = new FakeStream({ columns: 80 });
  useChecks(cpu, broken);
  await rnn(['doctor'], { stdout });
  expect(stdout.text).toContain('\u001B[32m✓\u001B[39m device cpu');
  expect(stdout.text).toContain('\u001B[31m✗\u001B[39m device gpu:cpu');
});

it('--json prints one object per check, and the working devices at the end', async () => {
  useChecks(gpuMissing, cpu);
  const { stdout, stderr } = await rnn(['doctor', '--json']);
  expect(stderr).toBe('');
  expect(
    stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toEqual([
    { event: 'check', ...gpuMissing },
    { event: 'check', ...cpu },
    { event: 'end', working: ['cpu'] },
  ]);
});

it('finds that the CPU works on this machine', async () => {
  const { code, stdout } = await rnn(['doctor', '--device', 'cpu']);
  expect(code, stdout).toBe(0);
  for (const row of [
    /^✓ Node +\d+\.\d+\.\d+ on /m,
    /^✓ WebAssembly +SIMD/m,
    /^✓ threads +\d+ cores?$/m,
    /^✓ memory +[\d.]+ GB of/m,
    /^✓ processor +\S/m,
    /^✓ kernels +(accelerate|avx512|avx2|wasm)/m,
    /^✓ device cpu +[^✓]*(machine code|WebAssembly)[^✓]*reference/m,
  ]) {
    expect(stdout).toMatch(row);
  }
  expect(stdout).not.toContain('GPU');
});

it('refuses a misspelt RNN_KERNELS before the first check, with a suggestion', async () => {
  vi.stubEnv('RNN_KERNELS', 'avx-2');
  const found = await rnn(['doctor']);
  vi.unstubAllEnvs();
  expect(found).toEqual({
    code: 2,
    stdout: '',
    stderr:
      'error: RNN_KERNELS is avx-2: expected one of auto, accelerate, avx512, avx2, wasm, wasm-portable\nhint: did you mean avx2?\n',
  });
});
