#!/usr/bin/env node
// `npm start`: trains on the sonnets for about ten seconds and prints a sample. Two commands of
// `rnn` in a row, in this process. Options after `--` (`npm start -- --max-steps 100`) are added to
// the training command.
const text = 'corpora/sonnets.txt';
// Not checkpoints/sonnets, which is where `rnn train corpora/sonnets.txt` keeps a run: this one is
// overwritten every time.
const folder = 'checkpoints/demo';
const given = process.argv.slice(2);

const { run, openProcessIo } = await import('../dist/cli/main.js')
  .then(async ({ run }) => ({ run, ...(await import('../dist/cli/process/io.js')) }))
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

await rnn('train', text, '--out', folder, '--force', ...given);
await rnn('sample', '--checkpoint', folder, '--temp', '0.7', '--length', '600');
