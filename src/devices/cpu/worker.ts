// The entry point of a worker thread: waits for commands in shared memory and does its part of each.
import { parentPort, workerData } from 'node:worker_threads';
import { control } from './plan.ts';
import { Shard, type ShardSetup } from './shard.ts';

const setup = workerData as ShardSetup;
const shard = new Shard(setup);
const shared = new Int32Array(setup.memory.buffer, setup.controlAddress, control.words);
let seen = 0;
parentPort!.postMessage('ready');

for (;;) {
  Atomics.wait(shared, control.command, seen);
  const command = Atomics.load(shared, control.command);
  if (command === seen) continue;
  seen = command;
  const job = Atomics.load(shared, control.job);
  if (job < 0) break;
  shard.step(job, Atomics.load(shared, control.flags));
  parentPort!.postMessage(command);
}
