// What this machine has that the devices need: Node, WebAssembly, threads, memory, libraries. One
// check each.
import { once } from 'node:events';
import { availableParallelism, totalmem } from 'node:os';
import { constrainedMemory } from 'node:process';
import { Worker } from 'node:worker_threads';
import { type BlasChoice, chooseBlas } from '../devices/cpu/blas/choose.ts';
import { koffiPackage } from '../devices/cpu/foreign.ts';
import { loadKernels } from '../devices/cpu/kernels.ts';
import { RnnError, THREAD_LIMIT_HINT } from '../errors.ts';
import { type Check, absent, bad, good } from './check.ts';
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
  const asked = process.env['RNN_WASM'];
  try {
    const { variant } = await loadKernels();
    if (asked) return good(title, `SIMD; RNN_WASM asks for ${asked}`, 'unset RNN_WASM');
    return variant === 'relaxed'
      ? good(title, 'SIMD and relaxed SIMD')
      : good(title, 'SIMD; no relaxed SIMD, so matrix products are slower than with it', INSTALL_NODE);
  } catch (error) {
    return bad(title, (error as Error).message, error instanceof RnnError ? error.hint : INSTALL_NODE);
  }
}

/** Whether a thread starts. */
export async function checkThreads(): Promise<Check> {
  const cores = availableParallelism();
  try {
    await once(new Worker('', { eval: true, execArgv: [] }), 'exit');
    return good('threads', `${cores} ${cores === 1 ? 'core' : 'cores'}`);
  } catch (error) {
    return bad('threads', `no thread can be started: ${(error as Error).message}`, THREAD_LIMIT_HINT);
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
 * The library that the cpu device uses, and those that it looked at before it. @param wanted as in
 * chooseBlas
 */
export async function checkBlas(wanted?: string, choose: typeof chooseBlas = chooseBlas): Promise<Check> {
  const title = 'BLAS';
  try {
    const { trials, library, off } = choose(await loadKernels(), wanted);
    if (off !== null) return absent(title, `none, by ${off}`);
    const told = trials
      .toSorted((a, b) => Number(b.used) - Number(a.used))
      .map(({ path, name, reason }) => `${name === null || name === path ? path : `${name} (${path})`}: ${reason}`)
      .join('; ');
    return library === null
      ? absent(title, `none used; ${told}`, blasAdvice(trials), { facts: { trials } })
      : good(title, `uses ${told}`, null, { facts: { trials } });
  } catch (error) {
    if (!(error instanceof RnnError)) throw error;
    return bad(title, error.message, error.hint);
  }
}

/** Nothing is to be done where one was found, and not taken: the embedded kernels are as good. */
function blasAdvice(trials: BlasChoice['trials']): string | null {
  if (trials.some(({ path }) => path === 'koffi'))
    return `install rnn again with --include=optional, for ${koffiPackage}`;
  return process.platform === 'linux' && trials.every(({ name }) => name === null)
    ? 'apt-get install libopenblas0-pthread'
    : null;
}
