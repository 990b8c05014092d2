import { expect, it } from 'vitest';
import { characterVocabulary } from '../../src/corpus/vocabulary.ts';
import type { Option } from '../../src/options/option.ts';
import { type OptionName, flagOf } from '../../src/options/flags.ts';
import { namesWith, trainOptions } from '../../src/options/train.ts';
import { type TrainingOptions, trainingNames, trainingOptions } from '../../src/options/training.ts';
import { type NewRunOptions, resolveOptions } from '../../src/training/resolve.ts';
import { rnn } from './helpers.ts';
import { useDoubles } from './doubles.ts';

const resolution = (characters: number, given: Partial<TrainingOptions> = {}): NewRunOptions =>
  resolveOptions(given, {
    train: new Uint8Array(characters),
    validation: new Uint8Array(1000),
    vocabulary: characterVocabulary('ab', false),
  });
const resolved = (characters: number, given: Partial<TrainingOptions> = {}): TrainingOptions =>
  resolution(characters, given).options;

/** The help of each option. */
async function helpOfTrain(): Promise<ReadonlyMap<string, string>> {
  const { stdout } = await rnn(['train', '--help']);
  const unwrapped = stdout.replaceAll(/\n {6,}/g, ' ');
  return new Map([...unwrapped.matchAll(/^ +(--[\w-]+)(?: <\w+>)? {2,}(.*)$/gm)].map(([, flag, text]) => [flag, text]));
}

it.each([
  ['--threads', '9007199254740991', 'expected a whole number from 1 to 65,536'],
  ['--epochs', '1e15', 'expected a number above 0 and at most 1,000,000,000'],
])('%s %s, which no checkpoint may record, is refused with the limit', async (flag, value, expected) => {
  useDoubles();
  const { code, stderr } = await rnn(['train', 'hamlet.txt', flag, value]);
  expect({ code, stderr }).toMatchObject({
    code: 2,
    stderr: expect.stringContaining(`${flag} is ${value}: ${expected}`),
  });
});

it.each([
  ['--learning-rate', '0.002,0.005', 'learning-rate=0.002,0.005'],
  ['--budget', '1m,2m', 'budget=1m,2m'],
  ['--cell', 'gru,lstm', 'cell=gru,lstm'],
])('%s %s names the sweep that tries these values', async (flag, value, grid) => {
  const { code, stderr } = await rnn(['train', 'text.txt', flag, value]);
  expect(code).toBe(2);
  expect(stderr).toContain(`error: ${flag} is ${value}: expected `);
  expect(stderr).toContain(`hint: use rnn sweep to try several values: --grid ${grid}\n`);
});

it('the help of rnn train shows every default that does not depend on the text, with its real value', async () => {
  const shown = [...(await helpOfTrain())]
    .map(([flag, text]) => [flag, /\[default: (.*)\]$/.exec(text)?.[1]])
    .filter(([, value]) => value !== undefined);
  const calls = useDoubles();
  await rnn(['train', 'hamlet.txt']);
  const { options, sources } = resolution(100_000);
  const always = trainingNames
    .map((name) => ({ flag: flagOf(name), value: options[name], source: sources[name] }))
    .filter(({ value, source }) => source === 'default' && value !== null && typeof value !== 'boolean');
  expect(always.length).toBeGreaterThan(25);
  const isChosen = new Set(
    Object.entries(trainOptions)
      .filter(([, { defaultInWords }]) => defaultInWords !== undefined)
      .map(([name]) => flagOf(name as OptionName)),
  );
  expect(Object.fromEntries(shown.filter(([flag, value]) => value !== 'on' && !isChosen.has(flag!)))).toEqual({
    ...Object.fromEntries(always.map(({ flag, value }) => [flag, String(value)])),
    '--level': calls.corpus?.unit,
    '--encoding': calls.corpus?.encoding,
    '--min-count': String(calls.corpus?.minCount),
    '--validation-fraction': String(calls.corpus?.validationFraction),
    '--test-fraction': String(calls.corpus?.testFraction),
    '--device': calls.device?.[0],
  });
});

it('the help of rnn train says how omitted options are chosen', async () => {
  const help = await helpOfTrain();
  for (const name of namesWith(({ defaultInWords: words }) => words !== undefined && words !== ''))
    expect(help.get(flagOf(name)), name).toContain(`[default: ${(trainingOptions[name] as Option).defaultInWords}]`);
  expect(help.get('--learning-rate')).toContain('chosen from the network, --batch-size and --optimizer');
  const rates = [{ cell: 'lstm' }, { cell: 'gru' }, { hidden: 1000 }, { hidden: 1000, cell: 'gru' }].map(
    (given) => resolved(1_000_000, given).learningRate,
  );
  expect(new Set(rates).size).toBeGreaterThan(2);
});

it('a learning rate too high for any text is refused before anything is read', async () => {
  const calls = useDoubles();
  const { code, stderr } = await rnn(['train', 'hamlet.txt', '--learning-rate', '1001']);
  expect({ code, stderr }).toEqual({
    code: 2,
    stderr:
      'error: --learning-rate is 1001: expected a number above 0 and at most 1,000\nhint: run rnn train --help to see how to choose a value\n',
  });
  expect(calls.corpus).toBeUndefined();
});
