// Runs the built program, and trains the run that several pictures show.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { jsonLines, run } from '../../bench/comparison/processes.js';

export const text = 'corpora/sonnets.txt';
const folderName = 'sonnets';
/** An evaluation and a sample every ten update steps, so that early stages have their loss. */
const training = ['train', text, ...'--seed 1 --device cpu --evaluate-every 10 --sample-every 10'.split(' ')];
export const trainingCommand = ['rnn', ...training].join(' ');

/** The timeout of a command in seconds, generous because other programs may use the cores. */
const patience = 3600;

/** Runs `rnn` with these words in the root of the repository, and returns its stdout. */
export const rnn = (words) => run(process.execPath, ['bin/rnn.js', ...words], { seconds: patience });

export const rnnJson = (words) => jsonLines(rnn([...words, '--json']));

/** The run in a folder, which is trained at the first call. */
export function trainedRun(folder) {
  const path = join(folder, folderName);
  if (!existsSync(path)) {
    console.error(trainingCommand);
    rnn([...training, '--out', path, '--quiet']);
  }
  return path;
}
