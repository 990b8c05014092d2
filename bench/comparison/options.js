// The options of the comparison.
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from './processes.js';

const sizes = {
  'H128-L2-N50-T50': { hidden: 128, layers: 2, batch: 50, seq: 50 },
  'H256-L2-N64-T64': { hidden: 256, layers: 2, batch: 64, seq: 64 },
  'H512-L3-N64-T64': { hidden: 512, layers: 3, batch: 64, seq: 64 },
  'H512-L3-N256-T128': { hidden: 512, layers: 3, batch: 256, seq: 128 },
};
const usual = Object.keys(sizes).slice(0, 3);
const parts = ['train', 'sample', 'javascript', 'start'];
const ROUNDS = 3;
const cells = ['lstm', 'gru', 'rnn'];

/**
 * The default is a run of about an hour with all peers, longer on many cores. --quick takes two or
 * three minutes.
 */
export function readOptions(args) {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      only: { type: 'string' },
      configurations: { type: 'string' },
      cells: { type: 'string' },
      corpus: { type: 'string' },
      device: { type: 'string', default: 'cpu' },
      'peer-device': { type: 'string', default: 'cpu' },
      python: { type: 'string', multiple: true },
      write: { type: 'string' },
      'no-write': { type: 'boolean', default: false },
    },
  });
  const { quick } = values;
  const rounds = positive('--rounds', values.rounds ?? (quick ? '1' : String(ROUNDS)));
  const isWhole =
    !quick &&
    rounds >= ROUNDS &&
    ['only', 'configurations', 'cells', 'corpus'].every((name) => values[name] === undefined);
  return {
    quick,
    rounds,
    repeats: quick ? 0 : 2,
    parts: listOf('--only', values.only ?? parts.join(), parts),
    configurations: listOf(
      '--configurations',
      values.configurations ?? (quick ? usual[0] : usual.join()),
      Object.keys(sizes),
    ).map((name) => sizes[name]),
    cells: listOf('--cells', values.cells ?? (quick ? cells[0] : cells.join()), cells),
    corpus: values.corpus ?? null,
    device: values.device,
    peerDevice: values['peer-device'],
    /** The Pythons that have the peers. None: those that bench/comparison/python.js tries. */
    pythons: values.python ?? [],
    /** A part of the whole, or another text, replaces a page only if --write names it. */
    write: values['no-write']
      ? null
      : fileToWrite(values.write, isWhole ? usualPage(values.device, values['peer-device']) : null),
    /** Whether --write names the page. */
    isWriteNamed: values.write !== undefined,
  };
}

function fileToWrite(named, page) {
  if (named !== undefined) return resolve(named);
  return page === null ? null : join(root, 'bench', page);
}

/** The page of the devices, or null if they have none, such as a GPU in software. */
function usualPage(device, peerDevice) {
  if (device === 'gpu') return 'RESULTS-gpu.md';
  return device === 'cpu' && peerDevice === 'cpu' ? 'RESULTS.md' : null;
}

function listOf(flag, value, choices) {
  const names = value.split(',').map((name) => name.trim().replaceAll(' ', '-'));
  const unknown = names.find((name) => !choices.includes(name));
  if (unknown !== undefined)
    throw new Error(`${flag} ${unknown}: one or more of ${choices.join(', ')}, separated by commas`);
  return names;
}

function positive(flag, value) {
  if (!/^[1-9]\d*$/.test(value)) throw new Error(`${flag} ${value}: a whole number above 0`);
  return Number(value);
}
