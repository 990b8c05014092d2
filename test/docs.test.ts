// Runs every command in a page's shell blocks with the built program, page by page and in order.
// Extra words keep training short (docs/limited.js). Where a page shows output, the output is
// compared. readme.test.ts checks commands in running text.
import { readFileSync, readdirSync, rmSync } from 'node:fs';
import { join, posix, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { notRun, pages, shared } from './docs/pages.ts';
import {
  type Block,
  type Place,
  asPattern,
  blocksOf,
  commandsOf,
  makePlace,
  runScript,
  transcript,
} from './docs/shell.ts';
import { isBuilt } from './cli/process.ts';
import { isEverything } from './everything.ts';

const root = resolve(import.meta.dirname, '..');
const read = (name: string): string => readFileSync(join(root, name), 'utf8');
/** Dozens of processes, each of which may take long where many tests share few cores. */
const patience = 300_000;

/**
 * Runs commands one after another. The first command that fails ends the script with its code and
 * its name.
 */
function script(commands: readonly string[]): string {
  const told = commands.map((command) => {
    const name = `command='${command.replaceAll("'", `'\\''`)}'`;
    return `${name}\n${command}`;
  });
  const trap = `trap 'code=$?; [ $code = 0 ] || echo "failed: $command"; exit $code' EXIT`;
  return ['set -e', trap, ...told, 'trap - EXIT'].join('\n');
}

async function expectSuccess(block: Block, place: Place): Promise<void> {
  const commands = commandsOf(block.lines).filter((command) => !Object.hasOwn(notRun, command));
  const { code, output } = await runScript(script(commands), place);
  expect(code, output.split('\n').slice(-12).join('\n')).toBe(0);
}

/** Each command sees the exit code of the previous command as `$?`. */
async function expectOutput(block: Block, place: Place): Promise<void> {
  let last = 0;
  for (const { command, output } of transcript(block.lines)) {
    const ended = await runScript(`(exit ${last})\n${command}`, place);
    expect(ended.output, `$ ${command}`).toMatch(asPattern(output));
    last = ended.code;
  }
}

describe.skipIf(!isBuilt)('every command in a block of shell works (needs npm run build)', () => {
  const common = makePlace();
  beforeAll(async () => {
    const { code, output } = await runScript(`set -e\n${shared}`, { folder: common.work, path: common.path });
    if (code !== 0) throw new Error(output);
  }, patience);
  afterAll(() => rmSync(common.folder, { recursive: true, force: true }));

  // Each page waits for one process after the other.
  it.concurrent.for(pages)(
    '$name',
    { timeout: patience },
    async ({ name, before = '', env = {}, needs, isLong = false }, { onTestFinished: onPageFinished, skip }) => {
      skip(isLong && !isEverything, `${name} runs only with RNN_TEST=all`);
      const { folder, work, path } = makePlace();
      onPageFinished(() => rmSync(folder, { recursive: true, force: true }));
      const place = { folder: work, path, env: { ...env, SHARED: common.work } };
      if (needs !== undefined && (await runScript(needs.test, place)).code !== 0) skip(`${name} needs ${needs.what}`);
      expect(await runScript(`set -e\n${before}`, place)).toMatchObject({ code: 0 });
      for (const block of blocksOf(read(name))) {
        await (block.language === 'sh' ? expectSuccess(block, place) : expectOutput(block, place));
      }
    },
  );
});

it('the commands of every page of the project are run', () => {
  const inDocs = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => posix.join('docs', name.replaceAll('\\', '/')));
  const written = ['README.md', 'CONTRIBUTING.md', 'corpora/README.md', 'checkpoints/README.md', ...inDocs];
  expect(written.filter((name) => !pages.some((page) => page.name === name))).toEqual([]);
});

it('commands that are not run are listed', () => {
  const shown = new Set(pages.flatMap(({ name }) => blocksOf(read(name)).flatMap(({ lines }) => commandsOf(lines))));
  expect(Object.keys(notRun).filter((command) => !shown.has(command))).toEqual([]);
});

describe('the readers of a page', () => {
  it('find blocks of commands and transcripts, and nothing else', () => {
    expect(blocksOf('```sh\nrnn info\n```\n```\nrnn no\n```\n```console\n$ rnn x\nerror\n```\n')).toEqual([
      { language: 'sh', lines: ['rnn info'] },
      { language: 'console', lines: ['$ rnn x', 'error'] },
    ]);
    expect(transcript(['$ rnn x', 'error', 'hint', '$ echo $?', '2'])).toEqual([
      { command: 'rnn x', output: ['error', 'hint'] },
      { command: 'echo $?', output: ['2'] },
    ]);
  });

  it('read a command over several lines as one', () => {
    const commands = ['rnn info', 'rnn train \\\n  x', "cat >y <<'END'\nrnn no\nEND", '# why', 'rnn y'];
    expect(commandsOf(commands.flatMap((command) => command.split('\n')))).toEqual(commands);
  });

  it('take … for any part of a line, and for any lines', () => {
    expect('error: 12 GB (of 4)\nhint: less\n').toMatch(asPattern(['error: … GB (of 4)', '…']));
    expect('error: 12 GB\n').not.toMatch(asPattern(['error: … TB']));
    expect('error: one\nmore\n').not.toMatch(asPattern(['error: one']));
  });

  it.skipIf(!isBuilt)('would see a command that fails, and which', { timeout: patience }, async () => {
    const { folder, work, path } = makePlace();
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const { code, output } = await runScript(script(['rnn --version', "rnn train 'no such'", 'echo never']), {
      folder: work,
      path,
    });
    expect({ code, output }).toEqual({
      code: 3,
      output: expect.stringMatching(/failed: rnn train 'no such'\n$/) as string,
    });
    expect(output).not.toContain('never');
  });
});
