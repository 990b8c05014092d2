#!/usr/bin/env node
// `npm start`: trains on the sonnets for about ten seconds, prints a sample and writes a page in
// which the model writes, with three commands of `rnn` in this process. Options after `--`
// (`npm start -- --max-steps 100`) are added to the training command.
import { resolve } from 'node:path';

const text = 'corpora/sonnets.txt';
// Not checkpoints/sonnets, the run folder of `rnn train corpora/sonnets.txt`, because each start
// overwrites this folder.
const folder = 'checkpoints/demo';
const given = process.argv.slice(2);

const { run, openProcessIo } = await import('../dist/cli/main.js')
  .then(async ({ run }) => ({ run, ...(await import('../dist/cli/process/io.js')) }))
  .catch((error) => {
    if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
    console.error('error: cannot load rnn: it is not built, or a dependency is not installed\nhint: run npm install');
    process.exit(1);
  });

const io = openProcessIo();

/** Runs `rnn` with these words. Ends the process if it fails, or if a signal ended it. */
async function rnn(...words) {
  console.error(`\n$ rnn ${words.join(' ')}`);
  const code = await run(words, io);
  if (code !== 0) process.exit(code);
}

await rnn('train', text, '--out', folder, '--force', ...given);
await rnn('sample', '--checkpoint', folder, '--temp', '0.7', '--length', '600');
const page = `${folder}.html`;
await rnn('export', folder, '--format', 'html', '--out', page, '--force');
console.error(`\nOpen ${resolve(page)} in a browser to sample from the model.`);
