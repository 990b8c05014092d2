// Does a run that is killed again and again come to the weights of one that never was? `node bench/kills.js [--kills 200] [--steps 2500]
// [--threads 1,2] [--seed 1]` after `npm run build`: kills `rnn train --resume` with SIGKILL at random moments, from its first to its last, and when the run
// is over compares its checkpoints and its log, bit by bit, with those of an uninterrupted run. After each kill every checkpoint must be
// whole. Fails (exit code 1) if anything differs. About a second a kill.
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Random } from '../dist/random.js';
import { inFolder, logged, start, timeless, wait } from './survival/trainer.js';

const { values: flags } = parseArgs({ options: { kills: { type: 'string', default: '200' }, steps: { type: 'string', default: '2500' }, threads: { type: 'string', default: '1,2' }, seed: { type: 'string', default: '1' } } });
const threadCounts = flags.threads.split(',').map(Number);
const killsEach = Math.ceil(Number(flags.kills) / threadCounts.length);
const random = new Random(Number(flags.seed));

const sizes = '--cell lstm --layers 2 --hidden 48 --dropout 0.2 --batch-size 16 --seq-length 16 --lr-schedule cosine --quiet'.split(' ');
const often = '--checkpoint-every 15 --eval-every 100 --sample-every 150 --sample-length 50 --streams 64 --keep 2'.split(' ');
const files = ['latest.json', 'best.json'];

let faults = 0;
await inFolder(async (folder) => {
  for (const threads of threadCounts) await check(folder, threads);
});
console.log(faults === 0 ? 'every run came to the same weights' : `${faults} faults`);
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
      // Some die while they start, most while they train; a run takes several.
      const isLast = await Promise.race([trainer.ended.then(() => true), wait(50 + random.uniform() * (600 + wholeMs / 2)).then(() => false)]);
      if (!isLast) trainer.child.kill('SIGKILL');
      const ended = await trainer.ended;
      if (ended.signal !== 'SIGKILL') {
        if (ended.code !== 0) fault(`run ${run} ended with ${ended.code}: ${ended.stderr}`);
        break;
      }
      kills++;
      if (ended.stderr !== '') fault(`it had something to say: ${ended.stderr}`);
      if (readdirSync(folder).includes('killed')) {
        await lookAt(join(folder, 'killed'));
        looked++;
      }
    }
    const came = await contentOf(join(folder, 'killed'));
    const different = Object.keys(expected).filter((name) => came[name] !== expected[name]);
    if (different.length > 0) fault(`run ${run} on ${threads} threads came to another ${different.join(', ')}`);
    console.log(`${threads} thread${threads === 1 ? '' : 's'}, run ${run}: ${different.length === 0 ? 'the same' : 'DIFFERENT'} after ${kills} kills in all`);
  }
  console.log(`${threads} thread${threads === 1 ? '' : 's'}: ${kills} kills, ${looked} of them with a run folder there; an uninterrupted run takes ${(wholeMs / 1000).toFixed(1)} s`);
}

/** Every checkpoint that is there is whole. */
async function lookAt(folder) {
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.json') && name !== 'lock.json')) {
    await timeless(join(folder, file)).catch((error) => fault(`${file}: ${error.message}`));
  }
}

async function contentOf(folder) {
  const content = { log: logged(join(folder, 'log.jsonl')) };
  for (const file of [...files, ...readdirSync(folder).filter((name) => name.startsWith('step-'))]) content[file] = existsSync(join(folder, file)) ? await timeless(join(folder, file)) : 'missing';
  return content;
}

function fault(what) {
  faults++;
  console.error(`FAULT: ${what}`);
}
