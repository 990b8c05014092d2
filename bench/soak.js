// Does the gpu device leak memory? `node bench/soak.js [--device gpu:software] [--calls 500]` after
// `npm run build`: makes `--calls` runs of a few update steps, and prints the memory of the process
// as a table on stdout. Fails (exit code 1) if the memory grows by more than 5 % in the second half, if
// the process does not end when it is done, or if it prints anything on stderr. About a minute.
//
// A child process does the work, so that its end, and the output of its driver that bypasses Node,
// can be seen from outside.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values: flags } = parseArgs({
  options: {
    device: { type: 'string', default: 'gpu:software' },
    calls: { type: 'string', default: '500' },
    child: { type: 'boolean', default: false },
  },
});
const runs = Math.max(40, Number(flags.calls));
/** Calls in a run. */
const TOGETHER = 4;
const ROWS = 20;
const MAX_GROWTH = 0.05;
/** The time that the child may take to end when it has nothing left to do. */
const PATIENCE_MS = 10_000;
const icd = '/usr/lib/chromium/vk_swiftshader_icd.json';
const mebibytes = (bytes) => bytes / 2 ** 20;

if (flags.child) await work();
else await watch();

/** Trains, and reports the memory of the process after certain runs. */
async function work() {
  const { openDevice } = await import('../dist/devices/open.js');
  const { trainingProgram } = await import('../dist/model/network.js');
  const { initialParameters, parameterShapes } = await import('../dist/model/parameters.js');
  const { Random } = await import('../dist/random.js');
  const { createOptimizer } = await import('../dist/training/optimizers.js');

  const [T, N, V] = [8, 8, 30];
  const model = {
    cell: 'lstm',
    layers: 2,
    hidden: 24,
    embedding: 0,
    vocabulary: V,
    forgetBias: 1,
    initialisation: 'uniform',
    dropout: 0.1,
    conventions: {},
  };
  const optimizer = createOptimizer({ optimizer: 'adam', clipNorm: 5, momentum: 0 });
  const device = await openDevice(flags.device);
  const executable = await device.compile({
    parameters: parameterShapes(model),
    jobs: [
      { name: 'train', steps: T, batch: N, build: (rows) => trainingProgram(model, { steps: T, rows }, 1 / (N * T)) },
    ],
    update: optimizer.rule,
  });
  const random = new Random(1);
  const symbols = () => Int32Array.from({ length: T * N }, () => random.uint32() % V);
  await executable.write({ kind: 'parameters' }, initialParameters(model, random));
  let step = 0;
  const run = async () => {
    const calls = Array.from({ length: TOGETHER }, () => ({
      ids: symbols(),
      targets: symbols(),
      dropoutKey: step,
      update: optimizer.scalars(++step, 0.001),
    }));
    for (const { lossNats } of await executable.run('train', calls))
      if (!Number.isFinite(lossNats)) throw new Error(`loss ${lossNats} at step ${step}`);
  };
  console.log(
    JSON.stringify({ description: executable.description, dispatches: TOGETHER * executable.cost('train').dispatches }),
  );
  for (let done = 1; done <= runs; done++) {
    await run();
    if (done % Math.max(1, Math.floor(runs / ROWS)) > 0) continue;
    await collect();
    console.log(JSON.stringify({ runs: done, bytes: process.memoryUsage.rss() }));
  }
  await executable.close();
  await device.close();
  console.log(JSON.stringify({ closed: true }));
}

/**
 * Objects that JavaScript has yet to collect are not leaks, nor are the driver's objects that it
 * releases with them.
 */
async function collect() {
  for (let i = 0; i < 3; i++) {
    globalThis.gc();
    await new Promise((next) => setTimeout(next, 10));
  }
}

/** Runs the child, and judges it. */
async function watch() {
  const env = { ...process.env };
  if (env.VK_ICD_FILENAMES === undefined && existsSync(icd)) env.VK_ICD_FILENAMES = icd;
  const child = spawn(
    process.execPath,
    ['--expose-gc', fileURLToPath(import.meta.url), '--child', '--device', flags.device, '--calls', flags.calls],
    { env, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const rows = [];
  let closedAt = null;
  let noise = '';
  let rest = '';
  let timer;
  child.stderr.setEncoding('utf8').on('data', (text) => (noise += text));
  child.stdout.setEncoding('utf8').on('data', (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop();
    for (const line of lines.map((each) => JSON.parse(each))) {
      if (line.closed) {
        closedAt = performance.now();
        timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
      } else if (line.runs) row(rows, line);
      else
        console.log(
          `${line.description}, runs of ${TOGETHER} calls, ${line.dispatches} dispatches\n\n| runs | RSS, MiB | growth |\n|---:|---:|---:|`,
        );
    }
  });
  const [code, signal] = await new Promise((ended) => child.on('close', (...how) => ended(how)));
  clearTimeout(timer);
  const faults = [];
  if (closedAt === null || code !== 0)
    faults.push(closedAt !== null && signal ? 'it did not end' : `it ended with ${signal ?? code}`);
  else console.log(`\nended ${Math.round(performance.now() - closedAt)} ms after it closed the device`);
  if (noise !== '') faults.push(`it printed on stderr:\n${noise}`);
  const growth = growthOf(rows);
  if (rows.length > 0) console.log(`growth in the second half: ${(100 * growth).toFixed(1)} %`);
  if (growth > MAX_GROWTH) faults.push(`it grew by more than ${100 * MAX_GROWTH} %`);
  for (const fault of faults) console.error(`FAILED: ${fault}`);
  process.exitCode = faults.length > 0 ? 1 : 0;
}

/**
 * From the third quarter to the last, by the maximum of each: V8 reserves and frees 16 MiB at any
 * time.
 */
function growthOf(rows) {
  const most = (from, to) =>
    Math.max(...rows.slice(Math.floor(from * rows.length), Math.floor(to * rows.length)).map(({ bytes }) => bytes));
  return most(0.75, 1) / most(0.5, 0.75) - 1;
}

function row(rows, line) {
  const before = rows.at(-1)?.bytes ?? line.bytes;
  rows.push(line);
  console.log(
    `| ${line.runs} | ${mebibytes(line.bytes).toFixed(1)} | ${(100 * (line.bytes / before - 1)).toFixed(1)} % |`,
  );
}
