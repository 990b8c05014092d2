// The peak memory of a command of rnn.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { preloading } from '../survival/trainer.js';
import { root, withoutTuning } from './processes.js';

/** Writes the peak to stderr at the end: `maxRSS` counts kilobytes. */
const REPORT = `import { isMainThread } from 'node:worker_threads';
  if (isMainThread) process.on('exit', () => console.error('peak ' + process.resourceUsage().maxRSS));`;

/**
 * Runs a command of rnn. The peak is of the resident memory, in bytes.
 * @returns { stdout, peakBytes, seconds } @throws with its stderr
 */
export function withPeakMemory(words) {
  const began = performance.now();
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'bin/rnn.js'), ...words.map(String)], {
    env: { ...process.env, ...withoutTuning(process.env), ...preloading(REPORT) },
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  if (status !== 0) throw new Error(stderr);
  const peakBytes = 1024 * Number(/^peak (\d+)$/m.exec(stderr)[1]);
  return { stdout, peakBytes, seconds: (performance.now() - began) / 1000 };
}
