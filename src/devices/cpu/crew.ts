// The workers of a workload: in threads of their own, which are told what to do through a few words of the shared memory, or one on
// the calling thread.
import { Worker } from 'node:worker_threads';
import { RnnError } from '../../errors.ts';
import { artifactUrl } from './artifacts.ts';
import { control } from './plan.ts';
import { Shard, type ShardSetup } from './shard.ts';

export interface Crew {
  /** Does one step with all workers. */
  step(job: number, requested: number): Promise<void> | void;
  /** Whether the last step began to change weights. */
  readonly hasUpdated: boolean;
  close(): Promise<void>;
}

export function inlineCrew(setup: ShardSetup): Crew {
  const shard = new Shard(setup);
  return { step: (job, requested) => shard.step(job, requested), hasUpdated: false, close: () => Promise.resolve() };
}

function died(cause: unknown): RnnError {
  return new RnnError('machine', 'a worker thread died', { hint: 'the machine may be out of memory: free some, or take a smaller --batch-size or --hidden; what was saved can be continued with --resume', cause });
}

/** Starts a thread for each worker. A thread that dies ends the step in hand with an error instead of leaving it waiting. */
export async function threadCrew(setups: readonly ShardSetup[], memory: WebAssembly.Memory): Promise<Crew> {
  const shared = new Int32Array(memory.buffer, setups[0].controlAddress, control.words);
  let failure: Error | null = null;
  let closing = false;
  let missing = setups.length;
  let settle: { resolve: () => void; reject: (error: Error) => void } | null = null;
  const next = (): Promise<void> => new Promise((resolve, reject) => {
    settle = { resolve, reject };
    if (failure) reject(failure);
  });
  const fail = (error: Error): void => {
    if (closing) return;
    failure ??= error;
    settle?.reject(failure);
  };
  const started = next();
  const threads = setups.map((setup) => {
    const thread = new Worker(artifactUrl('worker.js'), { workerData: setup, name: `rnn worker ${setup.worker}` });
    thread.on('message', () => {
      if (--missing === 0) settle?.resolve();
    });
    thread.on('error', (error: NodeJS.ErrnoException) => fail(error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? died(error) : error));
    thread.on('exit', (code) => fail(died(code)));
    return thread;
  });
  const command = (job: number, requested: number): void => {
    shared[control.job] = job;
    shared[control.flags] = requested;
    Atomics.add(shared, control.command, 1);
    Atomics.notify(shared, control.command);
  };
  const close = async (): Promise<void> => {
    closing = true;
    command(-1, 0);
    await Promise.all(threads.map((thread) => thread.terminate()));
  };
  try {
    await started;
  } catch (error) {
    await close();
    throw error;
  }
  return {
    step(job, requested) {
      missing = threads.length;
      shared[control.updating] = 0; // and stays as it is when the crew is closed: a step that failed may have begun to change weights
      const done = next();
      command(job, requested);
      return done;
    },
    get hasUpdated() {
      return Atomics.load(shared, control.updating) === 1;
    },
    close,
  };
}
