// The kinds of two options of sampling: a temperature that may change, and a length without end.
import { type Kind, number } from './kind.ts';
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
