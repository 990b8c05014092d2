// Values to replace others with, in the notation of a file.
import { below, chance, pick, skewed } from './random.js';
import { list, text } from './tree.js';

/** Numbers at the limits of 8, 16, 31, 32, 53 and 64 bits, and some texts that are not numbers. */
const numbers = [
  '0',
  '-0',
  '1',
  '-1',
  '0.5',
  '1.5',
  '-1.5',
  '2',
  '3',
  '7',
  '63',
  '64',
  '65',
  '255',
  '256',
  '1023',
  '1024',
  '1025',
  '65535',
  '65536',
  '1048575',
  '1048576',
  '1048577',
  '1114113',
  '2147483647',
  '2147483648',
  '4294967295',
  '4294967296',
  '281474976710656',
  '281474976710657',
  '9007199254740991',
  '9007199254740992',
  '18446744073709551616',
  '-2147483648',
  '-9007199254740992',
  '1e15',
  '1e21',
  '1e-7',
  '5e-324',
  '1e-400',
  '1.7976931348623157e308',
  '-1.7976931348623157e308',
  '1e999',
  '-1e999',
  '0.1e1',
  '1E+2',
  'NaN',
  'Infinity',
  '-Infinity',
  '-',
  '+1',
  '.5',
  '5.',
  '01',
  '0x10',
  '1_000',
  '1e',
  '--1',
  '1n',
  '１',
];

/** Keys that every JavaScript object inherits, and some that are merely odd. */
export const oddKeys = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'valueOf',
  'toJSON',
  'hasOwnProperty',
  '__defineGetter__',
  'then',
  'length',
  'name',
  '',
  '0',
  '-1',
  ' ',
  'a'.repeat(256),
  'a'.repeat(257),
  '\u0000',
  '\u001b[2J',
  '\ud800',
  'É',
  'checksum',
  'tensors',
  'sources',
  'known',
  'stdin',
];

/** As written in a file. Some are the same key in disguise. */
export const writtenKeys = [
  '"\\u005f_proto__"',
  '"__proto\\u005f_"',
  '"construct\\u006fr"',
  '1',
  'null',
  '[]',
  '{}',
  'x',
  "'x'",
  '"unclosed',
  '"\\x"',
  '""',
];

const texts = [
  '',
  'x',
  'lstm',
  'gru',
  'rnn',
  'qrnn',
  'adam',
  'sgd',
  'rmsprop',
  'char',
  'byte',
  'auto',
  'off',
  'cpu',
  'gpu:software',
  'max-steps',
  'epochs',
  'null',
  '0',
  '1',
  '../../etc',
  '/etc/passwd',
  '/dev/zero',
  '-',
  'C:\\x',
  '..',
  'lib.so',
  './lib.so',
  ...oddKeys,
  '\u0000\u0001\u007f\u009b',
  '\u2028\ufeff',
  '\udc00\ud800',
  '😀',
  'e\u0301',
  '\n',
  '"checksum"',
  '{"a":1}',
  'x'.repeat(10_000),
  '\u001b]0;x\u0007',
];

export const hostileNumber = (random) => text(pick(random, numbers));
export const hostileText = (random) => text(JSON.stringify(pick(random, texts)));

/** Nested brackets: closed or not, as deep as is permitted, deeper, or far too deep. */
export function deep(random, inner = '1') {
  const depth = pick(random, [1, 2, 61, 62, 63, 64, 65, 66, 1000, 20_000]);
  const [open, close] = pick(random, [
    ['[', ']'],
    ['{"a":', '}'],
    ['[{"__proto__":', '}]'],
  ]);
  const closes = chance(random, 0.8) ? depth : below(random, depth);
  return text(open.repeat(depth) + inner + close.repeat(closes));
}

/** Many small values, or one large. */
export function bulky(random) {
  const count = skewed(random, 5000);
  const unit = pick(random, ['1', '[]', '{}', '"x"', 'null', '1e300', '{"a":1}', '"\\u0000"']);
  if (chance(random, 0.5)) return text(`[${new Array(count).fill(unit).join(',')}]`);
  return text(`{${Array.from({ length: count }, (_, i) => `"k${i}":${unit}`).join(',')}}`);
}

/** Texts that are not JSON at all. */
const junk = [
  'undefined',
  'tru',
  'True',
  "'x'",
  '"',
  '\\',
  ',',
  ':',
  '[',
  '{',
  ']',
  '}',
  '{"a"}',
  '{"a":}',
  '[1,]',
  '[,1]',
  '{,}',
  '/* */1',
  '1 2',
  '""""',
  '"\\u12"',
  '"\n"',
  '\u0000',
  '\ufeff1',
  '',
];

export function hostileValue(random) {
  const kinds = [
    () => hostileNumber(random),
    () => hostileNumber(random),
    () => hostileText(random),
    () =>
      text(
        pick(random, [
          'null',
          'true',
          'false',
          '[]',
          '{}',
          '[[]]',
          '[null]',
          '[{}]',
          '{"toString":1,"valueOf":1}',
          '{"toJSON":null}',
          '{"length":4294967295}',
        ]),
      ),
    () => deep(random),
    () => bulky(random),
    () => text(pick(random, junk)),
    () => list([hostileNumber(random), hostileText(random), hostileNumber(random)]),
  ];
  return pick(random, kinds)();
}
