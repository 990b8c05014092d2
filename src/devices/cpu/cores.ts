// How many threads suit the cores of this machine. A batch is split into equal parts, so the
// slowest core decides when an update step ends.
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';

/**
 * Files in which Linux describes a core: its capacity (ARM), or its highest frequency in kHz. Some
 * processors have performance cores and slower efficiency cores.
 */
const SPEED_FILES = ['cpu_capacity', 'cpufreq/cpuinfo_max_freq'];
/** Speeds above this part of the highest speed count as equal: similar cores differ slightly. */
const MIN_EQUAL_SPEED = 0.9;

/**
 * The number of threads that finish a batch first. The speed of k threads is k times the speed of
 * the slowest of the k fastest cores, because the system runs busy threads on the fastest cores.
 *
 * @param cores the number of cores that the process may use
 * @param speeds the relative speed of each core of the machine, or an empty list if unknown
 */
export function chooseThreads(
  cores: number = availableParallelism(),
  speeds: readonly number[] = coreSpeeds(),
): number {
  if (speeds.length !== cores) return cores; // unknown, or the process is limited to some of the cores
  const fastestFirst = speeds.toSorted((a, b) => b - a);
  const [fastest] = fastestFirst;
  const throughput = (threads: number): number => {
    const slowest = fastestFirst[threads - 1];
    return threads * (slowest >= MIN_EQUAL_SPEED * fastest ? fastest : slowest);
  };
  let best = 1;
  for (let threads = 2; threads <= cores; threads++) if (throughput(threads) >= throughput(best)) best = threads;
  return best;
}

/** The relative speed of each core, or an empty list if the system does not report it. */
export function coreSpeeds(
  count: number = cpus().length,
  read = (path: string): string => readFileSync(path, 'utf8'),
): readonly number[] {
  for (const file of SPEED_FILES) {
    try {
      const speeds = Array.from({ length: count }, (_, core) =>
        Number(read(`/sys/devices/system/cpu/cpu${core}/${file}`)),
      );
      if (speeds.every((speed) => speed > 0)) return speeds;
    } catch {
      // Not Linux, or a virtual machine without this file.
    }
  }
  return [];
}
