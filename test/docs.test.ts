// Runs the commands in the shell blocks of pages with the built program: pages in parallel, and the
// commands of a page in order. docs/limited.js adds options that keep training short. Where a page
// shows output, the output is compared. readme.test.ts checks commands in running text.
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
/**
 * The timeout of a page in milliseconds. A page starts dozens of processes, and each is slow if many
 * tests share few cores.
 */
const patience = 300_000;

/**
 * Runs commands one after another. If a command fails, the script prints the command, and exits with
 * the same code.
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

describe.skipIf(!isBuilt)(
  'the commands of a page succeed, and print the output that the page shows (needs npm run build)',
  () => {
    const common = makePlace();
    beforeAll(async () => {
      const { code, output } = await runScript(`set -e\n${shared}`, { folder: common.work, path: common.path });
      if (code !== 0) throw new Error(output);
    }, patience);
    afterAll(() => rmSync(common.folder, { recursive: true, force: true }));

    // Pages run concurrently, because each page mostly waits for its own processes.
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
  },
);

it('pages.ts lists every page of the project', () => {
  const inDocs = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => posix.join('docs', name.replaceAll('\\', '/')));
  const written = ['README.md', 'CONTRIBUTING.md', 'corpora/README.md', 'checkpoints/README.md', ...inDocs];
  expect(written.filter((name) => !pages.some((page) => page.name === name))).toEqual([]);
});

it('every command in the list of skipped commands is on a page', () => {
  const shown = new Set(pages.flatMap(({ name }) => blocksOf(read(name)).flatMap(({ lines }) => commandsOf(lines))));
  expect(Object.keys(notRun).filter((command) => !shown.has(command))).toEqual([]);
});

describe('the parser of pages', () => {
  it('finds blocks of commands and transcripts, and nothing else', () => {
    expect(blocksOf('```sh\nrnn info\n```\n```\nrnn no\n```\n```console\n$ rnn x\nerror\n```\n')).toEqual([
      { language: 'sh', lines: ['rnn info'] },
      { language: 'console', lines: ['$ rnn x', 'error'] },
    ]);
    expect(transcript(['$ rnn x', 'error', 'hint', '$ echo $?', '2'])).toEqual([
      { command: 'rnn x', output: ['error', 'hint'] },
      { command: 'echo $?', output: ['2'] },
    ]);
  });

  it('reads a command over several lines as one', () => {
    const commands = ['rnn info', 'rnn train \\\n  x', "cat >y <<'END'\nrnn no\nEND", '# why', 'rnn y'];
    expect(commandsOf(commands.flatMap((command) => command.split('\n')))).toEqual(commands);
  });

  it('accepts … for any part of a line, and for any lines', () => {
    expect('error: 12 GB (of 4)\nhint: less\n').toMatch(asPattern(['error: … GB (of 4)', '…']));
    expect('error: 12 GB\n').not.toMatch(asPattern(['error: … TB']));
    expect('error: one\nmore\n').not.toMatch(asPattern(['error: one']));
  });

  it.skipIf(!isBuilt)('detects a failing command, and names it', { timeout: patience }, async () => {
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
