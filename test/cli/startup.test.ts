import { readFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { commands } from '../../src/cli/commands.ts';

/**
 * Every file that an import of `file` loads at once: its imports of values, and their imports.
 * Without imports inside functions.
 */
function loadedBy(file: string, found = new Set<string>()): Set<string> {
  if (found.has(file)) return found;
  found.add(file);
  const source = readFileSync(file, 'utf8');
  for (const [, names, path] of source.matchAll(/^(?:import|export) (?!type\b)([^;]*?)from '(\.[^']+)';$/gm)) {
    const onlyTypes = /^\{(?:\s*type [^,}]+,?)+\s*\}\s*$/.test(names);
    if (!onlyTypes) loadedBy(resolve(dirname(file), path), found);
  }
  return found;
}

const root = resolve(import.meta.dirname, '../..');
const loaded = [...loadedBy(resolve(root, 'src/cli/start.ts'))].map((file) => relative(root, file));

it('rnn --help loads only the modules that describe the command line, so that it answers immediately', () => {
  expect(loaded).toContain('src/cli/main.ts');
  expect(loaded).toContain('src/errors.ts');
  const shared = [
    ...['common', 'escapes', 'kind', 'option', 'retired', 'suggest', 'values'].map((name) => `src/options/${name}.ts`),
    'src/errors.ts',
    'src/group.ts',
    'src/shell-word.ts',
  ];
  expect(loaded.filter((file) => !file.startsWith('src/cli/') && !shared.includes(file))).toEqual([]);
  expect(loaded.filter((file) => /commands\/|progress/.test(file))).toEqual([]);
});

it('rnn --help loads neither files nor the environment of options', () => {
  expect(loaded).not.toContain('src/cli/settings.ts');
});

it('the commands load the rest of the program only when they run', () => {
  const loadedByAll = commands.flatMap(({ name }) => [...loadedBy(resolve(root, `src/cli/commands/${name}.ts`))]);
  const outside = new Set(
    loadedByAll
      .map((file) => relative(root, file))
      .filter((file) => !file.startsWith('src/cli/') && file !== 'src/errors.ts'),
  );
  // Files of a few lines, and the lists of cells, presets and options for the help of rnn train.
  const named = [
    'src/files/cleanup.ts',
    'src/files/join-path.ts',
    'src/corpus/standard-input.ts',
    'src/group.ts',
    'src/shell-word.ts',
    'src/evaluation/scored-text.ts',
    'src/insight/finding.ts',
    'src/insight/saturation.ts',
    'src/model/normalise.ts',
    'src/model/configuration.ts',
    'src/count.ts',
    'src/median.ts',
    'src/runs/log-file.ts',
    'src/random.ts',
  ];
  expect([...outside].filter((file) => !/^src\/(model\/cells|options)\//.test(file) && !named.includes(file))).toEqual(
    [],
  );
});

it('the help of a command does not load the tables of topics', () => {
  const loadedByTrain = [...loadedBy(resolve(root, 'src/cli/commands/train.ts'))].map((file) => relative(root, file));
  expect(loadedByTrain).toContain('src/cli/help/parts.ts');
  const ofTables = /^src\/(cli\/topics\/|options\/presets|training\/schedules)/;
  expect([...loaded, ...loadedByTrain].filter((file) => ofTables.test(file))).toEqual([]);
});
