// Mutations that use the format of checkpoints: tensors whose shape, data and name contradict each
// other, and claims that are made in several places at once, so that no simple comparison finds
// them. Each changes a tree in place and describes the change.
import { below, chance, pick, skewed } from './random.js';
import { copyOf, put, slotAt, text, treeOf, valueOf } from './tree.js';
import { hostileNumber, oddKeys } from './values.js';

const nothing = 'found nothing to change';

/** One of the tensors of one of the lists. */
function tensorIn(root, random) {
  const path = pick(random, [['tensors'], ['tensors'], ['state'], ['optimizer', 'tensors']]);
  const slots = slotAt(root, ...path)?.node.slots;
  if (!slots?.length) return null;
  const index = below(random, slots.length);
  const member = (key) => slotAt(slots[index].node, key);
  if (typeof valueOf(member('data')?.node ?? {}) !== 'string') return null;
  return { path: `${path.join('.')}[${index}]`, slots, index, member };
}

function shape(root, random) {
  const tensor = tensorIn(root, random);
  const dimensions = tensor?.member('shape')?.node.slots?.map((slot) => valueOf(slot.node));
  if (!dimensions) return nothing;
  const size = dimensions.reduce((product, length) => product * length, 1);
  const after = pick(random, [
    [],
    [size],
    [1, size],
    [...dimensions, 1],
    [1, ...dimensions],
    dimensions.toReversed(),
    [size, size],
    dimensions.map((length) => length + 1),
    dimensions.map((length) => length - 1),
    [0],
    [-1, -size],
    [size / 2, 2],
    [2 ** 31 - 1],
    [2 ** 31 - 1, 2 ** 31 - 1],
    new Array(8).fill(2 ** 31 - 1),
    new Array(9).fill(1),
    [2 ** 31],
    [65_536, 65_536],
    [2 ** 30, 4],
    [2 ** 32, 2 ** 32],
    [1e308, 10],
    [size, 1.5],
    [`${size}`],
    [[size]],
    size,
    null,
  ]);
  put(tensor.slots[tensor.index].node, ['shape'], after);
  return `${tensor.path}.shape is ${JSON.stringify(after)}`;
}

const bits = [
  0x7fc00000, 0x7f800000, 0xff800000, 0x7f7fffff, 0xff7fffff, 0x00000001, 0x80000000, 0xffffffff, 0x7f800001,
];

function numbers(root, random) {
  const tensor = tensorIn(root, random);
  if (tensor === null) return nothing;
  const bytes = Buffer.from(valueOf(tensor.member('data').node), 'base64');
  const count = bytes.length >>> 2;
  if (count === 0) return nothing;
  const word = pick(random, bits);
  const times = chance(random, 0.5) ? 1 : skewed(random, count + 1);
  for (let i = 0; i < times; i++) bytes.writeUInt32LE(word, 4 * below(random, count));
  tensor.member('data').node = text(JSON.stringify(bytes.toString('base64')));
  return `${times} numbers of ${tensor.path} have the bits ${word.toString(16)}`;
}

function base64(root, random) {
  const tensor = tensorIn(root, random);
  if (tensor === null) return nothing;
  const before = valueOf(tensor.member('data').node);
  const at = below(random, before.length + 1);
  const odd = pick(random, [
    '*',
    ' ',
    '\n',
    '-',
    '_',
    '=',
    '==',
    '\\u0041',
    '\\/',
    '\u0000',
    'é',
    'AAAA',
    'A',
    '"',
    '\\',
    '\\"',
    '',
  ]);
  const after = pick(random, [
    before.slice(0, at) + odd + before.slice(at + 1),
    before.slice(0, at) + odd + before.slice(at),
    before.slice(0, at),
    before.slice(4),
    `${before}AAAA`,
    `${before}=`,
    before.replace(/=+$/, ''),
    before + before,
    '',
    before.replaceAll('+', '-').replaceAll('/', '_'),
    '='.repeat(before.length),
    'A'.repeat(before.length),
    '/'.repeat(before.length),
    `${'A'.repeat(Math.max(0, before.length - 2))}==`,
    `${'A'.repeat(Math.max(0, before.length - 1))}=`,
  ]);
  tensor.member('data').node = text(`"${after}"`);
  return `${tensor.path}.data is other base64, or none`;
}

function names(root, random) {
  const tensor = tensorIn(root, random);
  if (tensor === null) return nothing;
  const other = pick(random, tensor.slots).node;
  const name = pick(random, [
    valueOf(slotAt(other, 'name')?.node ?? {}) ?? 'x',
    '../../x',
    '/etc/passwd',
    'a/b\\c',
    '',
    'layer0.h',
    'head.W',
    ...oddKeys,
  ]);
  put(tensor.slots[tensor.index].node, ['name'], name);
  return `${tensor.path}.name is ${JSON.stringify(String(name).slice(0, 40))}`;
}

function lists(root, random) {
  const tensor = tensorIn(root, random);
  if (tensor === null) return nothing;
  const { slots, index, path } = tensor;
  const copy = { node: copyOf(slots[index].node) };
  const ways = {
    'is left out': () => slots.splice(index, 1),
    'is there once more, under another name': () => {
      put(copy.node, ['name'], `again ${below(random, 1000)}`);
      slots.splice(below(random, slots.length + 1), 0, copy);
    },
    'has its members in another order': () => (slots[index].node.slots = slots[index].node.slots.toReversed()),
    'has the data of another': () => {
      const data = slotAt(pick(random, slots).node, 'data');
      if (data)
        slots[index].node.slots = slots[index].node.slots.map((slot) =>
          slot.key === 'data' ? { ...slot, node: copyOf(data.node) } : slot,
        );
    },
    'is of other numbers': () =>
      put(slots[index].node, ['dtype'], pick(random, ['float16', 'float64', 'F32', '', null, 32])),
  };
  const way = pick(random, Object.keys(ways));
  ways[way]();
  return `${path} ${way}`;
}

/** A wrong size of the model, in the model alone or in the options, too. */
function sizes(root, random) {
  const [member, most] = pick(random, [
    ['layers', 1024],
    ['hidden', 1_048_576],
    ['embedding', 1_048_576],
    ['vocabulary', 1_114_113],
  ]);
  const value = pick(random, [0, 1, 2, 3, 4, 8, 1000, most, most + 1, most - 1, skewed(random, most)]);
  put(root, ['model', member], value);
  if (chance(random, 0.7)) put(root, ['training', 'options', member], value);
  return `model.${member} is ${value}`;
}

/** Another cell, level or optimizer, as if it had always been so. */
function kinds(root, random) {
  const ways = {
    cell: () => {
      const cell = pick(random, ['lstm', 'gru', 'rnn', 'rnn-relu']);
      put(root, ['model', 'cell'], cell);
      put(root, ['training', 'options', 'cell'], cell);
      if (chance(random, 0.8)) put(root, ['model', 'conventions'], {});
    },
    optimizer: () => {
      const name = pick(random, ['adam', 'rmsprop', 'sgd', 'lion']);
      put(root, ['optimizer', 'name'], name);
      if (chance(random, 0.5)) put(root, ['training', 'options', 'optimizer'], name);
    },
    unit: () => put(root, ['vocabulary', 'unit'], pick(random, ['byte', 'char'])),
    unknown: () => put(root, ['vocabulary', 'unknown'], below(random, 30)),
    'state is empty': () => put(root, ['state'], []),
    'no optimizer': () => put(root, ['optimizer'], null),
  };
  const way = pick(random, Object.keys(ways));
  ways[way]();
  return `another ${way}`;
}

/** As many tokens as the model has outputs, but other tokens. */
function symbols(root, random) {
  const slots = slotAt(root, 'vocabulary', 'symbols')?.node.slots;
  if (!slots?.length) return nothing;
  const slot = pick(random, slots);
  const symbol = pick(random, [
    '\u0000',
    '\u001b',
    '\ud800',
    '\udfff',
    '\ufffd',
    '\ufeff',
    '😀',
    '  ',
    'ab',
    '',
    'e\u0301',
    '\u{10ffff}',
    'ff',
    '00',
    'A',
    'x'.repeat(5000),
  ]);
  slot.node = treeOf(symbol);
  return `a symbol is ${JSON.stringify(symbol.slice(0, 10))}`;
}

/** The data that the run needs to continue. */
const settings = [
  ...['/dev/zero', '-', '../../../etc/passwd', ''].map((file) => [['training', 'reading', 'validationFile'], file]),
  ...['/dev/zero', '-', '../../../etc/passwd', ''].map((file) => [['training', 'reading', 'testFile'], file]),
  ...['lib.so', '', 'auto', 'wasm', 'AVX512', 3].map((kernels) => [['training', 'machine', 'kernels'], kernels]),
  ...['gpu', 'auto', 'reference', 'x', '__proto__', 'constructor'].map((device) => [
    ['training', 'machine', 'device'],
    device,
  ]),
  ...[1, 1000, 2 ** 31, 2 ** 48].map((threads) => [['training', 'machine', 'threads'], threads]),
  ...[['*'], ['../**'], ['{a,b}'.repeat(20)], [`${'+('.repeat(20)}a${')'.repeat(20)}`]].map((patterns) => [
    ['training', 'reading', 'include'],
    patterns,
  ]),
  ...['epochs', 'maxSteps', 'budgetMs'].flatMap((length) =>
    [null, 1, 1e300, 5e-324].map((value) => [['training', 'options', length], value]),
  ),
  ...[
    'batchSize',
    'sequenceLength',
    'evaluationStreams',
    'sampleLength',
    'seed',
    'keep',
    'maxRecoveries',
    'patience',
    'evaluateEvery',
    'validationCharacters',
  ].flatMap((option) =>
    [1, 100, 2 ** 20, 2 ** 31, 2 ** 53 - 1].map((value) => [['training', 'options', option], value]),
  ),
  ...[2 ** 48, 2 ** 48 - 1, 2 ** 53 - 1, 1e300].flatMap((value) =>
    [
      ['training', 'step'],
      ['training', 'epoch'],
      ['training', 'position', 'epoch'],
      ['training', 'position', 'window'],
      ['optimizer', 'scalars', 'step'],
      ['training', 'loop', 'totalSteps'],
    ].map((path) => [path, value]),
  ),
  ...[{ toString: 1, valueOf: 1 }, { toJSON: 1 }, [], null, 7].map((device) => [['training', 'device'], device]),
  ...['max-steps', 'patience', 'signal', '', null].map((reason) => [['training', 'loop', 'finished'], reason]),
];

function setting(root, random) {
  const [path, value] = pick(random, settings);
  const slot = slotAt(root, ...path);
  if (slot === undefined) return nothing;
  slot.node = chance(random, 0.2) ? hostileNumber(random) : treeOf(value);
  return `${path.join('.')} is ${slot.node.text ?? JSON.stringify(value)}`;
}

export const lies = { shape, numbers, base64, names, lists, sizes, kinds, symbols, setting };
