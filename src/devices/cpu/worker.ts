// The entry point of a worker thread. It waits for commands in shared memory and computes its part
// of each.
import { parentPort, workerData } from 'node:worker_threads';
import type { WorkerSetup } from './worker-pool.ts';
import { controlWord, controlOf } from './plan.ts';
import { Shard } from './shard.ts';

/** How often a worker checks for the next command before it sleeps: about 0.1 ms. */
const SPINS = 100_000;

const { shard: setup, threads, callerIsWorker } = workerData as WorkerSetup;
const shard = new Shard(setup);
const shared = controlOf(setup.memory);
let lastCommand = 0;

if (Atomics.add(shared, controlWord.done, 1) === threads - 1) parentPort!.postMessage('ready');

for (;;) {
  for (
    let spin = callerIsWorker ? SPINS : 0;
    spin > 0 && Atomics.load(shared, controlWord.command) === lastCommand;
    spin--
  );
  Atomics.wait(shared, controlWord.command, lastCommand);
  const command = Atomics.load(shared, controlWord.command);
  if (command === lastCommand) continue;
  lastCommand = command;
  const job = Atomics.load(shared, controlWord.job);
  if (job < 0) break;
  shard.runStep(job, Atomics.load(shared, controlWord.flags));
  const isLast = Atomics.add(shared, controlWord.done, 1) === threads - 1;
  if (!isLast) continue;
  if (callerIsWorker) Atomics.notify(shared, controlWord.done);
  else parentPort!.postMessage(command);
}
