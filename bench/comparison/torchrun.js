// docs/train_distributed.py on this machine, in processes that talk through gloo.
import { createServer } from 'node:net';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { root, run } from './processes.js';

/**
 * The function that runs the program once, and returns its stdout. Each process gets its share of
 * the cores.
 * @param words its arguments: MODEL, TEXT and options
 * @throws with its stderr unless it ends with 0
 */
export async function distributedTraining(python, processes) {
  const port = await freePort();
  const launcher = `-m torch.distributed.run --nproc_per_node ${processes} --master_addr 127.0.0.1 --master_port ${port}`;
  const script = [...launcher.split(' '), '--monitor_interval', 0.1, join(root, 'docs/train_distributed.py')];
  const env = {
    OMP_NUM_THREADS: String(Math.max(1, Math.floor(availableParallelism() / processes))),
    // By default gloo listens at the address of the machine's name, which need not exist.
    GLOO_SOCKET_IFNAME: 'lo',
    CUDA_VISIBLE_DEVICES: '',
  };
  return (words) => run(python, [...script, ...words], { env, seconds: 3600 });
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
