// What this machine has that the devices need: Node, WebAssembly, threads, memory, libraries. One
// check each.
import type { Check } from './check.ts';
import { absent, bad, good } from './verdicts.ts';
import { availableParallelism, totalmem } from 'node:os';
import { constrainedMemory } from 'node:process';
import { Worker } from 'node:worker_threads';
import { type BlasChoice, chooseBlas } from '../devices/cpu/blas/choose.ts';
import { koffiPackage } from '../devices/cpu/foreign.ts';
import { loadKernels } from '../devices/cpu/kernels.ts';
import { RnnError } from '../errors.ts';
import { freeBytes, gigabytes } from '../evaluation/memory.ts';

const leastNode = [20, 19] as const;
const INSTALL_NODE = 'nvm install --lts, or https://nodejs.org';

export function checkNode(version = process.versions.node): Check {
  const [major, minor] = version.split('.').map(Number);
  const isNewEnough = major > leastNode[0] || (major === leastNode[0] && minor >= leastNode[1]);
  const found = `${version} on ${process.platform} ${process.arch}`;
  return isNewEnough
    ? good('Node', found)
    : bad('Node', `${found}, and rnn needs ${leastNode.join('.')}`, INSTALL_NODE);
}

export async function checkWebAssembly(): Promise<Check> {
  const title = 'WebAssembly';
  const failureOf = async (variant: 'portable' | 'relaxed'): Promise<Error | null> => {
    try {
      await loadKernels(variant);
      return null;
    } catch (error) {
      return error as Error;
    }
  };
  const [portable, relaxed] = await Promise.all([failureOf('portable'), failureOf('relaxed')]);
  if (portable !== null)
    return bad(title, portable.message, portable instanceof RnnError ? portable.hint : INSTALL_NODE);
  if (relaxed !== null)
    return good(title, 'SIMD; no relaxed SIMD, so matrix products are slower than with it', INSTALL_NODE);
  const asked = process.env['RNN_WASM'];
  return asked
    ? good(title, `SIMD and relaxed SIMD; RNN_WASM asks for ${asked}`, 'unset RNN_WASM')
    : good(title, 'SIMD and relaxed SIMD');
}

/** Whether a thread starts, and wakes another through shared memory. */
export async function checkThreads(): Promise<Check> {
  const cores = availableParallelism();
  const failed = (detail: string): Check =>
    bad('threads', detail, '--threads 1, or raise the limits of this container (ulimit -u)');
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
      ? good('threads', `${cores} ${cores === 1 ? 'core' : 'cores'}; threads share memory`)
      : failed('a thread wrote to shared memory, and it did not arrive');
  } catch (error) {
    return failed(`no thread can be started: ${(error as Error).message}`);
  }
}

/** Too little for the smallest model and the program itself. */
const leastBytes = 300e6;

export function checkMemory(free = freeBytes(), total = Math.min(totalmem(), constrainedMemory() || Infinity)): Check {
  const detail = `${gigabytes(free)} of ${gigabytes(total)} free`;
  return free >= leastBytes
    ? good('memory', detail)
    : bad('memory', detail, 'end other programs, or give this container more memory');
}

/**
 * The libraries that the cpu device looks at, up to the one that it uses. @param wanted as in
 * chooseBlas
 */
export async function checkBlas(wanted?: string, choose: typeof chooseBlas = chooseBlas): Promise<Check> {
  const title = 'BLAS';
  try {
    const { trials, library, off } = choose(await loadKernels(), wanted);
    if (off !== null) return absent(title, `none, by ${off}`);
    const told = (used: boolean): string[] =>
      trials
        .filter((trial) => trial.used === used)
        .map(({ path, name, reason }) => `${name === null || name === path ? path : `${name} (${path})`}: ${reason}`);
    const others = told(false).join('; ');
    if (library === null) return absent(title, `none used; ${others}`, blasAdvice(trials), { facts: { trials } });
    const used = [...told(true), ...(others === '' ? [] : [`not used: ${others}`])].join('; ');
    return good(title, used, null, { facts: { trials } });
  } catch (error) {
    if (!(error instanceof RnnError)) throw error;
    return bad(title, error.message, error.hint);
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
