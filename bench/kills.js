// Does a run that is killed again and again get the same weights as an undisturbed run? `node
// bench/kills.js [--kills 200] [--steps 2500] [--threads 1,2] [--seed 1]` after `npm run build`:
// kills `rnn train --resume` with SIGKILL at random moments, from its first to its last. When the
// run is over, its checkpoints and its log must equal an uninterrupted run's, bit by bit. After
// each kill every checkpoint must be whole. Fails (exit code 1) at any difference. About a second
// per kill.
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Random } from '../dist/random.js';
import { inFolder, linesOf, logged, start, timeless, wait } from './survival/trainer.js';

const { values: flags } = parseArgs({
  options: {
    kills: { type: 'string', default: '200' },
    steps: { type: 'string', default: '2500' },
    threads: { type: 'string', default: '1,2' },
    seed: { type: 'string', default: '1' },
  },
});
const threadCounts = flags.threads.split(',').map(Number);
const killsEach = Math.ceil(Number(flags.kills) / threadCounts.length);
const random = new Random(Number(flags.seed));

const sizes =
  '--cell lstm --layers 2 --hidden 48 --dropout 0.2 --batch-size 16 --sequence-length 16 --schedule cosine --quiet'.split(
    ' ',
  );
const often =
  '--checkpoint-every 15 --evaluate-every 100 --sample-every 150 --sample-length 50 --streams 64 --keep 2'.split(' ');
const files = ['latest.json', 'best.json'];
/** The message of a run that was killed between its first best.json and its first latest.json. */
const fromBest = /^warning: \S+latest\.json is missing, so the run resumes from \S+best\.json\n$/;

let faults = 0;
await inFolder(async (folder) => {
  for (const threads of threadCounts) await check(folder, threads);
  await checkEvaluations(folder);
});
console.log(faults === 0 ? 'every run has the same weights' : `${faults} faults`);
process.exitCode = faults === 0 ? 0 : 1;

async function check(folder, threads) {
  const options = [...sizes, ...often, '--max-steps', flags.steps, '--threads', threads];
  const from = performance.now();
  const { code, stderr } = await start(folder, [...options, '--out', 'whole', '--force']).ended;
  if (code !== 0) throw new Error(`the uninterrupted run ended with ${code}: ${stderr}`);
  const wholeMs = performance.now() - from;
  const expected = await contentOf(join(folder, 'whole'));
  let kills = 0;
  let looked = 0;
  for (let run = 1; kills < killsEach; run++) {
    rmSync(join(folder, 'killed'), { recursive: true, force: true });
    for (;;) {
      const trainer = start(folder, [...options, '--out', 'killed', '--resume']);
      // Some runs die while they start, most while they train. A run takes several kills.
      const isLast = await Promise.race([
        trainer.ended.then(() => true),
        wait(50 + random.uniform() * (600 + wholeMs / 2)).then(() => false),
      ]);
      if (!isLast) trainer.child.kill('SIGKILL');
      const ended = await trainer.ended;
      if (ended.signal !== 'SIGKILL') {
        if (ended.code !== 0) fault(`run ${run} ended with ${ended.code}: ${ended.stderr}`);
        break;
      }
      kills++;
      if (ended.stderr !== '' && !fromBest.test(ended.stderr)) fault(`it had something to say: ${ended.stderr}`);
      if (readdirSync(folder).includes('killed')) {
        await lookAt(join(folder, 'killed'));
        looked++;
      }
    }
    const came = await contentOf(join(folder, 'killed'));
    const different = Object.keys(expected).filter((name) => came[name] !== expected[name]);
    if (different.length > 0) fault(`run ${run} on ${threads} threads has a different ${different.join(', ')}`);
    console.log(
      `${threads} thread${threads === 1 ? '' : 's'}, run ${run}: ${different.length === 0 ? 'the same' : 'DIFFERENT'} after ${kills} kills in all`,
    );
  }
  console.log(
    `${threads} thread${threads === 1 ? '' : 's'}: ${kills} kills, ${looked} of them with a run folder, and an uninterrupted run takes ${(wholeMs / 1000).toFixed(1)} s`,
  );
}

/**
 * Evaluations are more frequent than checkpoints, and the run is killed at each of the first
 * evaluations, so it continues from its best checkpoint.
 */
async function checkEvaluations(folder) {
  const options = [
    ...sizes,
    ...'--checkpoint-every 450 --evaluate-every 50 --sample-every 100 --sample-length 50 --streams 64 --keep 2 --max-steps 1000 --json'.split(
      ' ',
    ),
  ];
  const { code, stderr } = await start(folder, [...options, '--out', 'whole', '--force']).ended;
  if (code !== 0) throw new Error(`the uninterrupted run ended with ${code}: ${stderr}`);
  const expected = await contentOf(join(folder, 'whole'));
  rmSync(join(folder, 'killed'), { recursive: true, force: true });
  for (let kill = 1; kill <= 12; kill++) {
    const trainer = start(folder, [...options, '--out', 'killed', '--resume']);
    if (await trainer.said('"event":"evaluation"')) trainer.child.kill('SIGKILL');
    const ended = await trainer.ended;
    if (ended.stderr !== '' && !fromBest.test(ended.stderr)) fault(`it had something to say: ${ended.stderr}`);
    await lookAt(join(folder, 'killed'));
  }
  const { code: last, stderr: said } = await start(folder, [...options, '--out', 'killed', '--resume']).ended;
  if (last !== 0) fault(`killed at its evaluations it ended with ${last}: ${said}`);
  const came = await contentOf(join(folder, 'killed'));
  const different = Object.keys(expected).filter((name) => came[name] !== expected[name]);
  if (different.length > 0) fault(`a run killed at its evaluations has a different ${different.join(', ')}`);
  console.log(`killed at its first evaluations: ${different.length === 0 ? 'the same' : 'DIFFERENT'}`);
}

/** Every checkpoint is whole, and the log has nothing twice. */
async function lookAt(folder) {
  if (existsSync(join(folder, 'log.jsonl'))) lookAtReports(join(folder, 'log.jsonl'));
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.json') && name !== 'lock.json')) {
    await timeless(join(folder, file)).catch((error) => fault(`${file}: ${error.message}`));
  }
}

/**
 * The clock decides when reports are written, so they cannot be compared. Each is of a later step
 * than the report before it, and has a finite loss.
 */
function lookAtReports(path) {
  let before = 0;
  for (const { step, lossNats } of linesOf(path).filter(({ event }) => event === 'report')) {
    if (!(step > before) || !Number.isFinite(lossNats))
      fault(`${path}: a report of step ${step}, with a loss of ${lossNats}, follows one of step ${before}`);
    before = step;
  }
}

async function contentOf(folder) {
  lookAtReports(join(folder, 'log.jsonl'));
  const content = { log: logged(join(folder, 'log.jsonl')) };
  for (const file of [...files, ...readdirSync(folder).filter((name) => name.startsWith('step-'))])
    content[file] = existsSync(join(folder, file)) ? await timeless(join(folder, file)) : 'missing';
  return content;
}

function fault(what) {
  faults++;
  console.error(`FAULT: ${what}`);
}
