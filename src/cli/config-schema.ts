// The JSON Schema of configuration files, for editors and other checkers, from the definitions of the options. `npm
// run build:schema` writes it to schema/rnn.json. What `rnn train` refuses is decided by config.ts and the parsers of
// the flags.
import { Command } from 'commander';
import { addTrainFlags } from './commands/train-flags.ts';
import { flagsInFiles } from './config.ts';
import { type Flag, flagsOf } from './flags.ts';
import { rivals } from './rivals.ts';
import type { NumberRange } from './values.ts';

export function configSchema(): object {
  const train = new Command('train');
  addTrainFlags(train);
  const flags = flagsInFiles(flagsOf(train));
  const properties = Object.fromEntries(flags.map((flag) => [flag.key, { description: flag.description, ...typeOf(flag) }]));
  const named = (name: string): Flag => flags.find((flag) => flag.attributeName() === name)!;
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Options of rnn train, for --config',
    type: 'object',
    properties: { $schema: { type: 'string' }, ...properties },
    additionalProperties: false,
    allOf: rivals.flatMap(({ options, hint }) => pairsOf(options.map(named)).map((pair) => ({ not: both(pair), $comment: hint }))),
  };
}

function typeOf({ takes }: Flag): object {
  switch (takes.kind) {
    case 'switch':
      return { type: 'boolean' };
    case 'number':
      return rangeOf(takes.range);
    case 'duration':
      return {
        type: 'string',
        pattern: String.raw`^(?=.*[1-9])(\d+(\.\d+)?d)?(\d+(\.\d+)?h)?(\d+(\.\d+)?m)?(\d+(\.\d+)?s)?$`,
        examples: ['30s', '3m', '1.5h'],
      };
    case 'choice':
      return { enum: takes.choices };
    case 'text':
      return { type: 'string', minLength: 1 };
    case 'list':
      return {
        type: 'array',
        items: takes.choices === undefined ? { type: 'string', minLength: 1 } : { enum: takes.choices },
      };
  }
}

function rangeOf({ whole, least, above, most, below }: NumberRange): object {
  return {
    type: whole ? 'integer' : 'number',
    ...(least === undefined ? {} : { minimum: least }),
    ...(above === undefined ? {} : { exclusiveMinimum: above }),
    ...(most === undefined ? {} : { maximum: most }),
    ...(below === undefined ? {} : { exclusiveMaximum: below }),
  };
}

/** That all are there; switches that are off do not count. */
function both(flags: readonly Flag[]): object {
  const switches = flags.filter(({ takes }) => takes.kind === 'switch').map(({ key }) => [key, { const: true }]);
  return {
    required: flags.map(({ key }) => key),
    ...(switches.length === 0 ? {} : { properties: Object.fromEntries(switches) }),
  };
}

function pairsOf(flags: readonly Flag[]): Flag[][] {
  return flags.flatMap((flag, index) => flags.slice(index + 1).map((other) => [flag, other]));
}
