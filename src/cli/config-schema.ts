// Makes the JSON Schema of configuration files from the definitions of the options, for editors and
// other checkers. `npm run build:schema` writes it to schema/rnn.json. `rnn train` itself checks a
// file with config.ts and the parsers of the flags.
import { exclusive } from '../options/run.ts';
import { trainParser } from './commands/train.ts';
import { flagsInFiles, namesInFiles } from './config.ts';
import { type Flag, flagsOf } from './flags.ts';

/** The JSON Schema of a configuration file. */
export function configSchema(): object {
  const flags = flagsInFiles(flagsOf(trainParser()));
  const properties = Object.fromEntries(
    flags.flatMap((flag) => {
      const schema = { description: flag.description, ...flag.kind.schema, ...(flag.hidden && { deprecated: true }) };
      return namesInFiles(flag).map((name) => [name, schema]);
    }),
  );
  /**
   * Requires that a file has the option, under any of its names, and not as a switch that is off.
   */
  const has = (option: string): object => ({
    anyOf: flags
      .filter((flag) => flag.option === option)
      .flatMap((flag) => namesInFiles(flag).map((name) => hasMember(name, flag))),
  });
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Options of rnn train, for --config',
    type: 'object',
    properties: { $schema: { type: 'string' }, ...properties },
    additionalProperties: false,
    allOf: exclusive.flatMap(({ options, hint }) =>
      pairsOf(options).map((pair) => ({ not: { allOf: pair.map(has) }, $comment: hint })),
    ),
  };
}

const hasMember = (name: string, { kind }: Flag): object => ({
  required: [name],
  ...(kind.name === 'switch' && { properties: { [name]: { const: true } } }),
});

const pairsOf = (names: readonly string[]): string[][] =>
  names.flatMap((name, index) => names.slice(index + 1).map((other) => [name, other]));
