// Training, evaluation and sampling of a text that is divided into records.
import { mkdtempSync, rmSync, readFileSync, cpSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { rnn } from '../cli/helpers.ts';

let folder: string;
const at = (name: string): string => join(folder, name);
const common = ['--threads', '1', '--device', 'cpu', '--quiet'];
const sizes = ['--cell', 'lstm', '--layers', '1', '--hidden', '16', '--batch-size', '8', '--checkpoint-every', '0'];

async function run(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await rnn(args);
  expect(stderr).not.toContain('error:');
  expect(code).toBe(0);
  return stdout;
}
const jsonOf = async (...args: readonly string[]): Promise<Record<string, unknown>[]> =>
  (await run(...args, '--json'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'rnn-records-'));
  const lines = Array.from({ length: 300 }, (_, n) => `${n % 7}${'ab'.repeat(1 + (n % 5))}=${'xyz'[n % 3]}`);
  writeFileSync(at('list.txt'), `${lines.join('\n')}\n`);
  await run('train', at('list.txt'), '--records', 'line', ...sizes, ...common, '--max-steps', '60', '--out', at('run'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const weightsIn = (name: string): unknown => {
  const { tensors, optimizer } = JSON.parse(readFileSync(at(name), 'utf8')) as Record<string, unknown>;
  return { tensors, optimizer };
};

it('a run that resumes within an epoch has the same weights as without the interruption', async () => {
  const train = ['train', at('list.txt'), ...common];
  const whole = ['--records', 'line', ...sizes, '--max-steps', '60', '--keep', '9', '--evaluate-every', '0'];
  await run(...train, ...whole.with(whole.indexOf('--checkpoint-every') + 1, '23'), '--out', at('whole'));
  cpSync(at('whole'), at('resumed'), { recursive: true });
  cpSync(at('whole/step-000000023.json'), at('resumed/latest.json'));
  for (const file of ['best.json', 'previous.json', 'step-000000046.json'])
    rmSync(at(`resumed/${file}`), { force: true });
  await run(...train, '--resume', '--out', at('resumed'));
  expect(weightsIn('resumed/latest.json')).toEqual(weightsIn('whole/latest.json'));
});

const stepOf = (name: string): number =>
  (JSON.parse(readFileSync(at(`${name}/latest.json`), 'utf8')) as { training: { step: number } }).training.step;

it('a run on columns resumes with the same command', async () => {
  writeFileSync(at('list.csv'), `name\n${Array.from({ length: 60 }, (_, n) => `name${n}\n`).join('')}`);
  const train = ['train', at('list.csv'), '--column', 'name', ...sizes, ...common, '--out', at('table'), '--resume'];
  await run(...train, '--max-steps', '2');
  await run(...train, '--max-steps', '3');
  expect(stepOf('table')).toBe(3);
});

it('a run that resumes with other weights of files continues at the same part of the text', async () => {
  const train = ['train', at('list.txt'), ...common, '--out', at('weighted')];
  await run(...train, '--records', 'line', ...sizes, '--weight', 'list.txt=3', '--max-steps', '90');
  await run(...train, '--resume', '--weight', 'list.txt=1', '--max-steps', '91');
  expect(stepOf('weighted')).toBe(91);
});

it('rnn eval measures the validation loss of the run', async () => {
  const [{ nats, characters }] = await jsonOf(
    'eval',
    at('list.txt'),
    '--checkpoint',
    at('run'),
    '--part',
    'validation',
  );
  const checkpoint = JSON.parse(readFileSync(at('run/best.json'), 'utf8')) as {
    training: { bestValidationLossNats: number; corpus: { validation: number } };
  };
  expect(nats).toBeCloseTo(checkpoint.training.bestValidationLossNats, 6);
  expect(characters).toBe(checkpoint.training.corpus.validation - 1);
});

it('each record is scored from a zero state, so their order does not matter', async () => {
  writeFileSync(at('one.txt'), '1ab=x\n2abab=y\n3abab=z\n');
  writeFileSync(at('other.txt'), '3abab=z\n1ab=x\n2abab=y\n');
  const [first] = await jsonOf('eval', at('one.txt'), '--checkpoint', at('run'));
  const [second] = await jsonOf('eval', at('other.txt'), '--checkpoint', at('run'));
  expect(first.nats).toBeCloseTo(second.nats as number, 6);
});

it('rnn sample prints one record per line, each the same as if it were sampled alone', async () => {
  const text = await run('sample', at('run'), '--count', '5', '--seed', '3');
  const records = text.trimEnd().split('\n');
  expect(records).toHaveLength(5);
  expect(await run('sample', at('run'), '--seed', '5')).toBe(`${records[2]}\n`);
  const objects = await jsonOf('sample', at('run'), '--count', '2', '--seed', '3');
  expect(objects.map((object) => object.text)).toEqual(records.slice(0, 2));
});

it('presets for a training time choose the network and the time for a list', async () => {
  const plan = async (...args: readonly string[]): Promise<Record<string, unknown>> =>
    (await jsonOf('train', at('list.txt'), '--records', 'line', '--dry-run', ...args))[0].config as never;
  const [preset, budget] = [await plan('--preset', 'quick'), await plan('--budget', '57s')];
  expect(preset).toEqual({ ...budget, preset: 'quick' });
});
