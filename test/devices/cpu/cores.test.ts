import { describe, expect, test } from 'vitest';
import { chooseThreads, coreSpeeds } from '../../../src/devices/cpu/cores.ts';

const cores = (performance: number, efficiency: number, speed: number): number[] => [
  ...Array<number>(efficiency).fill(speed), // in any order
  ...Array<number>(performance).fill(1),
];

describe('the number of threads', () => {
  test.each<[string, number[], number]>([
    ['all cores are equal', cores(8, 0, 1), 8],
    ['single cores are slightly faster', [1, 1, 0.96, 0.96, 0.93], 5],
    ['efficiency cores are slow', cores(4, 4, 0.35), 4],
    ['many efficiency cores outweigh their speed', cores(6, 8, 0.7), 14],
    ['two efficiency cores would hold up eight', cores(8, 2, 0.6), 8],
    ['there is one core', [1], 1],
  ])('suits the cores if %s', (_, speeds, threads) => {
    expect(chooseThreads(speeds.length, speeds)).toBe(threads);
  });

  test('is the number of cores that the process may use, if speeds of these cores are unknown', () => {
    expect(chooseThreads(4, [])).toBe(4);
    expect(chooseThreads(4, cores(4, 4, 0.3))).toBe(4);
  });
});

describe('the speeds of cores', () => {
  const system = (files: Record<string, string>) => (path: string) => {
    const text = files[path.replace('/sys/devices/system/cpu/', '')];
    if (text === undefined) throw new Error(`ENOENT: ${path}`);
    return text;
  };

  test('are their capacities, or their highest frequencies', () => {
    const frequencies = { 'cpu0/cpufreq/cpuinfo_max_freq': '5200000\n', 'cpu1/cpufreq/cpuinfo_max_freq': '3900000\n' };
    expect(coreSpeeds(2, system(frequencies))).toEqual([5_200_000, 3_900_000]);
    expect(
      coreSpeeds(2, system({ ...frequencies, 'cpu0/cpu_capacity': '1024\n', 'cpu1/cpu_capacity': '446\n' })),
    ).toEqual([1024, 446]);
  });

  test('are unknown if a core has no file, or no number', () => {
    expect(coreSpeeds(2, system({ 'cpu0/cpu_capacity': '1024\n' }))).toEqual([]);
    expect(coreSpeeds(1, system({ 'cpu0/cpu_capacity': '\n' }))).toEqual([]);
  });
});
