// The options that choose a token from logits, and the kind of a length without end. Pages of models
// contain this file, so it imports only kinds.
import { type Kind, number } from './kind.ts';
import type { Options } from './option.ts';
import { badValue } from './values.ts';

const constant = number({ min: 0 });
const EXPECTED = 'a number of at least 0, or two such as 0.3..1.2';

/** A temperature, or the temperatures at the beginning and at the end of a text. */
export type Temperature = number | readonly [number, number];

/** A number, or two numbers with `..` between them. */
export const temperatureKind: Kind<Temperature> = {
  ...constant,
  expected: () => EXPECTED,
  schema: {
    anyOf: [constant.schema, { type: 'array', items: constant.schema, minItems: 2, maxItems: 2 }],
  },
  holds: (value): value is Temperature =>
    Array.isArray(value) ? value.length === 2 && value.every((each) => constant.holds(each)) : constant.holds(value),
  parse: (option, text) => {
    const parts = text.split('..');
    if (parts.length > 2) throw badValue(option, text, EXPECTED);
    try {
      const [first, last] = parts.map((part) => constant.parse(option, part));
      return parts.length === 1 ? first : [first, last];
    } catch {
      throw badValue(option, text, EXPECTED);
    }
  },
};

const counted = number({ whole: true, min: 1 });

/** A number of characters. A text `inf` or `0` is Infinity. */
export const lengthKind: Kind<number> = {
  ...counted,
  expected: (value) => `${counted.expected(value)}, or inf`,
  schema: { anyOf: [{ const: 0 }, counted.schema] },
  holds: (value): value is number => value === Infinity || counted.holds(value),
  parse: (option, text) => {
    if (['0', 'inf', 'infinity'].includes(text.toLowerCase())) return Infinity;
    try {
      return counted.parse(option, text);
    } catch {
      throw badValue(option, text, lengthKind.expected());
    }
  },
};

/** From logits to a token. */
export const filterOptions = {
  temperature: {
    kind: temperatureKind,
    key: 'temp',
    aliases: ['temperature'],
    help: 'Set the sampling temperature. 0.5 to 0.8 is less random, 0 is greedy, and 0.3..1.2 rises along the text',
    default: 1,
    variableAppliesToAllCommands: true,
    isCommon: true,
  },
  topK: {
    kind: number({ whole: true, min: 1 }),
    help: 'Choose among the k likeliest characters. Try 10 to 40',
    variableAppliesToAllCommands: true,
    isCommon: true,
  },
  topP: {
    kind: number({ above: 0, max: 1 }),
    help: 'Choose among the likeliest characters whose probabilities sum to x. Try 0.9 to 0.95',
    variableAppliesToAllCommands: true,
    isCommon: true,
  },
  minP: {
    kind: number({ min: 0, max: 1 }),
    help: 'Choose among characters at least x times as likely as the likeliest. Try 0.05',
    variableAppliesToAllCommands: true,
  },
} as const satisfies Options;
