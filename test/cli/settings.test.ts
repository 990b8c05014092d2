// The sources of options, their priorities, and how each source writes a value.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Ran, rnn } from './helpers.ts';
import { useDoubles } from './doubles.ts';
import { config, folder, writeConfig, origins, text, train } from './settings-fixture.ts';

describe('the command line overrides the environment, which overrides the file, which overrides a preset', () => {
  // One option of each group: of training, of reading, of the machine, of files.
  it.each([
    ['hidden', 'hidden', ['32', '48', '64']],
    ['batch-size', 'batchSize', ['8', '9', '10']],
  ])('for --%s', async (key, option, [flag, variable, member]) => {
    const env = { [`RNN_${key.toUpperCase().replace('-', '_')}`]: variable };
    const file = { [key]: Number(member), preset: 'min-char-rnn' };
    const argv = [`--${key}`, flag];
    expect((await train({ argv, env, file })).calls.given?.[option]).toBe(Number(flag));
    expect((await train({ env, file })).calls.given?.[option]).toBe(Number(variable));
    expect((await train({ file })).calls.given?.[option]).toBe(Number(member));
    const plans = [
      await origins({ argv, env, file }),
      await origins({ env, file }),
      await origins({ file }),
      await origins({ argv: ['--preset', 'min-char-rnn'] }),
      await origins({}),
    ];
    expect(plans.map((plan) => plan.origins[key])).toEqual([
      `--${key}`,
      Object.keys(env)[0],
      config,
      'preset min-char-rnn',
      'chosen from the text',
    ]);
  });

  it('for options of the text', async () => {
    const [env, file] = [
      { RNN_INCLUDE: '*.{c,h}, *.md', RNN_LEVEL: 'byte' },
      { include: ['*.js'], 'min-count': 3 },
    ];
    expect((await train({ env, file })).calls.corpus).toMatchObject({
      include: ['*.{c,h}', '*.md'],
      unit: 'byte',
      minCount: 3,
    });
    expect((await train({ argv: ['--include', '*.ts'], env, file })).calls.corpus).toMatchObject({ include: ['*.ts'] });
    expect((await origins({ env: { RNN_LEVEL: 'char' }, file: { 'min-count': 3 } })).origins).toMatchObject({
      level: 'RNN_LEVEL',
      'min-count': config,
      include: 'default',
    });
  });

  it.each<Parameters<typeof train>[0]>([
    { argv: ['--level', 'byte'] },
    { argv: ['--unit', 'byte'] },
    { env: { RNN_LEVEL: 'byte' } },
    { env: { RNN_UNIT: 'byte' } },
    { file: { level: 'byte' } },
    { file: { unit: 'byte' } },
  ])('for the level of the model, also by its earlier name: %j', async (given) => {
    expect((await train(given)).calls.corpus).toMatchObject({ unit: 'byte' });
  });

  it('for options of the machine, and names RNN_DEVICE', async () => {
    const [env, file] = [
      { RNN_DEVICE: 'reference', RNN_THREADS: '3' },
      { device: 'gpu', threads: 2, kernels: 'wasm' },
    ];
    const { calls, stderr } = await train({ env, file });
    expect(calls.device).toEqual(['reference', expect.objectContaining({ threads: 3 })]);
    expect(stderr).toContain('device reference: RNN_DEVICE\n');
    expect((await train({ argv: ['--device', 'cpu'], env, file })).calls.device).toEqual([
      'cpu',
      expect.objectContaining({ threads: 3, kernels: 'wasm' }),
    ]);
    expect((await origins({ env, file: { device: 'gpu' } })).origins).toMatchObject({
      device: 'RNN_DEVICE',
      threads: 'RNN_THREADS',
      kernels: 'default',
    });
  });

  it('for RNN_KERNELS, which the device reads itself', async () => {
    const { calls } = await train({ env: { RNN_KERNELS: 'auto' }, file: { kernels: 'wasm', device: 'cpu' } });
    expect(calls.device?.[1]).not.toHaveProperty('kernels');
  });

  it('for options that exclude each other', async () => {
    const file = { epochs: 3, 'val-file': 'other.txt' };
    const given = (await train({ argv: ['--budget', '3m'], env: { RNN_VALIDATION_FRACTION: '0.2' }, file })).calls;
    expect(given.given).toEqual({ budgetMs: 180_000 });
    expect(given.corpus).toMatchObject({ validationFraction: 0.2, validationFile: null });
    expect((await train({ argv: ['--resume'], file: { force: true, 'dry-run': true } })).code).toBe(0);
    expect((await train({ argv: ['--no-resume'], file: { force: true } })).calls.folder).toEqual([
      expect.anything(),
      { force: true },
    ]);
  });
});

describe('a switch', () => {
  it.each([
    ['1', true],
    ['true', true],
    ['0', false],
    ['False', false],
  ])('is %s in the environment: %j', async (variable, on) => {
    expect((await train({ env: { RNN_NESTEROV: variable } })).calls.given).toEqual({ nesterov: on });
  });

  it('is switched off by --no-, and by a stronger source', async () => {
    expect(
      (
        await train({
          argv: ['--no-nesterov', '--no-random-offset'],
          env: { RNN_RANDOM_OFFSET: '1' },
          file: { nesterov: true },
        })
      ).calls.given,
    ).toEqual({ nesterov: false, randomOffset: false });
    expect((await train({ env: { RNN_NESTEROV: '0' }, file: { nesterov: true } })).calls.given).toEqual({
      nesterov: false,
    });
    expect((await origins({ argv: ['--no-random-offset', '--preset', 'good'] })).origins).toMatchObject({
      'random-offset': '--no-random-offset',
    });
  });
});

it('an empty variable, an empty file, a byte order mark and a schema have no effect', async () => {
  const { code, calls } = await train({
    env: { RNN_HIDDEN: '', RNN_DEVICE: '' },
    file: '\uFEFF{"$schema": "schema/rnn.json"}',
  });
  expect({ code, given: calls.given }).toEqual({ code: 0, given: {} });
});

it("a file in the UTF-16 of Windows' PowerShell is read, too", async () => {
  writeFileSync(config, Buffer.from('\uFEFF{"hidden": 64}', 'utf16le'));
  const calls = useDoubles();
  expect(await rnn(['train', 'hamlet.txt', '--config', config])).toMatchObject({ code: 0 });
  expect(calls.given).toEqual({ hidden: 64 });
});

it('a plan contains the file that repeats the run', async () => {
  const first = await origins({
    argv: [
      '--preset',
      'good',
      '--max-time',
      '50m',
      '--tied',
      '--embedding',
      '16',
      '--include',
      '*.txt',
      '--threads',
      '2',
    ],
  });
  expect(first.config).toMatchObject({
    preset: 'good',
    budget: '1650s',
    'max-time': '3000s',
    tied: true,
    include: ['*.txt'],
    threads: 2,
    'batch-size': expect.any(Number),
  });
  const again = await origins({ file: first.config });
  expect(again.options).toEqual(first.options);
  expect(again.config).toEqual(first.config);
});

it('a resumed run takes them as given again: equal values are ignored silently, others apply or are refused', async () => {
  const again = (env: Record<string, string>, file: object): Promise<Ran> => {
    writeConfig({ 'validation-fraction': 0, 'sequence-length': 8, 'batch-size': 2, 'sample-every': 0, ...file });
    return rnn(['train', text, '--config', config, '--resume', '--out', join(folder, 'run')], {
      env: { RNN_DEVICE: 'reference', ...env },
    });
  };
  expect((await again({ RNN_MAX_STEPS: '2' }, { hidden: 4 })).code).toBe(0);
  const same = await again({ RNN_MAX_STEPS: '2' }, { hidden: 4 });
  expect({ code: same.code, stderr: same.stderr }).toEqual({
    code: 0,
    stderr: expect.not.stringMatching(/from here on|not used/),
  });
  const longer = await again({ RNN_MAX_STEPS: '3' }, { hidden: 4 });
  expect(longer.stderr).toContain('--max-steps is now 3 (it was 2)');
  expect(await again({}, { hidden: 5 })).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('cannot change --hidden in a run: it is 4, and you gave 5'),
  });
});

describe('other commands', () => {
  it('take options with the same meaning everywhere from the environment, below given options', async () => {
    const calls = useDoubles();
    const env = {
      RNN_CHECKPOINT: 'runs/a',
      RNN_TEMP: '0.5',
      RNN_THREADS: '1',
      RNN_LENGTH: '3',
      RNN_SEED: '7',
      RNN_CELL: 'gru',
    };
    const { code } = await rnn(['sample', '--temp', '0.7'], { env });
    expect(code).toBe(0);
    expect(calls.read?.[0]).toBe('runs/a');
    expect(calls.device?.[1]).toMatchObject({ threads: 1 });
    expect(calls.sampled[0]).toMatchObject({ length: 500, options: { temperature: 0.7 } });
  });

  it('that take a checkpoint as an argument also read RNN_CHECKPOINT', async () => {
    for (const command of ['info', 'export', 'sample']) {
      expect(await rnn([command], { env: { RNN_CHECKPOINT: join(folder, 'no-run') } })).toMatchObject({
        code: 4,
        stderr: expect.stringMatching(
          /^error: checkpoint not found: .*no-run\nhint: the checkpoint comes from RNN_CHECKPOINT\. Name /,
        ),
      });
      const argv = command === 'sample' ? [command, '--checkpoint', 'other'] : [command, 'other'];
      expect((await rnn(argv, { env: { RNN_CHECKPOINT: join(folder, 'no-run') } })).stderr).toMatch(
        /^error: checkpoint not found: other\nhint: name a/,
      );
    }
  });

  it('name the variable of a bad value', async () => {
    expect((await rnn(['sample'], { env: { RNN_TEMP: 'hot' } })).stderr).toContain(
      'RNN_TEMP is hot: expected a number of at least 0',
    );
  });
});

describe('a sweep', () => {
  const sweep = async (argv: readonly string[], env: Record<string, string>): Promise<Ran> =>
    rnn(['sweep', text, '--out', join(folder, 'sweep'), '--emit', ...argv], { env });

  it('passes the environment and the file on to its trials, except options that it varies or sets itself', async () => {
    writeConfig({ epochs: 2, hidden: 64, nesterov: true, out: 'elsewhere', device: 'cpu' });
    const { code, stdout, stderr } = await sweep(
      ['--grid', 'budget=1m', '--', '--config', config, '--sequence-length', '20'],
      {
        RNN_LEARNING_RATE: '0.01',
        RNN_HIDDEN: '32',
        RNN_THREADS: '1',
        RNN_JSON: '1',
        RNN_SEED: '5',
      },
    );
    expect({ code, stderr: stderr.replace(/^.*has no effect.*\n/gm, '') }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toBe(
      `rnn train ${text} --sequence-length 20 --hidden=32 --seed=5 --learning-rate=0.01 --nesterov --device=cpu --budget 1m --resume --out ${join(folder, 'sweep/budget=1m')}\n`,
    );
  });

  it('refuses a bad one before anything is trained', async () => {
    expect(await sweep(['--grid', 'lr=1'], { RNN_HIDDEN: 'x' })).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining('RNN_HIDDEN is x'),
    });
    expect(await sweep(['--grid', 'lr=1', '--config', config], {})).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('put it after --'),
    });
  });
});
