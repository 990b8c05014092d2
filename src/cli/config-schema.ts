// The JSON Schema of configuration files, for editors and other checkers, from the definitions of
// the options. `npm run build:schema` writes it to schema/rnn.json. What `rnn train` refuses is
// decided by config.ts and the parsers of the flags.
import { Command } from 'commander';
import { exclusive } from '../options/run.ts';
import { addTrainFlags } from './commands/train-flags.ts';
import { flagsInFiles } from './config.ts';
import { type Flag, flagsOf } from './flags.ts';

export function configSchema(): object {
  const train = new Command('train');
  addTrainFlags(train);
  const flags = flagsInFiles(flagsOf(train));
  const properties = Object.fromEntries(
    flags.map((flag) => [
      flag.key,
      { description: flag.description, ...flag.kind.schema, ...(flag.hidden && { deprecated: true }) },
    ]),
  );
  const named = (name: string): Flag => flags.find((flag) => flag.option === name)!;
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Options of rnn train, for --config',
    type: 'object',
    properties: { $schema: { type: 'string' }, ...properties },
    additionalProperties: false,
    allOf: exclusive.flatMap(({ options, hint }) =>
      pairsOf(options.map(named)).map((pair) => ({ not: both(pair), $comment: hint })),
    ),
  };
}

/** That all are there; switches that are off do not count. */
function both(flags: readonly Flag[]): object {
  const switches = flags.filter(({ kind }) => kind.name === 'switch').map(({ key }) => [key, { const: true }]);
  return {
    required: flags.map(({ key }) => key),
    ...(switches.length === 0 ? {} : { properties: Object.fromEntries(switches) }),
  };
}

function pairsOf(flags: readonly Flag[]): Flag[][] {
  return flags.flatMap((flag, index) => flags.slice(index + 1).map((other) => [flag, other]));
}
