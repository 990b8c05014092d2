// The README's commands, and those of the other pages that name some: each must parse, and the small ones run.
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { presets } from '../src/training/presets.ts';
import { rnn } from './cli/helpers.ts';
import { fakeRooms } from './cli/rooms.ts';

const root = resolve(import.meta.dirname, '..');
const read = (name: string): string => readFileSync(join(root, name), 'utf8');
const readme = read('README.md');
const isBuilt = existsSync(join(root, 'dist/cli/start.js'));
// Starting a process may take long where many tests share few cores.
const patience = 60_000;

/** Commands that look for files before they do anything. */
const looking = new Set(['sweep', 'runs', 'eval', 'plot', 'watch', 'story', 'gradients', 'inspect']);

/** The commands in blocks marked as shell, a block a list. */
function shellBlocks(page: string): string[][] {
  return [...page.matchAll(/^```sh\n([\s\S]*?)^```/gm)].map(([, block]) => block.trim().split('\n').filter((line) => !line.startsWith('#')));
}

/** The words of every `rnn …` in a line of shell, unquoted. Knows quotes, pipes and && only. */
function programCalls(line: string): string[][] {
  const words = [...line.matchAll(/'[^']*'|"[^"]*"|&&|[|;]|[^\s|;&'"]+/g)].map(([word]) => word);
  const commands: string[][] = [[]];
  for (const word of words) {
    if (['&&', '|', ';'].includes(word)) commands.push([]);
    else commands.at(-1)!.push(word.replace(/^(['"])(.*)\1$/, '$2'));
  }
  return commands.filter(([name]) => name === 'rnn').map(([, ...args]) => args);
}

/** Commands in running text, between backticks; those with <placeholders> or [options] are forms and no commands. */
function inlineCommands(page: string): string[] {
  return [...page.replace(/^```[\s\S]*?^```/gm, '').matchAll(/`(rnn [^`]+)`/g)].map(([, command]) => command).filter((command) => !/[<[]/.test(command));
}

describe('every command that is written down is one', () => {
  const pages = ['README.md', 'corpora/README.md', 'checkpoints/README.md', 'docs/architecture.md', 'docs/choosing.md', 'docs/cron.md', 'docs/insight.md', 'docs/library.md'];
  const inBlocks = pages.flatMap((name) => shellBlocks(read(name)).flat().flatMap(programCalls).map((words) => ({ name, words })));
  const inText = pages.flatMap((name) => inlineCommands(read(name)).flatMap(programCalls).map((words) => ({ name, words })));

  it('and there are some', () => {
    expect(inBlocks.length).toBeGreaterThan(4);
    expect(inText.length).toBeGreaterThan(4);
  });

  // With stand-ins for the rest of the program, a command does nothing but parse.
  it.each(inBlocks.filter(({ words: [command] }) => !looking.has(command)).map(({ name, words }) => [name, words.join(' '), words] as const))('%s: rnn %s', async (_name, _line, words) => {
    const { rooms } = fakeRooms();
    const checkpoints = { ...(await rooms.checkpoints!()), findCheckpoint: async () => join(root, 'package.json') }; // `rnn info` asks for its size
    const builtin = { builtinCorpora: [], writeBuiltin: async () => 'corpora/x.txt' };
    const diagnosis = {
      async *examine() {
        yield { title: 'device cpu', verdict: 'good' as const, detail: 'works', fix: null, device: 'cpu' };
      },
    };
    const planning = { optionRules: {}, parametersOf: () => 0 };
    const { code, stderr } = await rnn(words, { rooms: { ...rooms, planning: async () => planning as never, checkpoints: async () => checkpoints, builtin: async () => builtin, diagnosis: async () => diagnosis } });
    expect(stderr).not.toContain('error:');
    expect(code).toBe(0);
  });

  it.each(inBlocks.filter(({ words: [command] }) => looking.has(command)).map(({ name, words }) => [name, words.join(' '), words] as const))('%s: rnn %s', async (_name, _line, words) => {
    const end = words.includes('--') ? words.indexOf('--') : words.length;
    for (const [command, given] of [[words[0], words.slice(0, end)], ['train', words.slice(end + 1)]] as const) {
      const { stdout } = await rnn([command, '--help']);
      for (const option of given.filter((word) => word.startsWith('--'))) expect(stdout).toMatch(new RegExp(`${option}\\b`));
    }
  });

  // Running text names commands without all they need ("`rnn train` saves it").
  it.each(inText.map(({ name, words }) => [name, words.join(' '), words] as const))('%s mentions rnn %s', async (_name, _line, words) => {
    const [command, ...rest] = words;
    const { code, stdout } = await rnn(command.startsWith('-') ? ['--help'] : [command, '--help']);
    expect(code).toBe(0);
    for (const option of [command, ...rest].filter((word) => word.startsWith('--'))) expect(stdout).toMatch(new RegExp(`${option}\\b`));
  });

  it('and every option in the README is one of some command, or of the benchmark', async () => {
    const helps = await Promise.all(['train', 'sample', 'eval', 'inspect', 'gradients', 'info', 'runs', 'plot', 'watch', 'story', 'sweep', 'corpus', 'doctor', 'bench'].map((command) => rnn([command, '--help'])));
    const known = new Set([...helps.map(({ stdout }) => stdout), read('bench/compare.js')].flatMap((text) => text.match(/--[\w-]+/g) ?? []));
    expect([...new Set(readme.match(/--[a-z][\w-]+/g))].filter((option) => !known.has(option))).toEqual([]);
  });
});

describe('every page that another one refers to is there', () => {
  const pages = ['README.md', 'bench/RESULTS.md', ...readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`)];

  it.each(pages)('%s', (page) => {
    const links = [...read(page).matchAll(/\]\(([^)\s#]+)[^)]*\)/g)].map(([, link]) => link).filter((link) => !/^https?:/.test(link));
    expect(links.filter((link) => !existsSync(join(root, dirname(page), link)))).toEqual([]);
  });
});

it('docs/choosing.md tells what the presets for a time have', () => {
  for (const name of ['quick', 'good', 'best'] as const) {
    const { cell, layers, hidden, batchSize, sequenceLength, dropout, weightDecay } = presets[name].options(1_000_000);
    const row = read('docs/choosing.md').split('\n').find((line) => line.startsWith(`| \`--preset ${name}\``));
    const told = `${layers === 1 ? 'one layer' : 'two layers'} of ${hidden} units (\`${cell}\`), batches of ${batchSize} × ${sequenceLength}, dropout ${dropout}, weight decay ${weightDecay}`;
    expect(row).toContain(told);
  }
});

it('every npm script that the README names is there', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  const named = [...readme.matchAll(/\bnpm (?:run )?(\w+)/g)].map(([, name]) => name).filter((name) => !['install', 'link', 'registry'].includes(name));
  expect(named).toContain('test');
  expect(named.filter((name) => !(name in scripts))).toEqual([]);
});

it('every folder that the README lists is there, and every folder of src/ is listed', () => {
  const listed = [...readme.matchAll(/^([\w/]+\/) {1,}\w/gm)].map(([, folder]) => folder);
  expect(listed).toContain('src/model/');
  expect(listed.filter((folder) => !existsSync(join(root, folder)))).toEqual([]);
});

it.skipIf(!isBuilt)('hello hello is learnt by heart, with the very lines of the README (npm run build makes the program)', { timeout: patience }, async () => {
  const block = shellBlocks(readme).find((lines) => lines[0].includes('hello hello'));
  const folder = await mkdtemp(join(tmpdir(), 'rnn-readme-'));
  try {
    const script = [`rnn() { "${process.execPath}" "${join(root, 'bin/rnn.js')}" "$@"; }`, ...block!].join('\n');
    const stdout = await new Promise<string>((done, fail) => {
      execFile('sh', ['-euc', script], { cwd: folder }, (error, out) => (error ? fail(error) : done(out)));
    });
    expect(stdout).toBe('hello hello\n');
    expect(readme).toContain('which prints `hello hello`');
  } finally {
    await rm(folder, { recursive: true });
  }
});

describe('the readers of the page', () => {
  it('find commands behind pipes, and their quoted words', () => {
    expect(programCalls(`printf 'a b' | rnn train - --include '*.c' && rnn sample --prime "to be"`)).toEqual([['train', '-', '--include', '*.c'], ['sample', '--prime', 'to be']]);
    expect(shellBlocks('```sh\n# why\nrnn info\n```\n```\nno shell\n```\n')).toEqual([['rnn info']]);
    expect(inlineCommands('`rnn info` and `rnn info [checkpoint]`\n```\n`rnn no`\n```\n')).toEqual(['rnn info']);
  });

  it('would see an option that is none', async () => {
    expect((await rnn(['train', 'x', '--hiden', '3'], { rooms: fakeRooms().rooms })).code).toBe(2);
  });
});
