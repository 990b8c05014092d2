// Can a file make rnn misbehave? `node bench/mutations.js [--count 100000] [--seed 1] [--first 0]`
// after `npm run build`: makes a few tiny checkpoints, changes them in `--count` ways, and hands
// each to the loader and to everything that uses a loaded checkpoint. Prints a table of the
// outcomes.
//
// Each file must be refused by a clear error or be a whole model, within 2 s and 1 GB. At the first
// file that fails, it keeps the file and ends with exit code 1. Takes a few minutes.
//
// Mutation n of a seed is always the same: `--seed 1 --first n --count 1` makes it again. A child
// process does the work, so that a hang, or a crash of Node itself, is seen from outside.
import { execFileSync, fork } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { tableHead, tableRow } from './comparison/markdown.js';
import { root } from './comparison/processes.js';
import { mutate } from './mutations/mutate.js';
import { makeOriginals, verse } from './mutations/originals.js';
import { Fault, describe, train, use } from './mutations/use.js';

const { values: flags } = parseArgs({
  options: {
    count: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    first: { type: 'string', default: '0' },
    child: { type: 'string' },
  },
});
const [count, seed, first] = [flags.count, flags.seed, flags.first].map(Number);

const MAX_MS = 2000;
const MAX_BYTES = 1e9;
/** Without a word from the child. */
const PATIENCE_MS = 60_000;
const TOLD_EVERY = 500;
/**
 * `rnn info` reads only some of the files, and only some of those that load are trained on, because
 * that takes longer.
 */
const DESCRIBED_EVERY = 10;
const TRAINED_EVERY = 25;

if (flags.child === undefined) await watch();
else await work(flags.child);

/** Mutates and judges, and reports its progress. */
async function work(folder) {
  const { program } = await import('./mutations/program.js');
  const { openDevice } = await import('../dist/devices/open.js');
  const text = join(folder, 'text');
  const originals = await makeOriginals(
    (args) => execFileSync(process.execPath, [join(root, 'bin/rnn.js'), ...args]),
    text,
    folder,
  );
  const device = await openDevice('cpu', { threads: 1 });
  const path = join(folder, 'mutated.json');
  const tally = { done: 0, loaded: 0, trained: 0, byChecksum: 0, slowestMs: 0, maxRssBytes: 0, ways: {}, refusals: {} };
  for (let number = first; number < first + count; number++) {
    const random = new program.Random(seed * 2 ** 32 + number);
    const { bytes, name, what } = mutate(originals, random);
    try {
      writeFileSync(path, bytes);
      const began = performance.now();
      const used = await use(path, program);
      const ms = performance.now() - began;
      if (ms > MAX_MS) throw new Fault(`it took ${Math.round(ms)} ms`);
      if (number % DESCRIBED_EVERY === 0) await describe(path, program, used, random);
      if (used.settings !== null && tally.loaded % TRAINED_EVERY === 0) {
        tally.trained++;
        await train(used, program, { text, folder: join(folder, 'run'), device });
      }
      const rss = process.memoryUsage.rss();
      if (rss > MAX_BYTES) throw new Fault(`the process has ${Math.round(rss / 1e6)} MB`);
      record(tally, name, used, ms, rss);
    } catch (error) {
      process.send({
        fault: `mutation ${number} of seed ${seed} (${what}): ${error instanceof Fault ? error.message : error.stack}`,
      });
      process.exitCode = 1;
      break;
    }
    if (tally.done % TOLD_EVERY === 0) process.send(tally);
  }
  tally.maxRssBytes = Math.max(tally.maxRssBytes, 1024 * process.resourceUsage().maxRSS);
  process.send({ ...tally, ended: true });
  await device.close();
  process.disconnect();
}

function record(tally, name, { loaded, refusal }, ms, rss) {
  tally.done++;
  tally.slowestMs = Math.max(tally.slowestMs, ms);
  tally.maxRssBytes = Math.max(tally.maxRssBytes, rss);
  const way = (tally.ways[name] ??= { files: 0, loaded: 0 });
  way.files++;
  if (loaded) {
    tally.loaded++;
    way.loaded++;
    return;
  }
  if (refusal.includes('its checksum does not match')) tally.byChecksum++;
  // One name for all places and values of a kind.
  const words = refusal
    .replace(/^\S+ /, '')
    .replace(/"(?:[^"\\]|\\.)*"|\[.*?\]|\{.*?\}|-?\d[\d.e+]*/g, '…')
    .slice(0, 80);
  tally.refusals[words] = (tally.refusals[words] ?? 0) + 1;
}

/** Runs the child, and reports the outcome. */
async function watch() {
  const memory = '/dev/shm';
  const folder = mkdtempSync(join(existsSync(memory) ? memory : tmpdir(), 'rnn-mutations-'));
  writeFileSync(join(folder, 'text'), verse);
  const began = performance.now();
  let tally = null;
  let fault = null;
  try {
    const child = fork(fileURLToPath(import.meta.url), [
      '--child',
      folder,
      '--count',
      flags.count,
      '--seed',
      flags.seed,
      '--first',
      flags.first,
    ]);
    let timer;
    const wait = () => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        fault = `nothing was heard for ${PATIENCE_MS / 1000} s, after ${first + (tally?.done ?? 0)} of seed ${seed}: it hangs`;
        child.kill('SIGKILL');
      }, PATIENCE_MS);
    };
    wait();
    child.on('message', (message) => {
      wait();
      if (message.fault) fault = message.fault;
      else tally = message;
      if (message.done > 0 && message.done % 10_000 === 0 && !message.ended)
        console.error(
          `${message.done} done, ${message.loaded} loaded, ${Math.round((performance.now() - began) / 1000)} s, ${Math.round(message.maxRssBytes / 1e6)} MB`,
        );
    });
    const [code, signal] = await new Promise((ended) => child.on('close', (...how) => ended(how)));
    clearTimeout(timer);
    if (fault === null && !tally?.ended)
      fault = `the child ended with ${signal ?? code}, after ${first + (tally?.done ?? 0)} of seed ${seed}`;
    if (tally !== null) summarise(tally, (performance.now() - began) / 1000);
    if (fault !== null) {
      const kept = join(tmpdir(), `rnn-mutation-${seed}-${process.pid}.json`);
      if (existsSync(join(folder, 'mutated.json'))) writeFileSync(kept, readFileSync(join(folder, 'mutated.json')));
      console.error(`FAILED: ${fault}\nthe file is ${kept}`);
      process.exitCode = 1;
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function summarise({ done, loaded, trained, byChecksum, slowestMs, maxRssBytes, ways, refusals }, seconds) {
  console.log(tableHead(['mutation', 'files', 'loaded', 'refused']));
  for (const [name, { files, loaded: whole }] of Object.entries(ways).toSorted())
    console.log(tableRow([name, files, whole, files - whole]));
  console.log(
    `\n${done} files in ${Math.round(seconds)} s: ${loaded} loaded (${trained} of them were trained on), ${done - loaded} refused, ${byChecksum} of them by the checksum`,
  );
  console.log(
    `${Object.keys(refusals).length} different refusals, the slowest file took ${Math.round(slowestMs)} ms, at most ${Math.round(maxRssBytes / 1e6)} MB`,
  );
}
