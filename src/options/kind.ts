// The kinds of option values. A kind checks a value, parses a text, describes itself in an error
// and has a JSON Schema. Knows nothing of single options.
import { unescape } from './escapes.ts';
import {
  type NumberRange,
  badValue,
  describeRange,
  inRange,
  limitBelow,
  parseChoice,
  parseDuration,
  parseNumber,
  parseText,
} from './values.ts';

/** The form of a value, by which callers distinguish kinds. */
export type KindName = 'switch' | 'number' | 'duration' | 'choice' | 'text' | 'list';

/** The allowed values of something. */
export interface Rule {
  /** The end of an error: `OPTION is X: expected …`. */
  expected(value?: unknown): string;
  holds(value: unknown): boolean;
}

/** Makes a rule with a fixed description, the end of "X is Y: expected …". */
export const rule = (words: string, holds: Rule['holds']): Rule => ({ expected: () => words, holds });

/** A kind of value, which checks values of type `Value` and parses them from text. */
export interface Kind<Value = unknown> extends Rule {
  readonly name: KindName;
  /** The values of a choice or a list of choices, else empty. */
  readonly choices: readonly string[];
  /** Whether a number must be whole. */
  readonly isWhole?: boolean;
  /** A JSON Schema of the value in a configuration file. */
  readonly schema: object;
  holds(value: unknown): value is Value;
  /**
   * @param option the name of the option in errors
   * @param earlier the previous value of a list
   * @throws RnnError `usage` for a text that is not a value of this kind
   */
  parse(option: string, text: string, earlier?: unknown): Value;
}

/** The value of an option of this kind. */
export type ValueOf<Of> = Of extends Kind<infer Value> ? Value : never;

/** A switch. A text is 1, true, yes or on, or the opposite, in any case. */
export const onOff: Kind<boolean> = {
  name: 'switch',
  expected: () => 'true or false',
  choices: [],
  schema: { type: 'boolean' },
  holds: (value) => typeof value === 'boolean',
  parse: (option, text) => {
    if (['1', 'true', 'yes', 'on'].includes(text.toLowerCase())) return true;
    if (['0', 'false', 'no', 'off'].includes(text.toLowerCase())) return false;
    throw badValue(option, text, '1 or 0');
  },
};

/** A decimal number in a range. */
export function number(range: NumberRange = {}): Kind<number> {
  const { whole, min, above, max, below, orZero } = range;
  const schema = {
    type: whole ? 'integer' : 'number',
    ...(min === undefined ? {} : { minimum: min }),
    ...(above === undefined ? {} : { exclusiveMinimum: above }),
    ...(max === undefined ? {} : { maximum: max }),
    ...(below === undefined ? {} : { exclusiveMaximum: below }),
  };
  return {
    name: 'number',
    isWhole: whole === true,
    expected: (value) => describeRange(range, typeof value === 'number' ? limitBelow(value, whole) : undefined),
    choices: [],
    schema: orZero ? { anyOf: [{ const: 0 }, schema] } : schema,
    holds: (value): value is number => typeof value === 'number' && inRange(value, range),
    parse: (option, text) => parseNumber(option, text, range),
  };
}

/** A whole number from `min` to `max`, both inclusive. */
export const wholeNumber = (min: number, max?: number): Kind<number> =>
  number({ whole: true, min, ...(max === undefined ? {} : { max }) });

/** Milliseconds. A text gives the number of seconds. */
export const seconds: Kind<number> = {
  ...number({ above: 0 }),
  parse: (option, text) => 1000 * parseNumber(option, text, { above: 0 }),
};

/** Milliseconds. */
export const duration: Kind<number> = {
  name: 'duration',
  expected: () => 'a number of milliseconds above 0',
  choices: [],
  schema: {
    type: 'string',
    pattern: String.raw`^(?=.*[1-9])(\d+(\.\d+)?d)?(\d+(\.\d+)?h)?(\d+(\.\d+)?m)?(\d+(\.\d+)?s)?$`,
    examples: ['30s', '3m', '1.5h'],
  },
  holds: (value): value is number => typeof value === 'number' && Number.isFinite(value) && value > 0,
  parse: parseDuration,
};

/** @param aliases other names of choices, for texts */
export const choice = <const Choice extends string>(
  choices: readonly Choice[],
  aliases: Readonly<Record<string, NoInfer<Choice>>> = {},
): Kind<Choice> => ({
  name: 'choice',
  expected: () => `one of ${choices.join(', ')}`,
  choices,
  schema: { enum: [...choices, ...Object.keys(aliases)] },
  holds: (value): value is Choice => choices.includes(value as Choice),
  parse: (option, given) => parseChoice(option, given, choices, aliases),
});

/** `adam, rmsprop or sgd`, for a help text. */
export const orList = (words: readonly string[]): string =>
  words.length === 1 ? words[0] : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;

/** @param expected the texts that `holds` accepts, if not every text */
export const text = (expected = 'some text', holds: (value: string) => boolean = () => true): Kind<string> => ({
  name: 'text',
  expected: () => expected,
  choices: [],
  schema: { type: 'string', minLength: 1 },
  holds: (value): value is string => typeof value === 'string' && holds(value),
  parse: (option, given) => {
    if (!holds(parseText(option, given))) throw badValue(option, given, expected);
    return given;
  },
});

/** A text in which escapes such as `\t` work on the command line. */
export const textWithEscapes = (expected: string): Kind<string> => {
  const kind = text(expected);
  return { ...kind, parse: (option, given) => unescape(kind.parse(option, given), 'char') };
};

/** A text that may be empty. */
export const anyText: Kind<string> = {
  ...text('a text'),
  schema: { type: 'string' },
  parse: (_option, given) => given,
};

/** A list of texts or choices. On the command line, the option is repeated. */
export function list<Choice extends string = string>(choices: readonly Choice[] = []): Kind<readonly Choice[]> {
  const item: Kind<string> = choices.length === 0 ? text() : choice(choices);
  return {
    name: 'list',
    expected: () => (choices.length === 0 ? 'a list of texts' : `a list of ${choices.join(', ')}`),
    choices,
    schema: { type: 'array', items: item.schema },
    holds: (value): value is Choice[] => Array.isArray(value) && value.every((each) => item.holds(each)),
    parse: (option, given, earlier) => [...((earlier ?? []) as readonly Choice[]), item.parse(option, given) as Choice],
  };
}

/** A value that may also be null. No text is parsed as null. */
export const orNull = <Value>(kind: Kind<Value>): Kind<Value | null> => ({
  ...kind,
  expected: (value) => `${kind.expected(value)}, or null`,
  holds: (value): value is Value | null => value === null || kind.holds(value),
});
