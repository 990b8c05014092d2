// The workers of a workload. They receive commands through a few words of the shared memory. There
// are two kinds of pools. Either every worker has its own thread, and the calling thread stays
// free. Or the calling thread is the first worker, so that it does not wait for a message at the
// end of a step.
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { RnnError, THREAD_LIMIT_HINT, firstLine } from '../../errors.ts';
import { builtUrl } from '../artifacts.ts';
import { controlWord, controlOf } from './plan.ts';
import { Shard, type ShardSetup, stepFlags } from './shard.ts';
import { flagOf } from '../../options/flags.ts';

/**
 * The number of times that the calling thread checks whether the other threads are done before it
 * sleeps. They take about 0.1 ms.
 */
const SPINS = 100_000;
/**
 * How long the calling thread sleeps before it lets its event loop run, which also reports threads
 * that died.
 */
const PATIENCE_MS = 20;
/**
 * How long a thread may take to end after it was asked to. After a thread has died, the other
 * threads wait for it forever. Threads that are still starting do not wait for others.
 */
const GRACE_MS = { working: 200, starting: 10_000 };

function deathError(cause: unknown): RnnError {
  return new RnnError('machine', 'cannot continue: a worker thread died', {
    hint: `free memory, or lower ${flagOf('batchSize')} or ${flagOf('hidden')}, and use ${flagOf('resume')} to continue from the last checkpoint`,
    cause,
  });
}

/**
 * Waits until a thread ends, and terminates it if it does not, as when it waits for a thread that
 * died. Termination is the last resort: Node aborts the whole process if the thread is in a call of
 * koffi, which cannot throw at that moment.
 */
async function waitForEnd(thread: Worker, graceMs: number): Promise<void> {
  const hasEnded = (): boolean => thread.threadId === -1;
  if (!hasEnded())
    await Promise.race([once(thread, 'exit').catch(() => {}), setTimeout(graceMs, undefined, { ref: false })]);
  if (!hasEnded()) await thread.terminate();
}

/** The data that a worker thread starts with. */
export interface WorkerSetup {
  readonly shard: ShardSetup;
  /** The number of worker threads. */
  readonly threads: number;
  /**
   * Whether the calling thread is a worker too. Then it polls for the results of the other workers,
   * and the next step follows immediately.
   */
  readonly callerIsWorker: boolean;
}

/**
 * Runs steps on all workers. If a thread dies, the current or next step fails with an error instead
 * of waiting forever.
 */
export class WorkerPool {
  readonly #threads: Worker[] = [];
  readonly #controlWords: Int32Array;
  /** The first worker if it is the calling thread, else null. */
  readonly #callingShard: Shard | null;
  #failure: Error | null = null;
  #closing = false;
  #settle: { readonly resolve: () => void; readonly reject: (error: Error) => void } | null = null;

  private constructor(memory: WebAssembly.Memory, callingShard: Shard | null) {
    this.#controlWords = controlOf(memory);
    this.#callingShard = callingShard;
  }

  /** @param callerIsWorker whether the calling thread is the first worker. If so, steps must not update */
  static async start(setups: readonly ShardSetup[], callerIsWorker: boolean): Promise<WorkerPool> {
    const pool = new WorkerPool(setups[0].memory, callerIsWorker ? new Shard(setups[0]) : null);
    const threadSetups = callerIsWorker ? setups.slice(1) : setups;
    if (threadSetups.length === 0) return pool;
    try {
      for (const shard of threadSetups) pool.#add({ shard, threads: threadSetups.length, callerIsWorker });
      await pool.#waitForMessage();
    } catch (error) {
      await pool.close(GRACE_MS.starting);
      throw error;
    }
    return pool;
  }

  /**
   * Whether the last step began to change weights. A step that failed may have changed some. Still
   * valid after the threads have ended.
   */
  get hasBegunUpdate(): boolean {
    return Atomics.load(this.#controlWords, controlWord.updating) === 1;
  }

  /** Runs one step on all workers. */
  runStep(job: number, flags: number): Promise<void> | void {
    // The code that the threads run may be freed.
    if (this.#closing) throw new Error('cannot run a step: the device is closed');
    if (this.#callingShard === null) {
      this.#command(job, flags);
      return this.#waitForMessage();
    }
    if (flags & stepFlags.pack) this.#callingShard.packAll();
    this.#command(job, 0);
    this.#callingShard.runStep(job, 0);
    return this.#spinUntilDone();
  }

  async close(graceMs = GRACE_MS.working): Promise<void> {
    this.#closing = true;
    this.#postCommand(-1, 0);
    await Promise.all(this.#threads.map((thread) => waitForEnd(thread, graceMs)));
  }

  #add(workerData: WorkerSetup): void {
    const name = `rnn worker ${workerData.shard.worker}`;
    let thread: Worker;
    try {
      // Without execArgv a thread inherits the flags of the process. With --input-type it could not
      // start from a file.
      thread = new Worker(builtUrl('cpu/worker.js'), { workerData, name, execArgv: [] });
    } catch (error) {
      // The limit on threads and processes, or on the memory that they need, was reached.
      throw new RnnError(
        'machine',
        `cannot start worker thread ${this.#threads.length + 1} of ${workerData.threads}: ${firstLine(error)}`,
        { hint: THREAD_LIMIT_HINT, cause: error },
      );
    }
    this.#threads.push(thread);
    thread.on('message', () => this.#settle?.resolve());
    thread.on('error', (error: NodeJS.ErrnoException) =>
      this.#fail(error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? deathError(error) : error),
    );
    thread.on('exit', (code) => this.#fail(deathError(code)));
  }

  /** Begins a step. */
  #command(job: number, flags: number): void {
    if (this.#failure) throw this.#failure;
    const controlWords = this.#controlWords;
    controlWords[controlWord.updating] = 0;
    controlWords[controlWord.done] = 0;
    this.#postCommand(job, flags);
  }

  /** Settles when all threads have reported that they are done. */
  #waitForMessage(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
      if (this.#failure) reject(this.#failure);
    });
  }

  /** Waits until all threads are done. Returns a promise only if they take long. */
  #spinUntilDone(): Promise<void> | void {
    const threads = this.#threads.length;
    const controlWords = this.#controlWords;
    for (let spin = 0; spin < SPINS; spin++) if (Atomics.load(controlWords, controlWord.done) === threads) return;
    for (let done: number; (done = Atomics.load(controlWords, controlWord.done)) < threads;) {
      if (Atomics.wait(controlWords, controlWord.done, done, PATIENCE_MS) === 'timed-out') return this.#pollUntilDone();
    }
  }

  async #pollUntilDone(): Promise<void> {
    while (Atomics.load(this.#controlWords, controlWord.done) < this.#threads.length) {
      await setTimeout(1);
      if (this.#failure) throw this.#failure;
    }
  }

  #postCommand(job: number, flags: number): void {
    const controlWords = this.#controlWords;
    controlWords[controlWord.job] = job;
    controlWords[controlWord.flags] = flags;
    Atomics.add(controlWords, controlWord.command, 1);
    Atomics.notify(controlWords, controlWord.command);
  }

  #fail(error: Error): void {
    if (this.#closing) return;
    this.#failure ??= error;
    this.#settle?.reject(this.#failure);
  }
}
