// Evaluation of models that learn to answer, and comparisons with other models on records.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { rnn } from '../cli/helpers.ts';

let folder: string;
const at = (name: string): string => join(folder, name);
const machine = ['--threads', '1', '--device', 'cpu'];

async function run(...args: readonly string[]): Promise<{ readonly stdout: string; readonly stderr: string }> {
  const { code, stdout, stderr } = await rnn(args);
  expect(stderr).not.toContain('error:');
  expect(code).toBe(0);
  return { stdout, stderr };
}
/** The tokens of the training part, as the checkpoint records them. */
const trainTokens = (): number =>
  (JSON.parse(readFileSync(at('run/best.json'), 'utf8')) as { training: { corpus: { train: number } } }).training.corpus
    .train;
const evaluated = async (...args: readonly string[]): Promise<Record<string, unknown>> =>
  JSON.parse((await run('eval', ...args, '--json', ...machine)).stdout) as Record<string, unknown>;

/** The answer is the last letter of the question, doubled. */
const pair = (n: number): string => `${n}${'abc'[n % 3]}=${'abc'[n % 3].repeat(2)}`;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'rnn-pairs-'));
  writeFileSync(at('pairs.txt'), `${Array.from({ length: 400 }, (_, n) => pair(n)).join('\n')}\n`);
  const sizes = ['--cell', 'lstm', '--layers', '1', '--hidden', '16', '--batch-size', '8', '--max-steps', '250'];
  const quiet = ['--quiet', '--checkpoint-every', '0', '--learning-rate', '0.01'];
  const records = ['--records', 'line', '--learn-after', '='];
  await run('train', at('pairs.txt'), ...records, ...sizes, ...quiet, ...machine, '--out', at('run'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('rnn eval measures the fraction of exact answers, and the recall of each answer', async () => {
  const held = await evaluated(at('pairs.txt'), '--checkpoint', at('run'), '--part', 'validation');
  expect(held).toMatchObject({ exactAccuracy: 1, macroRecall: 1 });
  expect(held.answered).toBe(held.records);
  writeFileSync(at('other.txt'), '12a=aa\n13b=bb\n14c=aa\n15c=c\n16b=bb\n17a=aa\n18a=bb\n');
  expect(await evaluated(at('other.txt'), '--checkpoint', at('run'))).toMatchObject({
    records: 7,
    answered: 7,
    exactAccuracy: 4 / 7,
    macroRecall: null,
    classes: null,
  });
  writeFileSync(at('classes.txt'), '12a=aa\n13b=bb\n14c=aa\n16b=bb\n17a=aa\n18a=bb\n');
  const { macroRecall, classes } = await evaluated(at('classes.txt'), '--checkpoint', at('run'));
  expect(macroRecall).toBeCloseTo(2 / 3, 12);
  expect(classes).toEqual([
    { answer: 'aa', records: 3, correct: 2, generated: 3 },
    { answer: 'bb', records: 3, correct: 2, generated: 2 },
  ]);
});

it('the table has rows for exact answers', async () => {
  const { stdout } = await run('eval', at('pairs.txt'), '--checkpoint', at('run'), '--part', 'validation', ...machine);
  expect(stdout).toMatch(/^records +\d+\n/);
  expect(stdout).toMatch(/^exact match +100\.00 %$/m);
  expect(stdout).toMatch(/^macro-averaged recall +100\.00 %$/m);
  expect(stdout).not.toContain('gzip');
});

it('n-grams count the training part of the same records, and predict only answers', async () => {
  const text = at('pairs.txt');
  const held = await evaluated(text, '--checkpoint', at('run'), '--part', 'validation', '--against', text);
  const { bits, isTrainingPart, characters } = held.ngrams as Record<string, unknown> & { bits: number[] };
  expect(isTrainingPart).toBe(true);
  expect(characters).toBe(trainTokens());
  expect(bits[4]).toBeLessThan(0.3); // the letter before the delimiter is in the context
  expect(bits[0]).toBeGreaterThan(1.5);
});

it('surprisal is shown of answers only', async () => {
  writeFileSync(at('one.txt'), '12a=aa\n');
  const { stdout } = await run('eval', at('one.txt'), '--checkpoint', at('run'), '--by-character', ...machine);
  const lines = stdout.trimEnd().split('\n').slice(1);
  expect(lines.map((line) => line.split('\t').slice(0, 2))).toEqual([
    ['5', 'a'],
    ['6', 'a'],
    ['7', '\\n'],
  ]);
});

it('rnn info shows how the text was divided', async () => {
  const { stdout } = await run('info', at('run'));
  expect(stdout).toMatch(/^records +line, learn-after =$/m);
  expect(stdout).toMatch(/^vocabulary .* one of them the end of records$/m);
});

it('dynamic evaluation is refused on records', async () => {
  const { code, stderr } = await rnn(['eval', at('pairs.txt'), '--checkpoint', at('run'), '--dynamic', ...machine]);
  expect(code).toBe(2);
  expect(stderr).toContain('cannot use --dynamic on records');
});

it('rnn inspect reads each record from a zero state', async () => {
  const valuesOf = async (name: string, text: string): Promise<number[]> => {
    writeFileSync(at(name), text);
    const args = ['inspect', at(name), '--checkpoint', at('run'), '--unit', '0.c.3', '--json', ...machine];
    return (JSON.parse((await run(...args)).stdout) as { values: number[] }).values;
  };
  const [first, second] = ['12a=aa\n', '1b=bb\n'];
  const both = await valuesOf('both.txt', first + second);
  const reversed = await valuesOf('reversed.txt', second + first);
  // The text begins with an end token, and each end token is read before a record.
  expect(both).toHaveLength(1 + first.length + second.length);
  const alike = (a: number[], b: number[]): void => {
    for (const [index, value] of a.entries()) expect(value).toBeCloseTo(b[index], 5);
  };
  alike(both.slice(0, first.length), reversed.slice(second.length, -1));
  alike(both.slice(first.length, -1), reversed.slice(0, second.length));
  expect(both[0]).toBeCloseTo(both.at(-1)!, 5);
  expect(both[1]).not.toBeCloseTo(both[0], 5);
});
