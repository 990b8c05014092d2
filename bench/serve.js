// Measures `rnn serve` with an untrained model: throughput of 64 streams compared with one, fairness,
// latency, start-up, memory over many requests, and answers to malformed requests:
// `node bench/serve.js [--hidden 256] [--layers 2] [--requests 10000]`, after `npm run build`.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { median } from './comparison/statistics.js';
import { root, run } from './comparison/processes.js';
import { randomFrom } from './pairs.js';

const { values: given } = parseArgs({
  options: {
    hidden: { type: 'string', default: '256' },
    layers: { type: 'string', default: '2' },
    requests: { type: 'string', default: '10000' },
  },
});
const CLIENTS = 64;
const LENGTH = 500;
const folder = mkdtempSync(join(tmpdir(), 'rnn-serve-'));
const program = join(root, 'bin/rnn.js');
const agent = new Agent({ keepAlive: true, maxSockets: 256 });

/** A run of a few steps. */
function makeRun(hidden, layers) {
  const text = join(folder, 'text.txt');
  writeFileSync(text, readFileSync(join(root, 'corpora/sonnets.txt')));
  const out = join(folder, `h${hidden}`);
  const size = ['--cell', 'lstm', '--hidden', hidden, '--layers', layers, '--batch-size', 8, '--sequence-length', 8];
  run(process.execPath, [program, 'train', text, '--out', out, ...size, '--max-steps', 20, '--json']);
  return out;
}

/** Starts a server. Returns its URL, its process, and the milliseconds to the first answer. */
async function startServer(checkpoint) {
  const began = performance.now();
  const child = spawn(process.execPath, [program, 'serve', checkpoint, '--port', '0'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const url = await new Promise((resolve) => child.stdout.once('data', (data) => resolve(String(data).trim())));
  await post(url, { prompt: 'a', max_tokens: 1 });
  return { url, child, startMs: performance.now() - began };
}

/** Posts a request for completions. Returns the status and the characters of the answer. */
function post(url, body) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const sent = httpRequest(
      `${url}v1/completions`,
      { method: 'POST', agent, headers: { 'content-type': 'application/json' } },
      (response) => {
        let answer = '';
        response.setEncoding('utf8');
        response.on('data', (data) => (answer += data));
        response.on('end', () => resolve({ status: response.statusCode, answer }));
      },
    );
    sent.on('error', reject);
    sent.end(text);
  });
}

const stream = (seed) => ({ prompt: 'the ', max_tokens: LENGTH, stream: true, seed });

/** Characters per second of some clients that stream at the same time, and the time of each. */
async function load(url, clients) {
  const began = performance.now();
  const times = await Promise.all(
    Array.from({ length: clients }, async (_, seed) => {
      await post(url, stream(seed));
      return performance.now() - began;
    }),
  );
  return { speed: (1000 * clients * LENGTH) / Math.max(...times), times };
}

const rssOf = ({ pid }) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;

async function main() {
  const large = await startServer(makeRun(given.hidden, given.layers));
  await load(large.url, CLIENTS); // warms up
  const rounds = [];
  for (let round = 0; round < 5; round++)
    rounds.push({ one: await load(large.url, 1), many: await load(large.url, CLIENTS) });
  const one = median(rounds.map((each) => each.one.speed));
  const many = median(rounds.map((each) => each.many.speed));
  const slowest = median(rounds.map(({ many: { times } }) => Math.max(...times) / median(times)));
  console.log(
    `LSTM H${given.hidden} L${given.layers}: one client ${Math.round(one)} characters/s, ${CLIENTS} clients ${Math.round(many)}, ratio ${(many / one).toFixed(2)}; slowest client ${slowest.toFixed(2)} times the median`,
  );

  const total = Number(given.requests);
  const memory = [];
  for (let sent = 0; sent < total; sent += 50) {
    if (sent % Math.ceil(total / 10) < 50) memory.push(Math.round(rssOf(large.child)));
    await Promise.all(
      Array.from({ length: 50 }, (_, at) => post(large.url, { prompt: 'a', max_tokens: 5, seed: sent + at })),
    );
  }
  memory.push(Math.round(rssOf(large.child)));
  console.log(`memory over ${total} requests, MB: ${memory.join(' ')}`);

  const random = randomFrom(1);
  const statuses = new Map();
  for (let sent = 0; sent < total; sent += 50)
    await Promise.all(
      Array.from({ length: 50 }, async () => {
        const text = JSON.stringify({ prompt: 'the', max_tokens: 3, n: 2, stop: ['e'], temperature: 0.5 });
        const bytes = [...text].map((character) => (random() < 0.05 ? String.fromCharCode(random() * 256) : character));
        const { status } = await post(large.url, bytes.join(''));
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }),
    );
  console.log(
    `statuses of ${total} malformed requests: ${[...statuses].map(([status, count]) => `${status}: ${count}`).join(', ')}`,
  );
  large.child.kill();

  const small = await startServer(makeRun(128, 2));
  const latencies = [];
  for (let sent = 0; sent < 200; sent++) {
    const began = performance.now();
    await post(small.url, { prompt: 'the ', max_tokens: 20, seed: sent });
    latencies.push(performance.now() - began);
  }
  console.log(
    `LSTM H128 L2: first answer ${Math.round(small.startMs)} ms after the start, 20 characters in ${median(latencies).toFixed(1)} ms at the median`,
  );
  small.child.kill();
}

try {
  await main();
} finally {
  agent.destroy();
  rmSync(folder, { recursive: true });
}
