// The checkpoints that are mutated: tiny, and made by the program that the caller chooses.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { originalOf } from './mutate.js';

/** A text to train on, and to resume with. */
export const verse = 'the quick brown fox jumps over the lazy dog; the dog sleeps, and the fox is gone.\n'.repeat(6);

const length = [
  '--max-steps',
  '6',
  '--checkpoint-every',
  '3',
  '--evaluate-every',
  '3',
  '--sample-every',
  '0',
  '--device',
  'cpu',
  '--threads',
  '1',
  '--quiet',
];
const sizes = ['--batch-size', '4', '--sequence-length', '5', '--streams', '2', '--warmup-steps', '0'];

/** The options of each run after `rnn train TEXT --out FOLDER`. */
export const runs = {
  lstm: ['--hidden', '4', ...sizes, ...length],
  gru: [
    '--cell',
    'gru',
    '--layers',
    '2',
    '--hidden',
    '3',
    '--embedding',
    '2',
    '--optimizer',
    'rmsprop',
    '--min-count',
    '7',
    '--dropout',
    '0.1',
    ...sizes,
    ...length,
  ],
  bytes: ['--cell', 'rnn', '--hidden', '2', '--unit', 'byte', '--optimizer', 'sgd', ...sizes, ...length],
};

/**
 * Two checkpoints of each run: at its end, and before.
 * @param train runs `rnn train` with these arguments to its end
 * @param text the path of a file with the verse in it
 */
export async function makeOriginals(train, text, folder) {
  const originals = [];
  for (const [name, args] of Object.entries(runs)) {
    const out = join(folder, name);
    await train(['train', text, '--out', out, ...args]);
    for (const file of ['latest.json', 'previous.json'])
      originals.push(originalOf(`${name}/${file}`, readFileSync(join(out, file))));
  }
  return originals;
}
