// A row alone adds an option: it then appears everywhere that a user meets options.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, expectTypeOf, it, vi } from 'vitest';
import { useEstimate } from '../cli/doubles.ts';
import { configSchema } from '../../src/cli/config-schema.ts';
import type { Kind } from '../../src/options/kind.ts';
import type { Option, Options, ValuesOf } from '../../src/options/option.ts';
import { learningOptions } from '../../src/options/training.ts';
import { type PlanRequest, planTraining } from '../../src/index.ts';
import { resolveOptions } from '../../src/training/resolve.ts';
import { recordedOptions } from '../../src/training/record.ts';
import { characterVocabulary } from '../../src/corpus/vocabulary.ts';
import { rnn } from '../cli/helpers.ts';

vi.mock('../../src/options/training.ts', async (original) => {
  const actual = await original<typeof import('../../src/options/training.ts')>();
  const { choice, duration, list, number, onOff, orNull, text } = await import('../../src/options/kind.ts');
  const coolDown: Option = {
    kind: number({ min: 0, max: 9 }),
    help: 'made up for this test',
    legacyValue: 0,
    needs: [{ option: 'optimizer', holds: (optimizer: string) => optimizer === 'sgd' }],
  };
  // One option of each other kind: with another name, a fixed value, or a default that is chosen
  // elsewhere.
  const others: Options = {
    shout: { kind: onOff, help: 'a switch', legacyValue: false },
    mood: { kind: choice(['calm', 'wild'], { quiet: 'calm' }), help: 'a choice', default: 'calm', aliases: ['temper'] },
    napMs: { kind: orNull(duration), key: 'nap', help: 'a length of time', legacyValue: null },
    motto: { kind: orNull(text()), help: 'a text', legacyValue: null, fixedFor: 'run' },
    friends: { kind: list(), help: 'a list', default: [] },
  };
  const trainingOptions: Options = { ...actual.trainingOptions, coolDown, ...others };
  return {
    ...actual,
    learningOptions: { ...actual.learningOptions, coolDown, ...others },
    trainingOptions,
    trainingNames: Object.keys(trainingOptions),
  };
});

const folder = mkdtempSync(join(tmpdir(), 'rnn-new-option-'));
afterAll(() => rmSync(folder, { recursive: true }));
const write = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
const text = write('text.txt', 'to be or not to be, that is the question. '.repeat(600));
const options = (given: object): object =>
  resolveOptions(given, {
    train: { length: 50_000 },
    validation: { length: 5000 },
    vocabulary: characterVocabulary('ab', false),
  }).options;

interface Plan {
  readonly options: Readonly<Record<string, unknown>>;
  readonly origins: Readonly<Record<string, string>>;
  readonly config: object;
}

async function plan(argv: readonly string[], env: Record<string, string> = {}): Promise<Plan> {
  const sizes = '--hidden 8 --layers 1 --batch-size 4 --sequence-length 8'.split(' ');
  useEstimate();
  const { code, stdout, stderr } = await rnn(
    ['train', text, '--dry-run', '--json', ...sizes, '--device', 'reference', '--out', join(folder, 'run'), ...argv],
    { env },
  );
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout) as Plan;
}

describe('a row that was added to the table of options', () => {
  it('is a flag with its line in the help and its default', async () => {
    expect((await rnn(['train', '--help'])).stdout).toMatch(
      /^ +--cool-down <x> +made up for this test \[default: 0\]$/m,
    );
  });

  it('is taken from the command line, the environment and a configuration file, and the dry run shows its source', async () => {
    const inFile = (key: string): string => write(`${key}.json`, JSON.stringify({ [key]: 2 }));
    for (const [argv, env, origin] of [
      [['--cool-down', '2'], {}, '--cool-down'],
      [[], { RNN_COOL_DOWN: '2' }, 'RNN_COOL_DOWN'],
      [['--config', inFile('cool-down')], {}, inFile('cool-down')],
      [['--config', inFile('coolDown')], {}, inFile('coolDown')],
    ] as const) {
      const planned = await plan(argv, env);
      expect(planned.options.coolDown).toBe(2);
      expect(planned.origins['cool-down']).toBe(origin);
      expect(planned.config).toMatchObject({ 'cool-down': 2 });
    }
  });

  it('can be of any kind, in the command line, the environment and a file', async () => {
    const values = { shout: true, mood: 'wild', napMs: 90_000, motto: 'keep calm', friends: ['a', 'b'] };
    const words = [
      '--shout',
      '--temper',
      'wild',
      '--nap',
      '1m30s',
      '--motto',
      'keep calm',
      '--friends',
      'a',
      '--friends',
      'b',
    ];
    const env = { RNN_SHOUT: '1', RNN_MOOD: 'wild', RNN_NAP: '90s', RNN_MOTTO: 'keep calm', RNN_FRIENDS: 'a, b' };
    const file = { shout: true, temper: 'wild', nap: '1.5m', motto: 'keep calm', friends: ['a', 'b'] };
    for (const given of [
      await plan(words),
      await plan([], env),
      await plan(['--config', write('kinds.json', JSON.stringify(file))]),
    ]) {
      expect(given.options).toMatchObject(values);
      expect(given.config).toMatchObject({
        shout: true,
        mood: 'wild',
        nap: '90s',
        motto: 'keep calm',
        friends: ['a', 'b'],
      });
    }
    expect((await plan(['--mood', 'quiet', '--no-shout'])).options).toMatchObject({ mood: 'calm', shout: false });
    expect((await rnn(['train', text, '--mood', 'wlid'])).stderr).toContain('expected one of calm, wild');
    expect((await rnn(['train', text, '--friends', ''])).stderr).toContain('--friends is empty');
  });

  it('cannot change when a run resumes if it is fixed', async () => {
    const argv = ['train', text, '--hidden', '4', '--layers', '1', '--device', 'reference'];
    const folderOf = ['--out', join(folder, 'fixed'), '--resume', '--quiet'];
    expect((await rnn([...argv, ...folderOf, '--motto', 'keep calm', '--max-steps', '2'])).code).toBe(0);
    expect((await rnn(['info', join(folder, 'fixed')])).stdout).toContain('motto keep calm');
    const { code, stderr } = await rnn([...argv, ...folderOf, '--motto', 'stay', '--max-steps', '3']);
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining('--motto') });
  });

  it('is checked for each source', async () => {
    for (const [argv, env, name] of [
      [['--cool-down', '10'], {}, '--cool-down'],
      [[], { RNN_COOL_DOWN: '10' }, 'RNN_COOL_DOWN'],
      [['--config', write('wrong.json', '{"cool-down": 10}')], {}, 'wrong.json:1: cool-down'],
    ] as const) {
      const { code, stderr } = await rnn(['train', text, '--dry-run', ...argv], { env });
      expect(code).toBe(2);
      expect(stderr).toContain(`${name} is 10: expected a number from 0 to 9`);
    }
    expect(() =>
      resolveOptions({ coolDown: 10 } as object, {
        train: { length: 50_000 },
        validation: { length: 0 },
        vocabulary: characterVocabulary('ab', false),
      }),
    ).toThrow('--cool-down is 10');
  });

  it('is suggested for a similar name', async () => {
    expect((await rnn(['train', text, '--cool-dwon', '1'])).stderr).toContain('did you mean --cool-down?');
  });

  it('is in the schema of configuration files and in the completions', async () => {
    expect(configSchema()).toMatchObject({
      properties: {
        'cool-down': { description: expect.stringContaining('made up'), type: 'number', minimum: 0, maximum: 9 },
      },
    });
    for (const shell of ['bash', 'zsh', 'fish'])
      expect((await rnn(['completion', shell])).stdout).toContain('cool-down');
  });

  it('is checked in a checkpoint, and has its earlier value in one that lacks it', () => {
    const { coolDown: _, ...earlier } = options({ coolDown: 1 }) as Record<string, unknown>;
    const recorded = (more: object): object => recordedOptions({ options: { ...earlier, ...more } } as never);
    expect(recorded({})).toMatchObject({ coolDown: 0 });
    expect(recorded({ coolDown: 3 })).toMatchObject({ coolDown: 3 });
    expect(() => recorded({ coolDown: 'cold' })).toThrow(
      'training.options.coolDown is "cold": expected a number from 0 to 9',
    );
  });

  it('has no effect if a need is unmet, and a note says so', async () => {
    useEstimate();
    const { stderr } = await rnn([
      'train',
      text,
      '--dry-run',
      '--cool-down',
      '1',
      '--device',
      'reference',
      '--hidden',
      '8',
      '--sequence-length',
      '8',
      '--out',
      join(folder, 'run'),
    ]);
    expect(stderr).toContain('--cool-down has no effect because --optimizer is adam');
  });

  it('is an option of the library, checked by its name in code', async () => {
    const corpus = { text: 'to be or not to be. '.repeat(200) };
    const plan = await planTraining({ corpus, coolDown: 3 } as PlanRequest);
    expect(plan.options).toMatchObject({ coolDown: 3 });
    expect(plan.sources).toMatchObject({ coolDown: 'given', mood: 'default' });
    await expect(planTraining({ corpus, coolDown: 10 } as PlanRequest)).rejects.toThrow(
      'coolDown is 10: expected a number from 0 to 9',
    );
  });

  it('is a property of the options that programs give', () => {
    type Table = typeof learningOptions & { readonly coolDown: { readonly kind: Kind<number>; readonly help: string } };
    expectTypeOf<ValuesOf<Table>['coolDown']>().toEqualTypeOf<number>();
    expectTypeOf<ValuesOf<Table>['optimizer']>().toEqualTypeOf<'adam' | 'rmsprop' | 'adagrad' | 'sgd'>();
  });
});
