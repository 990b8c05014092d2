// How much memory does a long list take? `node bench/list-memory.js [--lines 50000000]` after `npm
// run build`: writes a list of random names (seeded, 20 bytes a line) to the folder for temporary
// files, trains 20 update steps on it with `--records line`, and prints the peak memory in bytes per
// character, without the peak of a run on the first 200,000 lines. Removes the list afterwards.
// Fails (exit code 1) above 2.6 bytes.
import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { withPeakMemory } from './comparison/peak-memory.js';

const { values: flags } = parseArgs({ options: { lines: { type: 'string', default: '50000000' } } });
const MAX_BYTES = 2.6;
const FEW = 200_000;

const folder = mkdtempSync(join(tmpdir(), 'rnn-list-memory-'));
try {
  const few = peakOf('few.txt', Math.min(FEW, Number(flags.lines)));
  const all = peakOf('all.txt', Number(flags.lines));
  const bytes = (all.peak - few.peak) / (all.characters - few.characters);
  console.log(
    `${bytes.toFixed(2)} bytes per character, at most ${MAX_BYTES} expected, after ${all.seconds.toFixed(0)} s`,
  );
  process.exitCode = bytes <= MAX_BYTES ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** The peak resident memory of a run in bytes, and the size of its list. */
function peakOf(name, lines) {
  const path = join(folder, name);
  writeList(path, lines);
  const words = `--records line --max-steps 20 --evaluate-every 0 --device cpu --threads 1 --quiet --force`.split(' ');
  const { peakBytes: peak, seconds } = withPeakMemory(['train', path, ...words, '--out', join(folder, 'run')]);
  const characters = statSync(path).size;
  console.log(`${lines} lines, ${characters} characters: ${(peak / 1e6).toFixed(0)} MB`);
  return { peak, characters, seconds };
}

/** Names of 14 to 22 letters in two words. */
function writeList(path, lines) {
  let state = 12_345;
  const next = (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
  const file = openSync(path, 'w');
  for (let written = 0; written < lines;) {
    let text = '';
    for (let count = 0; count < 10_000 && written < lines; count++, written++) {
      const syllables = 7 + next(5);
      for (let index = 0; index < syllables; index++)
        text += `${'bcdfghjklmnprstvwz'[next(18)]}${'aeiou'[next(5)]}${index === 4 ? ' ' : ''}`;
      text += '\n';
    }
    writeSync(file, text);
  }
  closeSync(file);
}
