// Does a long training run keep its speed and its memory? `node bench/endurance.js [--minutes 20]
// [--threads N] [more options of rnn train]` after `npm run build`: trains an LSTM of two layers of
// 128 units on the built-in sonnets and observes the process from outside. Prints a row every
// minute. Fails (exit code 1) if the memory in the last quarter differs from the second quarter by
// more than 5 %, or the speed by more than 10 %.
//
// Speed is measured twice: by the clock, and by the processor time that the process used, which
// other programs disturb less.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { tableHead, tableRow } from './comparison/markdown.js';
import { root } from './comparison/processes.js';
import { median } from './comparison/statistics.js';

const MAX_GROWTH = 0.05;
const MAX_SLOWING = 0.1;
const SECONDS_A_ROW = 60;

const given = process.argv.slice(2);
const at = given.indexOf('--minutes');
const minutes = at < 0 ? 20 : Number(given[at + 1]);
const more = at < 0 ? given : given.toSpliced(at, 2);

const folder = mkdtempSync(join(tmpdir(), 'rnn-endurance-'));
const program = join(root, 'bin/rnn.js');
const rows = [];
let ended = null;
try {
  execFileSync(process.execPath, [program, 'corpus', 'sonnets'], { cwd: folder });
  await watch();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
judge();

/** Trains, and adds a row each minute. */
async function watch() {
  const sizes = [
    '--hidden',
    128,
    '--layers',
    2,
    '--batch-size',
    50,
    '--sequence-length',
    50,
    '--learning-rate',
    0.002,
    '--schedule',
    'constant',
  ];
  const length = ['--max-steps', 1e9, '--max-time', `${minutes}m`, '--evaluate-every', 2000, '--sample-every', 2000];
  const child = spawn(
    process.execPath,
    [program, 'train', 'corpora/sonnets.txt', '--json', ...sizes, ...length, ...more].map(String),
    {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const exited = once(child, 'exit');
  try {
    await readReports(child);
  } catch (error) {
    child.kill();
    throw error;
  } finally {
    await exited; // it writes to the folder until then
  }
}

async function readReports(child) {
  let last = null;
  console.log(tableHead(['minute', 'step', 'loss', 'characters/s', 'characters per processor second', 'memory, MB']));
  for await (const line of createInterface({ input: child.stdout })) {
    const event = JSON.parse(line);
    if (event.event === 'end') ended = event;
    if (event.event !== 'report') continue;
    const seen = looked(child.pid);
    if (seen === null) continue;
    const now = { elapsedMs: event.elapsedMs, step: event.step, ...seen };
    last ??= now;
    if (now.elapsedMs - last.elapsedMs < 1000 * SECONDS_A_ROW) continue;
    const characters = (now.step - last.step) * 2500;
    const row = {
      perSecond: characters / ((now.elapsedMs - last.elapsedMs) / 1000),
      perProcessorSecond: characters / (now.processorSeconds - last.processorSeconds),
      megabytes: now.megabytes,
    };
    rows.push(row);
    last = now;
    console.log(
      tableRow([
        Math.round(now.elapsedMs / 60_000),
        event.step,
        event.lossNats.toFixed(3),
        Math.round(row.perSecond),
        Math.round(row.perProcessorSecond),
        Math.round(row.megabytes),
      ]),
    );
  }
}

function judge() {
  const faults = [];
  if (ended === null) faults.push('the run did not end as it should');
  if (rows.length < 4) faults.push(`${rows.length} minutes are too few to compare`);
  else {
    const change = (name) => {
      const quarter = (from) =>
        median(
          rows.slice(Math.floor(from * rows.length), Math.floor((from + 0.25) * rows.length)).map((row) => row[name]),
        );
      return quarter(0.75) / quarter(0.25) - 1;
    };
    const told = (share) => `${share >= 0 ? '+' : ''}${(100 * share).toFixed(1)} %`;
    const [memory, clock, processor] = ['megabytes', 'perSecond', 'perProcessorSecond'].map(change);
    console.log(
      `\nfrom the second quarter to the last: memory ${told(memory)}, speed ${told(clock)} by the clock, ${told(processor)} by processor time`,
    );
    if (memory > MAX_GROWTH) faults.push(`memory grew by more than ${100 * MAX_GROWTH} %`);
    // Either of the two shows that the program has not become slower.
    if (clock < -MAX_SLOWING && processor < -MAX_SLOWING)
      faults.push(`it slowed down by more than ${100 * MAX_SLOWING} %`);
  }
  for (const fault of faults) console.error(`FAILED: ${fault}`);
  process.exitCode = faults.length > 0 ? 1 : 0;
}

/**
 * Memory and processor time of a process from ps, or null if it has ended, perhaps before its last
 * report is read.
 */
function looked(pid) {
  const [kilobytes, time] = psOf(pid);
  if (!(kilobytes > 0)) return null; // a process that has ended has none, and may still be listed
  const [seconds, minute = 0, hours = 0] = time
    .replace(/^(\d+)-/, (_, days) => `${24 * days}:`)
    .split(':')
    .map(Number)
    .toReversed();
  return { megabytes: kilobytes / 1000, processorSeconds: seconds + 60 * minute + 3600 * hours };
}

function psOf(pid) {
  try {
    return execFileSync('ps', ['-o', 'rss=,time=', '-p', String(pid)], { encoding: 'utf8' })
      .trim()
      .split(/\s+/);
  } catch (error) {
    if (error.status === 1) return [];
    throw error; // there is no ps
  }
}
