// The requirements of the devices on this machine: Node, WebAssembly, threads, memory, libraries.
// Each has one check.
import { once } from 'node:events';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { constrainedMemory } from 'node:process';
import { Worker } from 'node:worker_threads';
import { chooseKernels, kernelAvailability } from '../devices/cpu/choose.ts';
import { koffiPackage, koffiProblem } from '../devices/cpu/foreign.ts';
import { chooseThreads } from '../devices/cpu/cores.ts';
import { loadKernels } from '../devices/cpu/kernels.ts';
import { RnnError, THREAD_LIMIT_HINT } from '../errors.ts';
import { type Check, failedCheck, passedCheck } from './check.ts';
import { type KernelChoice, type KernelName, kernelNames } from '../options/choices.ts';
import { appendTo } from '../group.ts';
import { measureSpeed } from '../devices/cpu/machine/speed.ts';
import { freeBytes, formatGigabytes } from '../evaluation/memory.ts';

const MIN_NODE = [20, 19] as const;
const isMac = process.platform === 'darwin';
const INSTALL_NODE = 'run nvm install --lts, or get Node from https://nodejs.org';
const INSTALL_KOFFI = `install rnn again with --include=optional, for ${koffiPackage}`;

export function checkNode(version = process.versions.node): Check {
  const [major, minor] = version.split('.').map(Number);
  const isNewEnough = major > MIN_NODE[0] || (major === MIN_NODE[0] && minor >= MIN_NODE[1]);
  const found = `${version} on ${process.platform} ${process.arch}`;
  return isNewEnough
    ? passedCheck('Node', found)
    : failedCheck('Node', `${found}, and rnn needs ${MIN_NODE.join('.')} or newer`, INSTALL_NODE);
}

export async function checkWebAssembly(): Promise<Check> {
  const title = 'WebAssembly';
  try {
    const { variant } = await loadKernels();
    return variant === 'relaxed'
      ? passedCheck(title, 'SIMD and relaxed SIMD')
      : passedCheck(title, 'SIMD without relaxed SIMD, so matrix products are slower', INSTALL_NODE);
  } catch (error) {
    return failedCheck(title, (error as Error).message, error instanceof RnnError ? error.hint : INSTALL_NODE);
  }
}

/** The processor, by its name in the system. */
export function checkProcessor([first] = cpus()): Check {
  const model = first?.model.trim().replace(/\s+/g, ' ') || 'unknown';
  return passedCheck('processor', model, null, { facts: { model } });
}

/** Whether a thread can start. */
export async function checkThreads(): Promise<Check> {
  const cores = availableParallelism();
  try {
    await once(new Worker('', { eval: true, execArgv: [] }), 'exit');
    const threads = chooseThreads(cores);
    const used = threads < cores ? `, of which the cpu device uses the ${threads} fastest` : '';
    return passedCheck('threads', `${cores} ${cores === 1 ? 'core' : 'cores'}${used}`);
  } catch (error) {
    return failedCheck('threads', `cannot start a thread: ${(error as Error).message}`, THREAD_LIMIT_HINT);
  }
}

/** Less memory than this is not enough for the smallest model and the program itself. */
const MIN_BYTES = 300e6;

export function checkMemory(free = freeBytes(), total = Math.min(totalmem(), constrainedMemory() || Infinity)): Check {
  const detail = `${formatGigabytes(free)} of ${formatGigabytes(total)} free`;
  return free >= MIN_BYTES
    ? passedCheck('memory', detail)
    : failedCheck('memory', detail, 'end other programs, or give this container more memory');
}

/** The kernels of the cpu device, and why it cannot use faster kernels. */
export async function checkKernels(requested?: KernelChoice, tryAll = kernelAvailability): Promise<Check> {
  const title = 'kernels';
  try {
    const { name } = await chooseKernels(requested);
    const trials = tryAll();
    const faster = trials.slice(0, kernelNames.indexOf(name)).filter((trial) => trial.name !== 'accelerate' || isMac);
    const problems = new Map<string, KernelName[]>();
    for (const trial of faster) if (trial.problem !== null) appendTo(problems, trial.problem, trial.name);
    const reasons = [...problems].map(([problem, names]) => `, without ${names.join(' and ')} (${problem})`);
    const needsKoffi = problems.has(koffiProblem() ?? '');
    const speed = name === 'avx512' || name === 'avx2' ? measureSpeed(name) : null;
    const rounded = speed && [speed.product, speed.peak].map((gigaflops) => Math.round(gigaflops));
    const speeds = rounded
      ? `, ${rounded[0]} GFLOP/s in a large matrix product on one core, whose peak is ${rounded[1]} GFLOP/s`
      : '';
    return passedCheck(title, `${name}${speeds}${reasons.join('')}`, needsKoffi ? INSTALL_KOFFI : null, {
      facts: { name, trials, gigaflops: speed },
    });
  } catch (error) {
    if (!(error instanceof RnnError)) throw error;
    return failedCheck(title, error.message, error.hint);
  }
}
