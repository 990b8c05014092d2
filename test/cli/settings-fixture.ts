// Shared by the tests of where options come from: a text, a file of options, and `rnn train` with
// both.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect } from 'vitest';
import { type Ran, rnn } from './helpers.ts';
import { type Calls, doubled, useEstimate } from './doubles.ts';

export const folder = mkdtempSync(join(tmpdir(), 'rnn-settings-'));
export const text = join(folder, 'text.txt');
export const config = join(folder, 'rnn.json');
writeFileSync(text, 'to be or not to be, that is the question. '.repeat(600));
afterAll(() => rmSync(folder, { recursive: true }));

export const writeConfig = (options: unknown): void =>
  writeFileSync(config, typeof options === 'string' ? options : JSON.stringify(options));
beforeEach(() => writeConfig({}));

export interface Given {
  readonly argv?: readonly string[];
  readonly env?: Record<string, string>;
  readonly file?: unknown;
}

/** The settings that `rnn train` passes on, with doubles for the rest of the program. */
export async function train({ argv = [], env = {}, file = {} }: Given): Promise<Ran & { readonly calls: Calls }> {
  writeConfig(file);
  return doubled(['train', 'hamlet.txt', '--config', config, ...argv], { env });
}

/** The sources of options that the real `rnn train --dry-run` prints, by flag without dashes. */
export async function origins({
  argv = [],
  env = {},
  file = {},
}: Given): Promise<{ origins: Record<string, string>; options: Record<string, unknown>; config: object }> {
  writeConfig(file);
  useEstimate();
  const { code, stdout, stderr } = await rnn(['train', text, '--config', config, '--dry-run', '--json', ...argv], {
    env,
  });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as never;
}
