// Checks pages against the program: every command in their text and their blocks has to parse, and
// every option has to exist. docs/links.test.ts checks links, and docs.test.ts runs the commands in blocks.
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { commands } from '../src/cli/commands.ts';
import { knownVariables } from '../src/cli/settings.ts';
import { corpusName } from '../src/corpus/read.ts';
import { presets } from '../src/options/presets.ts';
import { pages as shownPages } from './docs/pages.ts';
import { rnn } from './cli/helpers.ts';

const root = resolve(import.meta.dirname, '..');
const read = (name: string): string => readFileSync(join(root, name), 'utf8');
const readme = read('README.md');
const isBuilt = existsSync(join(root, 'dist/cli/start.js'));
// Starting a process may take long where many tests share few cores.
const patience = 60_000;

/** The commands in blocks marked as shell, one list per block. */
function shellBlocks(page: string): string[][] {
  return [...page.matchAll(/^```sh\n([\s\S]*?)^```/gm)].map(([, block]) =>
    block
      .trim()
      .split('\n')
      .filter((line) => !line.startsWith('#')),
  );
}

/**
 * The words of every `rnn …` in a line of shell, unquoted. Knows quotes, pipes, &&, variables
 * before a command and >file only.
 */
function programCalls(line: string): string[][] {
  const words = [...line.matchAll(/'[^']*'|"[^"]*"|&&|[|;]|[^\s|;&'"]+/g)].map(([word]) => word);
  const commands: string[][] = [[]];
  for (const word of words) {
    if (['&&', '|', ';'].includes(word)) commands.push([]);
    else commands.at(-1)!.push(word.replace(/^(['"])(.*)\1$/, '$2'));
  }
  for (const words of commands) while (/^[A-Z_]+=/.test(words[0] ?? '')) words.shift();
  return commands.filter(([name]) => name === 'rnn').map(([, ...args]) => args.filter((word) => !word.startsWith('>')));
}

/**
 * Commands in running text, between backticks. Text with <placeholders> or [options] describes a
 * form and is not a command.
 */
function inlineCommands(page: string): string[] {
  return [...page.replace(/^```[\s\S]*?^```/gm, '').matchAll(/`(rnn [^`]+)`/g)]
    .map(([, command]) => command)
    .filter((command) => !/[<[]/.test(command));
}

it('README and guide can be typed in one folder, one after the other: no run is trained in the folder of another', () => {
  const folders = ['README.md', 'docs/guide.md']
    .flatMap((page) => shellBlocks(read(page)).flat().flatMap(programCalls))
    .filter(
      ([name, ...words]) =>
        name === 'train' && !['--resume', '--force', '--dry-run'].some((word) => words.includes(word)),
    )
    .map(([, corpus, ...words]) =>
      words.includes('--out') ? words[words.indexOf('--out') + 1] : `checkpoints/${corpusName(corpus)}`,
    );
  expect(folders.length).toBeGreaterThan(5);
  expect(folders.filter((folder, index) => folders.indexOf(folder) < index)).toEqual([]);
});

describe('every command in a page exists', () => {
  // The file that docs/configuration.md shows, for all commands that are given one.
  const shownFile = join(mkdtempSync(join(tmpdir(), 'rnn-shown-')), 'rnn.json');
  writeFileSync(shownFile, /^```json\n([\s\S]*?)^```/m.exec(read('docs/configuration.md'))![1]);
  afterAll(() => rmSync(dirname(shownFile), { recursive: true }));

  const pages = shownPages.map(({ name }) => name);
  const inBlocks = pages.flatMap((name) =>
    shellBlocks(read(name))
      .flat()
      .flatMap(programCalls)
      .map((words) => ({ name, words })),
  );
  const inText = pages.flatMap((name) =>
    inlineCommands(read(name))
      .flatMap(programCalls)
      .map((words) => ({ name, words })),
  );

  it('pages contain commands', () => {
    expect(inBlocks.length).toBeGreaterThan(4);
    expect(inText.length).toBeGreaterThan(4);
  });

  it.each(inBlocks.map(({ name, words }) => [name, words.join(' '), words] as const))(
    '%s: rnn %s',
    async (_name, _line, words) => {
      const end = words.includes('--') ? words.indexOf('--') : words.length;
      for (const [command, given] of [
        [words[0], words.slice(0, end)],
        ['train', words.slice(end + 1)],
      ] as const) {
        const { stdout } = await rnn([command, '--help']);
        for (const option of given.filter((word) => word.startsWith('--')))
          expect(stdout).toMatch(new RegExp(`${option}\\b`));
      }
    },
  );

  // Running text names commands without their arguments ("`rnn train` saves it").
  it.each(inText.map(({ name, words }) => [name, words.join(' '), words] as const))(
    '%s mentions rnn %s',
    async (_name, _line, words) => {
      const [command, ...rest] = words;
      const { code, stdout } = await rnn(command.startsWith('-') ? ['--help'] : [command, '--help']);
      expect(code).toBe(0);
      for (const option of [command, ...rest].filter((word) => word.startsWith('--')))
        expect(stdout).toMatch(new RegExp(`${option}\\b`));
    },
  );

  it('every variable in a page exists', () => {
    const known = knownVariables();
    // RNN_HIDEN is the page's example of a misspelt variable.
    expect(
      [...new Set(pages.flatMap((name) => read(name).match(/\bRNN_[A-Z_]+/g) ?? []))].filter(
        (name) => !known.has(name),
      ),
    ).toEqual(['RNN_HIDEN']);
  });

  it('every option in the README belongs to a command or to the benchmark', async () => {
    const helps = await Promise.all(commands.map(({ name }) => rnn([name, '--help'])));
    const known = new Set(
      [...helps.map(({ stdout }) => stdout), read('bench/compare.js')].flatMap((text) => text.match(/--[\w-]+/g) ?? []),
    );
    expect([...new Set(readme.match(/--[a-z][\w-]+/g))].filter((option) => !known.has(option))).toEqual([]);
  });
});

it('docs/choosing.md lists the options of the presets for a training time', () => {
  for (const name of ['quick', 'good', 'best'] as const) {
    const { cell, layers, hidden, batchSize, sequenceLength, dropout, weightDecay } = presets[name].options({
      length: 1_000_000,
      kind: 'text',
    });
    const row = read('docs/choosing.md')
      .split('\n')
      .find((line) => line.startsWith(`| \`--preset ${name}\``));
    const told = `${layers === 1 ? 'one layer' : 'two layers'} of ${hidden} units (\`${cell}\`), batches of ${batchSize} × ${sequenceLength}, dropout ${dropout}, weight decay ${weightDecay}`;
    expect(row).toContain(told);
  }
});

it('every npm script in the README exists', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  const named = [...readme.matchAll(/\bnpm (?:run )?(\w+)/g)]
    .map(([, name]) => name)
    .filter((name) => !['install', 'link', 'pack', 'registry'].includes(name));
  expect(named).toContain('test');
  expect(named.filter((name) => !(name in scripts))).toEqual([]);
});

it('npm run check has every check of CI that is an npm script', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  const inCi = [...read('.ci/run').matchAll(/^check .* npm run (\w+)$/gm)].map(([, name]) => name);
  expect(inCi).toContain('spell');
  expect(scripts['check'].split(' && ')).toEqual([...inCi.map((name) => `npm run ${name}`), 'npm test']);
});

it('docs/architecture.md lists every folder of src/, and no others', () => {
  const listed = [...read('docs/architecture.md').matchAll(/^\| `src\/([\w-]+)\/` \|/gm)].map(([, folder]) => folder);
  const folders = readdirSync(join(root, 'src'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  expect(listed.toSorted()).toEqual(folders.map(({ name }) => name).toSorted());
});

it.skipIf(!isBuilt)(
  'the model of the README overfits hello hello, with the lines of the README (needs npm run build)',
  { timeout: patience },
  async () => {
    const block = shellBlocks(readme).find((lines) => lines[0].includes('hello hello'));
    const folder = await mkdtemp(join(tmpdir(), 'rnn-readme-'));
    try {
      const script = [`rnn() { "${process.execPath}" "${join(root, 'bin/rnn.js')}" "$@"; }`, ...block!].join('\n');
      const stdout = await new Promise<string>((done, fail) => {
        execFile('sh', ['-euc', script], { cwd: folder }, (error, out) => (error ? fail(error) : done(out)));
      });
      expect(stdout).toBe('hello hello\n');
      expect(readme).toContain('prints `hello hello`');
    } finally {
      await rm(folder, { recursive: true });
    }
  },
);

describe('the readers of the page', () => {
  it('find commands behind pipes, and their quoted words', () => {
    expect(programCalls(`printf 'a b' | rnn train - --include '*.c' && rnn sample --prime "to be"`)).toEqual([
      ['train', '-', '--include', '*.c'],
      ['sample', '--prime', 'to be'],
    ]);
    expect(
      programCalls('RNN_LEARNING_RATE=0.002 rnn train x --json | jq .config >rnn.json; rnn completion fish >~/x'),
    ).toEqual([
      ['train', 'x', '--json'],
      ['completion', 'fish'],
    ]);
    expect(shellBlocks('```sh\n# why\nrnn info\n```\n```\nno shell\n```\n')).toEqual([['rnn info']]);
    expect(inlineCommands('`rnn info` and `rnn info [checkpoint]`\n```\n`rnn no`\n```\n')).toEqual(['rnn info']);
  });

  it('detect an unknown option', async () => {
    expect((await rnn(['train', 'x', '--hiden', '3'])).code).toBe(2);
  });
});
