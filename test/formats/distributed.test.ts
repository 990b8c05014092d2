// docs/train_distributed.py, unchanged, in two processes: a model is exported to PyTorch, trained
// there, and imported with the loss that PyTorch reports.
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { rnn } from '../cli/helpers.ts';
import { python, whyNoPython } from './python.ts';

/** Sums of float32 numbers, in two orders. */
const TOLERANCE = 1e-5;
const machine = ['--device', 'cpu', '--threads', '1'];
const VERSE = 'the quick brown fox jumps over the lazy dog; the dog sleeps and the fox is gone.\n';
const script = resolve(import.meta.dirname, '../../docs/train_distributed.py');

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as { port: number };
  await new Promise((done) => server.close(done));
  return port;
}

/**
 * Redirects the streams of a process that does not exist. This has no effect, but it replaces the
 * default, with which PyTorch 1.13 fails on Python 3.11, where iterating over an enumeration of
 * flags skips the value 0 (github.com/meta-llama/llama/issues/86).
 */
const asUsual = ['--redirects', '9:1', '--tee', '9:1'];

/** The output of `torchrun` with two processes. */
async function torchrun(args: readonly string[]): Promise<string> {
  const run = [
    '-m',
    'torch.distributed.run',
    '--nproc_per_node',
    '2',
    '--master_addr',
    '127.0.0.1',
    `--master_port=${await freePort()}`,
    '--monitor_interval=0.1', // seconds between checks whether all processes have ended, 5 by default
    ...asUsual,
    script,
    ...args,
  ];
  // By default gloo listens at the address of the machine's name, which need not exist. No GPU,
  // because two processes would need two.
  const env = {
    ...process.env,
    OMP_NUM_THREADS: '1',
    PYTHONDONTWRITEBYTECODE: '1',
    GLOO_SOCKET_IFNAME: process.platform === 'linux' ? 'lo' : undefined,
    CUDA_VISIBLE_DEVICES: '',
  };
  return new Promise((done, fail) => {
    const child = spawn(python!, run, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    onTestFinished(() => void child.kill()); // if it hangs: it ends the processes that it started
    const told = { out: '', all: '' };
    child.stdout.on('data', (data) => {
      told.out += String(data);
      told.all += String(data);
    });
    child.stderr.on('data', (data) => (told.all += String(data)));
    child.on('error', fail);
    child.on('close', (code) =>
      code === 0 ? done(told.out) : fail(new Error(`torchrun ended with ${code}:\n${told.all}`)),
    );
  });
}

const models = [
  { name: 'a GRU', options: ['--cell', 'gru'] },
  {
    name: 'an mLSTM with every connection',
    options: (
      '--cell mlstm --layers 2 --embedding 8 --tied --dropout 0.1 ' +
      '--skip both --stacking highway --time-skip 3 --learned-state'
    ).split(' '),
  },
];

describe.skipIf(python === null).each(models)(
  `$name trains in two processes of PyTorch${whyNoPython}`,
  ({ options }) => {
    let folder: string;
    const at = (name: string): string => join(folder, name);
    const succeed = async (argv: readonly string[]): Promise<string> => {
      const { code, stdout, stderr } = await rnn(argv);
      if (code !== 0) throw new Error(stderr);
      return stdout;
    };
    const evaluated = async (text: string, ...more: string[]): Promise<number> =>
      (
        JSON.parse(await succeed(['eval', at(text), '--checkpoint', at('back'), '--json', ...more, ...machine])) as {
          nats: number;
        }
      ).nats;

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'rnn-distributed-'));
      await writeFile(at('verse.txt'), VERSE.repeat(60));
      await succeed([
        'train',
        at('verse.txt'),
        '--out',
        at('run'),
        '--hidden',
        '32',
        ...options,
        '--batch-size',
        '4',
        '--sequence-length',
        '16',
        '--streams',
        '5',
        '--max-steps',
        '20',
        '--quiet',
        ...machine,
      ]);
      await succeed(['export', at('run'), '--out', at('sent.safetensors')]);
    });
    afterAll(() => rm(folder, { recursive: true }));

    it('lowers the validation loss, and rnn eval measures the same loss as PyTorch', async () => {
      const told = await torchrun([
        at('sent.safetensors'),
        at('verse.txt'),
        '--out',
        at('returned.safetensors'),
        '--steps',
        '60',
        '--batch-size',
        '8',
        '--sequence-length',
        '24',
        '--learning-rate',
        '0.01',
      ]);
      const losses = [...told.matchAll(/^step (\d+): .*validation loss ([\d.]+) nats/gm)].map(([, step, nats]) => [
        Number(step),
        Number(nats),
      ]);
      expect(losses.map(([step]) => step)).toEqual([0, 60]);
      const [[, before], [, after]] = losses;
      expect(after).toBeLessThan(before - 0.5);

      await succeed(['import', at('returned.safetensors'), '--out', at('back')]);
      expect(Math.abs((await evaluated('verse.txt', '--part', 'validation')) - after)).toBeLessThan(TOLERANCE);
      // rnn recognises the text on which the model was trained.
      expect(
        (await rnn(['eval', at('verse.txt'), '--part', 'validation', '--checkpoint', at('back'), ...machine])).stderr,
      ).not.toContain('warning');
      // The same for the held-out text in a separate file.
      await writeFile(at('held.txt'), VERSE.repeat(60).slice(Math.floor(VERSE.length * 60 * (1 - 0.1))));
      expect(Math.abs((await evaluated('held.txt')) - after)).toBeLessThan(TOLERANCE);
      const { training } = JSON.parse(await succeed(['info', at('back'), '--json'])) as {
        training: Record<string, number>;
      };
      expect(training).toMatchObject({ step: 80, bestValidationLossNats: expect.closeTo(after, 6) as number });
    });
  },
);
