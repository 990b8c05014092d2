// The workers of a workload, which are told what to do through a few words of the shared memory:
// all in threads of their own, so that the calling thread stays free, or one of them on the calling
// thread, which then needs no message to know that a step is done.
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { RnnError, THREAD_LIMIT_HINT, firstLine } from '../../errors.ts';
import { builtUrl } from '../artifacts.ts';
import { control, controlOf } from './plan.ts';
import { Shard, type ShardSetup, flags } from './shard.ts';
import { flagOf } from '../../options/flags.ts';

/** How often the calling thread looks whether the others are done before it sleeps: some 0.1 ms. */
const SPINS = 100_000;
/**
 * How long it sleeps before it lets its other work have its turn, news of a thread that died among
 * it.
 */
const PATIENCE_MS = 20;
/**
 * How long a thread that was told to end may take: where one died the others wait for it, and never
 * will. Those that still start wait for none.
 */
const GRACE_MS = { working: 200, starting: 10_000 };

function died(cause: unknown): RnnError {
  return new RnnError('machine', 'a worker thread died', {
    hint: `the machine may be out of memory: free some, or take a smaller ${flagOf('batchSize')} or ${flagOf('hidden')}; what was saved can be continued with ${flagOf('resume')}`,
    cause,
  });
}

/**
 * Ends by itself, as it was told to. Only one that does not, such as one that waits for another
 * that died, is ended from outside: where that finds it in a call of koffi, which cannot throw any
 * more, the whole process is aborted.
 */
async function ended(thread: Worker, graceMs: number): Promise<void> {
  const hasEnded = (): boolean => thread.threadId === -1;
  if (!hasEnded())
    await Promise.race([once(thread, 'exit').catch(() => {}), setTimeout(graceMs, undefined, { ref: false })]);
  if (!hasEnded()) await thread.terminate();
}

/** What a worker thread is given. */
export interface WorkerSetup {
  readonly shard: ShardSetup;
  /** How many there are. */
  readonly threads: number;
  /**
   * Whether the calling thread works, too: then it looks for what they have done, and the next step
   * follows at once.
   */
  readonly joined: boolean;
}

/**
 * A thread that dies ends the current step, or the next, with an error instead of leaving it
 * waiting.
 */
export class WorkerPool {
  readonly #threads: Worker[] = [];
  readonly #shared: Int32Array;
  /** The first worker, where that is the calling thread. */
  readonly #own: Shard | null;
  #failure: Error | null = null;
  #closing = false;
  #settle: { readonly resolve: () => void; readonly reject: (error: Error) => void } | null = null;

  private constructor(memory: WebAssembly.Memory, own: Shard | null) {
    this.#shared = controlOf(memory);
    this.#own = own;
  }

  /** @param joined whether the calling thread is the first worker; then steps must not update */
  static async start(setups: readonly ShardSetup[], joined: boolean): Promise<WorkerPool> {
    const pool = new WorkerPool(setups[0].memory, joined ? new Shard(setups[0]) : null);
    const others = joined ? setups.slice(1) : setups;
    if (others.length === 0) return pool;
    try {
      for (const shard of others) pool.#add({ shard, threads: others.length, joined });
      await pool.#message();
    } catch (error) {
      await pool.close(GRACE_MS.starting);
      throw error;
    }
    return pool;
  }

  /**
   * Whether the last step began to change weights, and it stays so when the threads are ended: a
   * step that failed may have.
   */
  get hasUpdated(): boolean {
    return Atomics.load(this.#shared, control.updating) === 1;
  }

  /** Does one step with all workers. */
  step(job: number, requested: number): Promise<void> | void {
    // What the threads run may be gone.
    if (this.#closing) throw new Error('the workers of a device are used after it was closed');
    if (this.#own === null) {
      this.#command(job, requested);
      return this.#message();
    }
    if (requested & flags.pack) this.#own.packAll();
    this.#command(job, 0);
    this.#own.step(job, 0);
    return this.#wait();
  }

  async close(graceMs = GRACE_MS.working): Promise<void> {
    this.#closing = true;
    this.#tell(-1, 0);
    await Promise.all(this.#threads.map((thread) => ended(thread, graceMs)));
  }

  #add(workerData: WorkerSetup): void {
    const name = `rnn worker ${workerData.shard.worker}`;
    let thread: Worker;
    try {
      // Of flags that the process was started with, some let no thread start from a file:
      // --input-type is one.
      thread = new Worker(builtUrl('cpu/worker.js'), { workerData, name, execArgv: [] });
    } catch (error) {
      // A limit on threads and processes, or on what each of them needs.
      throw new RnnError(
        'machine',
        `cannot start worker thread ${this.#threads.length + 1} of ${workerData.threads}: ${firstLine(error)}`,
        { hint: THREAD_LIMIT_HINT, cause: error },
      );
    }
    this.#threads.push(thread);
    thread.on('message', () => this.#settle?.resolve());
    thread.on('error', (error: NodeJS.ErrnoException) =>
      this.#fail(error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? died(error) : error),
    );
    thread.on('exit', (code) => this.#fail(died(code)));
  }

  /** Begins a step. */
  #command(job: number, requested: number): void {
    if (this.#failure) throw this.#failure;
    const shared = this.#shared;
    shared[control.updating] = 0;
    shared[control.done] = 0;
    this.#tell(job, requested);
  }

  /** Settles when all threads have said that they are done. */
  #message(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
      if (this.#failure) reject(this.#failure);
    });
  }

  /** Waits until all threads are done; gives a promise only if they take long. */
  #wait(): Promise<void> | void {
    const all = this.#threads.length;
    const shared = this.#shared;
    for (let spin = 0; spin < SPINS; spin++) if (Atomics.load(shared, control.done) === all) return;
    for (let done: number; (done = Atomics.load(shared, control.done)) < all;) {
      if (Atomics.wait(shared, control.done, done, PATIENCE_MS) === 'timed-out') return this.#waitLonger();
    }
  }

  async #waitLonger(): Promise<void> {
    while (Atomics.load(this.#shared, control.done) < this.#threads.length) {
      await setTimeout(1);
      if (this.#failure) throw this.#failure;
    }
  }

  #tell(job: number, requested: number): void {
    const shared = this.#shared;
    shared[control.job] = job;
    shared[control.flags] = requested;
    Atomics.add(shared, control.command, 1);
    Atomics.notify(shared, control.command);
  }

  #fail(error: Error): void {
    if (this.#closing) return;
    this.#failure ??= error;
    this.#settle?.reject(this.#failure);
  }
}
