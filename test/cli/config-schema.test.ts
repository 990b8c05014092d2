import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, it } from 'vitest';
import { configSchema } from '../../src/cli/config-schema.ts';

interface Schema {
  readonly properties: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

it('schema/rnn.json matches the options of rnn train (npm run build:schema writes it)', () => {
  expect(JSON.parse(readFileSync(resolve(import.meta.dirname, '../../schema/rnn.json'), 'utf8'))).toEqual(
    JSON.parse(JSON.stringify(configSchema())),
  );
});

it('has every option of training, with its type and range, and no option of the command line only', () => {
  const { properties } = configSchema() as Schema;
  expect(properties).toMatchObject({
    hidden: { type: 'integer', minimum: 1 },
    lr: { type: 'number', exclusiveMinimum: 0, maximum: 1000 },
    'validation-fraction': { type: 'number', minimum: 0, exclusiveMaximum: 1 },
    optimizer: { enum: ['adam', 'rmsprop', 'adagrad', 'sgd', 'adamw'] },
    batchSize: { type: 'integer', minimum: 1 },
    tied: { type: 'boolean' },
    include: { type: 'array', items: { type: 'string' } },
    threads: { type: 'integer' },
    out: { type: 'string' },
  });
  for (const name of ['config', 'debug', 'color', 'no-color', 'no-tied']) expect(properties).not.toHaveProperty(name);
});

it('accepts the durations that the command line accepts', () => {
  const pattern = new RegExp((configSchema() as Schema).properties.budget.pattern as string);
  expect(['30s', '3m', '1.5h', '1h30m', '2d', '0.5s'].filter((text) => !pattern.test(text))).toEqual([]);
  expect(['', '30', '0s', '0h0m', '1m1h', '-3m', '3 m'].filter((text) => pattern.test(text))).toEqual([]);
});
