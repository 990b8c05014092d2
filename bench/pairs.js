// Writes pairs of input and output for `rnn train --records line --learn-after '\t'`.
//
// node bench/pairs.js dates [COUNT] [SEED] > dates.tsv
// node bench/pairs.js reversal [COUNT] [SEED] > reversal.tsv
//
// dates: a date in one of twelve formats, and the same date as YYYY-MM-DD. reversal: a word of 1 to
// 12 letters, and the word backwards. No pair occurs twice.
import { argv, exit, stderr, stdout } from 'node:process';
import { fileURLToPath } from 'node:url';

/** Numbers in [0, 1) that follow from a seed (mulberry32). */
export function randomFrom(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const MONTHS = 'january february march april may june july august september october november december'.split(' ');
const WEEKDAYS = 'sunday monday tuesday wednesday thursday friday saturday'.split(' ');
const two = (number) => String(number).padStart(2, '0');
const ending = (day) => (day > 3 && day < 21 ? 'th' : (['th', 'st', 'nd', 'rd'][day % 10] ?? 'th'));

/** Twelve ways to write a date. */
const FORMATS = [
  ({ day, name, year }) => `${day}${ending(day)} of ${name}, ${year}`,
  ({ day, name, year }) => `${name} ${day}, ${year}`,
  ({ day, name, year }) => `${day} ${name} ${year}`,
  ({ day, name, year }) => `${name} the ${day}${ending(day)}, ${year}`,
  ({ day, name, year }) => `${day} ${name.slice(0, 3)} ${year}`,
  ({ day, name, year }) => `${name.slice(0, 3)}. ${day}, ${year}`,
  ({ day, month, year }) => `${day}.${month}.${year}`,
  ({ day, month, year }) => `${month}/${day}/${year}`,
  ({ day, month, year }) => `${year}/${two(month)}/${two(day)}`,
  ({ day, name, year }) => `${two(day)}-${name.slice(0, 3)}-${year}`,
  ({ day, name, year, weekday }) => `${weekday}, ${day} ${name} ${year}`,
  ({ day, name, year, weekday }) => `${weekday.slice(0, 3)} ${name} ${day} ${year}`,
];

function datePair(random) {
  const date = new Date(Date.UTC(1900, 0, 1 + Math.floor(random() * 73_000)));
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()];
  const written = FORMATS[Math.floor(random() * FORMATS.length)]({
    year,
    month,
    day,
    name: MONTHS[month - 1],
    weekday: WEEKDAYS[date.getUTCDay()],
  });
  return `${written}\t${year}-${two(month)}-${two(day)}`;
}

function reversalPair(random) {
  const letters = Array.from({ length: 1 + Math.floor(random() * 12) }, () => Math.floor(random() * 26));
  const word = String.fromCharCode(...letters.map((letter) => 97 + letter));
  return `${word}\t${[...word].toReversed().join('')}`;
}

const kinds = { dates: datePair, reversal: reversalPair };

/** `count` different pairs, one a line. */
export function pairs(kind, count, seed = 1) {
  const random = randomFrom(seed);
  const all = new Set();
  while (all.size < count) all.add(kinds[kind](random));
  return `${[...all].join('\n')}\n`;
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  const [kind, count = '20000', seed = '1'] = argv.slice(2);
  if (!Object.hasOwn(kinds, kind ?? '') || !(count > 0)) {
    stderr.write(`usage: node bench/pairs.js ${Object.keys(kinds).join('|')} [COUNT] [SEED]\n`);
    exit(2);
  }
  stdout.write(pairs(kind, Number(count), Number(seed)));
}
