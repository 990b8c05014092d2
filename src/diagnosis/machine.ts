// What this machine has that the devices need: Node, WebAssembly, threads, memory, libraries. One
// check each.
import type { Check } from './check.ts';
import { availableParallelism, totalmem } from 'node:os';
import { constrainedMemory } from 'node:process';
import { Worker } from 'node:worker_threads';
import { type BlasChoice, chooseBlas } from '../devices/cpu/blas/choose.ts';
import { koffiPackage } from '../devices/cpu/foreign.ts';
import { loadKernels } from '../devices/cpu/kernels.ts';
import { RnnError } from '../errors.ts';
import { freeBytes } from '../evaluation/memory.ts';

const leastNode = [20, 19] as const;

export function checkNode(version = process.versions.node): Check {
  const [major, minor] = version.split('.').map(Number);
  const isNewEnough = major > leastNode[0] || (major === leastNode[0] && minor >= leastNode[1]);
  return {
    title: 'Node',
    verdict: isNewEnough ? 'good' : 'bad',
    detail: `${version} on ${process.platform} ${process.arch}${isNewEnough ? '' : `, and rnn needs ${leastNode.join('.')}`}`,
    fix: isNewEnough ? null : 'nvm install --lts, or https://nodejs.org',
  };
}

export async function checkWebAssembly(): Promise<Check> {
  const title = 'WebAssembly';
  const [portable, relaxed] = await Promise.all((['portable', 'relaxed'] as const).map(failureOf));
  if (portable !== null)
    return { title, verdict: 'bad', detail: portable.message, fix: portable.hint ?? 'nvm install --lts' };
  if (relaxed !== null)
    return {
      title,
      verdict: 'good',
      detail: 'SIMD; no relaxed SIMD, so products are slower than they could be',
      fix: 'nvm install --lts',
    };
  const asked = process.env['RNN_WASM'];
  return {
    title,
    verdict: 'good',
    detail: `SIMD and relaxed SIMD${asked ? `; RNN_WASM asks for ${asked}` : ''}`,
    fix: asked ? 'unset RNN_WASM' : null,
  };
}

async function failureOf(
  variant: 'portable' | 'relaxed',
): Promise<{ message: string; hint: string | undefined } | null> {
  try {
    await loadKernels(variant);
    return null;
  } catch (error) {
    return { message: (error as Error).message, hint: error instanceof RnnError ? error.hint : undefined };
  }
}

/** Whether a thread starts, and wakes another through shared memory. */
export async function checkThreads(): Promise<Check> {
  const cores = availableParallelism();
  const check = (verdict: Check['verdict'], detail: string): Check => ({
    title: 'threads',
    verdict,
    detail,
    fix: verdict === 'good' ? null : '--threads 1, or raise the limits of this container (ulimit -u)',
  });
  try {
    const shared = new Int32Array(new SharedArrayBuffer(4));
    const thread = new Worker(
      "const { workerData } = require('node:worker_threads'); Atomics.store(workerData, 0, 1); Atomics.notify(workerData, 0);",
      { eval: true, workerData: shared, execArgv: [] },
    );
    await new Promise((settle, fail) => {
      thread.on('error', fail);
      thread.on('exit', settle);
    });
    return shared[0] === 1
      ? check('good', `${cores} ${cores === 1 ? 'core' : 'cores'}; threads share memory`)
      : check('bad', 'a thread wrote to shared memory, and it did not arrive');
  } catch (error) {
    return check('bad', `no thread can be started: ${(error as Error).message}`);
  }
}

/** Too little for the smallest model and the program itself. */
const leastBytes = 300e6;

export function checkMemory(free = freeBytes(), total = Math.min(totalmem(), constrainedMemory() || Infinity)): Check {
  const isEnough = free >= leastBytes;
  return {
    title: 'memory',
    verdict: isEnough ? 'good' : 'bad',
    detail: `${gigabytes(free)} of ${gigabytes(total)} free`,
    fix: isEnough ? null : 'end other programs, or give this container more memory',
  };
}

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;

/**
 * The libraries that the cpu device looks at, up to the one that it uses. @param wanted as in
 * chooseBlas
 */
export async function checkBlas(wanted?: string, choose: typeof chooseBlas = chooseBlas): Promise<Check> {
  const title = 'BLAS';
  try {
    const { trials, library, off } = choose(await loadKernels(), wanted);
    if (off !== null) return { title, verdict: 'absent', detail: `none, by ${off}`, fix: null };
    const told = (used: boolean): string[] =>
      trials
        .filter((trial) => trial.used === used)
        .map(({ path, name, reason }) => `${name === null || name === path ? path : `${name} (${path})`}: ${reason}`);
    const others = told(false).join('; ');
    if (library === null)
      return { title, verdict: 'absent', detail: `none used; ${others}`, fix: blasAdvice(trials), facts: { trials } };
    return {
      title,
      verdict: 'good',
      detail: [...told(true), ...(others === '' ? [] : [`not used: ${others}`])].join('; '),
      fix: null,
      facts: { trials },
    };
  } catch (error) {
    if (!(error instanceof RnnError)) throw error;
    return { title, verdict: 'bad', detail: error.message, fix: error.hint ?? null };
  }
}

/** Nothing is to be done where one was found, and not taken: the embedded kernels are as good. */
function blasAdvice(trials: BlasChoice['trials']): string | null {
  if (trials.some(({ path }) => path === 'koffi'))
    return `install rnn again with --include=optional, for ${koffiPackage()}`;
  return process.platform === 'linux' && trials.every(({ name }) => name === null)
    ? 'apt-get install libopenblas0-pthread'
    : null;
}
