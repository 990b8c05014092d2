// The help of commands in its two lengths and at several widths, and the topics.
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { commands } from '../../src/cli/commands.ts';
import { hasShortHelp, shownFlags } from '../../src/cli/help/page.ts';
import { lines, tableLines } from '../../src/cli/help/layout.ts';
import { partsOf } from '../../src/cli/help/parts.ts';
import { topics } from '../../src/cli/help/topics.ts';
import { allCells } from '../../src/model/cells/registry.ts';
import { presets } from '../../src/options/presets.ts';
import { trainOptions } from '../../src/options/train.ts';
import { allSchedules } from '../../src/training/schedules.ts';
import { FakeStream, rnn } from './helpers.ts';

/** Lines of the short help at most, at 80 columns. */
const MAX_SHORT_LINES = 50;

const at = async (columns: number, ...argv: readonly string[]): Promise<string> => {
  const stdout = new FakeStream({ columns });
  const { code } = await rnn([...argv, '--no-color'], { stdout });
  expect(code).toBe(0);
  return stdout.text;
};
const linesOf = (text: string): string[] => text.trimEnd().split('\n');
/** Words as on one line, however they are wrapped. */
const unwrapped = (text: string): string => text.replaceAll(/\s+/g, ' ');

async function defined(name: string): Promise<Command> {
  const entry = commands.find((each) => each.name === name)!;
  const command = new Command(name);
  (await entry.load()).define(command, {} as never, entry.takes);
  return command;
}

const names = commands.map(({ name }) => name);
const withTwo = (await Promise.all(names.map(defined))).filter(hasShortHelp).map((command) => command.name());

it('commands with long help have a short help', async () => {
  expect(withTwo).toEqual(['train', 'sample', 'predict', 'eval', 'score', 'gradients', 'inspect', 'serve', 'bench']);
  for (const name of names.filter((each) => !withTwo.includes(each)))
    expect(linesOf(await at(80, name, '--help')).length, name).toBeLessThanOrEqual(MAX_SHORT_LINES);
});

describe.each(withTwo)('rnn %s -h', (name) => {
  it('is short, and has the usage, examples, common options, and where to find the rest', async () => {
    const command = await defined(name);
    const help = await at(80, name, '-h');
    expect(linesOf(help).length).toBeLessThanOrEqual(MAX_SHORT_LINES);
    expect(help).toContain(`Usage: rnn ${name} `);
    const { examples } = partsOf(command);
    expect(examples.length).toBeGreaterThanOrEqual(name === 'train' ? 4 : 3);
    for (const [line] of examples.slice(0, 4)) expect(help).toContain(`  ${line}`);
    for (const { longName, row, brief } of shownFlags(command)) {
      const isInExamples = examples.slice(0, 4).some(([line]) => line.split(' ').includes(longName));
      if (isInExamples && row.isCommon !== true) throw new Error(`an example has ${longName}, which is not common`);
      const isShown = new RegExp(`^  ${longName}\\b`, 'm').test(help) && unwrapped(help).includes(brief);
      expect(isShown, longName).toBe(row.isCommon === true);
    }
    expect(linesOf(help).slice(-2).join(' ')).toContain(`Run 'rnn ${name} --help' for all options`);
  });
});

it('rnn train -h names the topics', async () => {
  expect(unwrapped(await at(80, 'train', '-h'))).toContain(
    "'rnn help TOPIC' for cells, presets, schedules, devices and environment.",
  );
});

describe.each(names)('rnn %s --help', (name) => {
  it('describes every option with its default', async () => {
    const help = unwrapped(await at(80, name, '--help'));
    const command = await defined(name);
    for (const { flags, description } of shownFlags(command)) expect(help).toContain(`${flags} ${description}`);
    expect(help).toContain(unwrapped(command.description()));
  });

  it.each([60, 80, 120])('fits %i columns, except for command lines', async (columns) => {
    const isCommand = (line: string): boolean => /^ {2}\S| \\$/.test(line) && !/^ {2}--/.test(line);
    const long = linesOf(await at(columns, name, '--help')).filter(
      (line) => line.length > Math.min(columns, 100) && !isCommand(line) && !line.startsWith('    --'),
    );
    expect(long).toEqual([]);
  });

  it('is the same as rnn help', async () => {
    expect((await rnn(['help', name])).stdout).toBe((await rnn([name, '--help'])).stdout);
  });
});

it('descriptions are phrases that begin with a capital and have no final full stop', async () => {
  for (const name of names)
    for (const { row, longName } of shownFlags(await defined(name)))
      expect(row.help, `${name} ${longName}`).toMatch(/^[A-Z].*[^.]$/);
});

it('rnn help lists the commands and the topics', async () => {
  const { stdout } = await rnn(['help']);
  expect((await rnn(['--no-color', 'help'])).stdout).toBe(stdout);
  expect((await rnn(['--no-color', 'help', 'info'])).stdout).toBe((await rnn(['info', '--help'])).stdout);
  expect(stdout).toBe((await rnn(['--help'])).stdout);
  for (const { name, summary } of topics) expect(stdout).toMatch(new RegExp(`^  ${name} +${summary}$`, 'm'));
});

describe('rnn help TOPIC', () => {
  const ofTopic = async (name: string): Promise<string> => unwrapped(await at(60, 'help', name));

  it('cells has the kind and the use of each cell', async () => {
    const help = await ofTopic('cells');
    for (const { name, summary, use } of allCells) expect(help).toContain(`${name} ${summary} ${use}`);
    expect(help).toMatch(/ gru [^%]* 75 %/);
  });

  it('presets has the options of each preset', async () => {
    const help = await ofTopic('presets');
    for (const [name, { summary }] of Object.entries(presets)) expect(help).toContain(`${name} ${summary}`);
    expect(help).toContain('hidden 640, dropout 0.5');
    expect(help).toContain('budget 27m 30s');
  });

  it('schedules has the formula of each schedule', async () => {
    const help = await ofTopic('schedules');
    for (const { name, summary, formula, use } of allSchedules)
      expect(help).toContain(unwrapped(`${name} ${summary} ${formula} ${use}`));
  });

  it('environment has a variable for each option', async () => {
    const help = await at(80, 'help', 'environment');
    for (const name of ['RNN_LEARNING_RATE', 'RNN_LEVEL', 'RNN_TEMP', 'RNN_CHECKPOINT', 'RNN_KERNELS', 'NO_COLOR'])
      expect(help).toMatch(new RegExp(`^  ${name} `, 'm'));
    expect(help).not.toMatch(/RNN_(LR|UNIT|TEMPERATURE|CONFIG_)/);
    expect(unwrapped(help)).toContain(unwrapped(trainOptions.dropout.help).slice(0, 20));
  });

  it.each(topics.map(({ name }) => name))('%s fits 60, 80 and 120 columns', async (name) => {
    for (const columns of [60, 80, 120])
      for (const line of linesOf(await at(columns, 'help', name)))
        expect(line.length, line).toBeLessThanOrEqual(Math.min(100, columns));
  });
});

describe('the layout', () => {
  const plain = (text: string): string => text;

  it('does not divide a default or a command in quotes', () => {
    expect(lines('Units per layer [default: by text and run]', 30)).toEqual([
      'Units per layer',
      '[default: by text and run]',
    ]);
    expect(lines("See 'rnn help cells'", 12)).toEqual(['See', "'rnn help cells'"]);
  });

  it('gives wide columns of a table the width that narrow columns leave', () => {
    const rows = [['gru', 'a word and another word and one more word and a very long end of the line', '75 %']];
    expect(tableLines({ columns: ['cell', 'kind', 'size'], rows }, 72, plain, plain)).toEqual([
      '  cell  kind                                                        size',
      '  gru   a word and another word and one more word and a very long   75 %',
      '        end of the line',
    ]);
  });
});
