// `rnn train` as a child process, to be killed, stopped and examined. Removes from its files the
// values that depend on this.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readCheckpoint } from '../../dist/runs/store.js';
import { root } from '../comparison/processes.js';

const program = join(root, 'bin/rnn.js');

/** A folder with the sonnets, removed after `use`. */
export async function inFolder(use) {
  const folder = mkdtempSync(join(tmpdir(), 'rnn-survival-'));
  try {
    execFileSync(process.execPath, [program, 'corpus', 'sonnets'], { cwd: folder, stdio: 'ignore' });
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const alive = new Set();

/** Ends runs that are left over after a failure, stopped ones too. */
export function killAll() {
  for (const child of alive) child.kill('SIGKILL');
}

/** Loads a piece of JavaScript before the program, as its environment. */
export const preloading = (script) => ({ NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(script)}` });

/**
 * Makes the program stop itself as by `kill -STOP` right after it has written a text, the first
 * time or every time. So it is stopped in the middle of its work, however fast the machine is.
 */
export const stoppingAt = (text, { everyTime = false } = {}) =>
  preloading(`import { isMainThread } from 'node:worker_threads';
    let isDone = !isMainThread;
    if (isMainThread) for (const stream of [process.stdout, process.stderr]) {
      const write = stream.write;
      stream.write = function (written, ...more) {
        const result = write.call(this, written, ...more);
        if (!isDone && String(written).includes(${JSON.stringify(text)})) {
          isDone = ${!everyTime};
          process.kill(process.pid, 'SIGSTOP');
        }
        return result;
      };
    }`);

/** Starts a run. `ended` settles to its exit code or signal and its output. */
export const start = (cwd, args, env = {}) => startAny(cwd, ['train', 'corpora/sonnets.txt', ...args], env);

/** Starts any command. */
export function startAny(cwd, words, env = {}) {
  const child = spawn(process.execPath, [program, ...words.map(String)], {
    cwd,
    env: { ...process.env, NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  alive.add(child);
  child.once('close', () => alive.delete(child));
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text));
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, stdout, stderr }));
  return {
    child,
    ended,
    /** Waits until the process has printed this on stderr or stdout. false if it ended first. */
    async said(text) {
      const over = ended.then(() => true);
      while (!`${stdout}${stderr}`.includes(text))
        if (await Promise.race([over, wait(5).then(() => false)])) return `${stdout}${stderr}`.includes(text);
      return true;
    },
    /** Waits until the process is stopped. false if it ended first. */
    async stopped() {
      const over = ended.then(() => true);
      while (!isStopped(child.pid)) if (await Promise.race([over, wait(5).then(() => false)])) return false;
      return true;
    },
  };
}

function isStopped(pid) {
  try {
    if (process.platform !== 'linux')
      return execFileSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).startsWith('T');
    const status = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return status.slice(status.lastIndexOf(')') + 2).startsWith('T'); // the name before it may hold anything
  } catch {
    return false; // it has ended
  }
}

export const wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** A checkpoint without the values that depend on the clock, as text. @throws if it is damaged */
export async function timeless(path) {
  const { model, vocabulary, training, tensors, state, optimizer } = await readCheckpoint(path);
  const { history, options, loop, ...rest } = training;
  const known = {
    ...rest,
    options: { ...options, maxTimeMs: null },
    loop: { ...loop, trainingMs: 0, elapsedMs: 0, evaluatedMs: 0, sampledMs: 0 },
    evaluations: history.filter(({ event }) => event === 'evaluation'),
  };
  const numbers = (list) =>
    list.map(({ name, shape, data }) => [
      name,
      shape,
      Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64'),
    ]);
  return JSON.stringify([
    model,
    vocabulary,
    known,
    numbers(tensors),
    numbers(state),
    optimizer.scalars,
    numbers(optimizer.tensors),
  ]);
}

/** The events of a log. */
export const linesOf = (path) =>
  readFileSync(path, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));

/** The losses and samples of a log, as text. */
export function logged(path) {
  return JSON.stringify(linesOf(path).filter(({ event }) => event === 'evaluation' || event === 'sample'));
}
