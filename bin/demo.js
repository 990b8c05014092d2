#!/usr/bin/env node
// `npm start`: writes the sonnets, trains on them for about two minutes, prints a sample. Three commands of `rnn` in a row, in this
// process; what stands on its own command line (`npm start -- --max-steps 100`) is added to the training's, in the place of what
// is here.
import { existsSync } from 'node:fs';

const text = 'corpora/sonnets.txt';
// Not checkpoints/sonnets, which is where `rnn train corpora/sonnets.txt` keeps a run: this one is overwritten every time.
const folder = 'checkpoints/demo';
// The lowest validation loss of a few settings tried at this length. A number of steps and not of minutes, so that the text is
// equally good on every machine; the time limit is for those that are much slower than a laptop.
const sizes = '--hidden 192 --dropout 0.2 --batch-size 16 --seq-length 32 --lr 0.005';
const length = '--max-steps 4500 --max-time 5m --eval-every 300 --sample-every 900';
const given = process.argv.slice(2);
const settings = `${sizes} ${length}`
  .match(/--\S+ \S+/g)
  .map((setting) => setting.split(' '))
  .filter(([flag]) => !given.some((word) => word.split('=')[0] === flag))
  .flat();

const { run, openProcessIo } = await import('../dist/cli/main.js')
  .then(async ({ run }) => ({ run, ...(await import('../dist/cli/io.js')) }))
  .catch((error) => {
    if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
    console.error('error: the program is not built, or something that it needs is not installed\nhint: npm install');
    process.exit(1);
  });

const io = openProcessIo();

/** Runs `rnn` with these words; ends here if it fails, or if a signal ended it. */
async function rnn(...words) {
  console.error(`\n$ rnn ${words.join(' ')}`);
  const code = await run(words, io);
  if (code !== 0) process.exit(code);
}

if (!existsSync(text)) await rnn('corpus', 'sonnets');
await rnn('train', text, '--out', folder, '--force', ...settings, ...given);
await rnn('sample', '--checkpoint', folder, '--temp', '0.7', '--length', '600');
