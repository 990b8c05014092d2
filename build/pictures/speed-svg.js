// The speeds of rnn and of other programs, as bars. Pure.
import { networkTold, ratio, speed } from '../../bench/comparison/markdown.js';
import { mediansOf, pairedRatio } from '../../bench/comparison/statistics.js';
import { escaped, picture } from './style.js';

const width = 760;
const edge = 20;
const barLeft = 170;
const barRight = 520;
const row = 22;

/** @param data the raw data of bench/compare.js, from bench/speed.json */
export function speedSvg(data, { title }) {
  const groups = groupsOf(data);
  let y = edge + 12;
  const parts = groups.map((group) => {
    const top = y;
    y += 10 + group.bars.length * row + 24;
    return [
      `<text class="heading" x="${edge}" y="${top}">${escaped(group.title)}</text>`,
      ...group.bars.map((bar, index) => barAt(bar, group, top + 10 + index * row)),
    ].join('\n');
  });
  const notes = [
    'Characters per second: medians of rounds in which the programs alternate. Each group has its own scale.',
    'In parentheses: the speed of rnn divided by the other speed.',
    'H: units per layer, L: layers, N: batch rows, T: time steps.',
    `${data.machine}. ${data.program}, ${data.date}.`,
  ];
  return picture({
    width,
    height: y + notes.length * 18 - 2,
    title,
    style: '.heading, .rnn { font-weight: 600 } .bar { fill: var(--bar) } .bar.own { fill: var(--accent) }',
    body: [
      ...parts,
      ...notes.map((note, index) => `<text class="muted" x="${edge}" y="${y + index * 18}">${escaped(note)}</text>`),
    ].join('\n'),
  });
}

/** Groups of bars: training and sampling with LSTMs, and training with other JavaScript. */
export function groupsOf({ train = [], sample = [], javascript }) {
  const isPlainLstm = ({ network: { cell = 'lstm', embedding = 0 } }) => cell === 'lstm' && embedding === 0;
  return [
    ...train.filter(isPlainLstm).map((each) => groupOf('Train', each)),
    ...(javascript === undefined ? [] : [groupOf('Train', javascript)]),
    ...sample.map((each) => groupOf('Sample', each)),
  ].filter(({ bars }) => bars.length > 1);
}

function groupOf(verb, { network, sides, rounds }) {
  const medians = mediansOf(rounds);
  const bars = sides.map(({ name }, side) => ({
    name,
    isOwn: side === 0,
    speed: medians[side],
    ratio: side === 0 ? null : pairedRatio(rounds, 0, side),
  }));
  return {
    title: `${verb} ${networkTold(network)}`,
    // Settings of rnn are named by variables in backquotes. Sides that failed do not have a speed.
    bars: bars.filter(({ name, speed: figure }) => !name.startsWith('`') && (figure ?? null) !== null),
  };
}

function barAt({ name, isOwn, speed: figure, ratio: times }, { bars }, top) {
  const longest = Math.max(...bars.map((bar) => bar.speed));
  const length = Math.max(1.5, ((barRight - barLeft) * figure) / longest).toFixed(1);
  const told = `${speed(figure)}${times === null ? '' : `  (rnn: ${ratio(times)} ×)`}`;
  return [
    `<text class="${isOwn ? 'rnn' : 'peer'}" x="${barLeft - 10}" y="${top + 14}" text-anchor="end">${escaped(name)}</text>`,
    `<rect class="bar${isOwn ? ' own' : ''}" x="${barLeft}" y="${top + 2}" width="${length}" height="${row - 7}" rx="2"/>`,
    `<text x="${Number(barLeft) + Number(length) + 8}" y="${top + 14}">${escaped(told)}</text>`,
  ].join('');
}
