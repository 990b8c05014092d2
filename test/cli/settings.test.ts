// Where options come from: what is stronger, how each source writes a value, and what it is told
// when it is wrong.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { type Ran, rnn } from './helpers.ts';
import { type Calls, doubled, useDoubles, useEstimate } from './doubles.ts';

const folder = mkdtempSync(join(tmpdir(), 'rnn-settings-'));
const text = join(folder, 'text.txt');
const config = join(folder, 'rnn.json');
writeFileSync(text, 'to be or not to be, that is the question. '.repeat(600));
afterAll(() => rmSync(folder, { recursive: true }));

const has = (options: unknown): void =>
  writeFileSync(config, typeof options === 'string' ? options : JSON.stringify(options));
beforeEach(() => has({}));

interface Given {
  readonly argv?: readonly string[];
  readonly env?: Record<string, string>;
  readonly file?: unknown;
}

/** What `rnn train` hands on, with stand-ins for the rest of the program. */
async function train({ argv = [], env = {}, file = {} }: Given): Promise<Ran & { readonly calls: Calls }> {
  has(file);
  return doubled(['train', 'hamlet.txt', '--config', config, ...argv], { env });
}

/** What the real `rnn train --dry-run` says of where options come from, by flag without dashes. */
async function origins({
  argv = [],
  env = {},
  file = {},
}: Given): Promise<{ origins: Record<string, string>; options: Record<string, unknown>; config: object }> {
  has(file);
  useEstimate();
  const { code, stdout, stderr } = await rnn(['train', text, '--config', config, '--dry-run', '--json', ...argv], {
    env,
  });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as never;
}

describe('the command line is stronger than the environment, that than the file, that than a preset', () => {
  // One of each group: of training, of reading, of the machine, of files.
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

  it('for how the text is read', async () => {
    const [env, file] = [
      { RNN_INCLUDE: '*.{c,h}, *.md', RNN_UNIT: 'byte' },
      { include: ['*.js'], 'min-count': 3 },
    ];
    expect((await train({ env, file })).calls.corpus).toMatchObject({
      include: ['*.{c,h}', '*.md'],
      unit: 'byte',
      minCount: 3,
    });
    expect((await train({ argv: ['--include', '*.ts'], env, file })).calls.corpus).toMatchObject({ include: ['*.ts'] });
    expect((await origins({ env: { RNN_UNIT: 'char' }, file: { 'min-count': 3 } })).origins).toMatchObject({
      unit: 'RNN_UNIT',
      'min-count': config,
      include: 'default',
    });
  });

  it('for the machine, and RNN_DEVICE is said', async () => {
    const [env, file] = [
      { RNN_DEVICE: 'reference', RNN_THREADS: '3' },
      { device: 'gpu', threads: 2, blas: 'off' },
    ];
    const { calls, stderr } = await train({ env, file });
    expect(calls.device).toEqual(['reference', expect.objectContaining({ threads: 3 })]);
    expect(stderr).toContain('device reference: RNN_DEVICE\n');
    expect((await train({ argv: ['--device', 'cpu'], env, file })).calls.device).toEqual([
      'cpu',
      expect.objectContaining({ threads: 3, blas: 'off' }),
    ]);
    expect((await origins({ env, file: { device: 'gpu' } })).origins).toMatchObject({
      device: 'RNN_DEVICE',
      threads: 'RNN_THREADS',
      blas: 'default',
    });
  });

  it('RNN_BLAS, which the device reads by itself, takes the place of a library in the file', async () => {
    const { calls } = await train({ env: { RNN_BLAS: 'auto' }, file: { blas: 'off', device: 'cpu' } });
    expect(calls.device?.[1]).not.toHaveProperty('blas');
  });

  it('and for options that are one choice', async () => {
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

  it('is taken back by --no-, and by a stronger source', async () => {
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

describe('what is wrong is called by where it stands', () => {
  it.each([
    [{ env: { RNN_HIDDEN: '0' } }, 'RNN_HIDDEN is 0, expected a whole number from 1 to 1048576', ''],
    [{ env: { RNN_CELL: 'lstmm' } }, 'RNN_CELL is lstmm, expected one of rnn, ', 'did you mean'],
    [{ env: { RNN_TIED: 'maybe' } }, 'RNN_TIED is maybe, expected 1 or 0', ''],
    [{ env: { RNN_EPOCHS: '1', RNN_BUDGET: '3m' } }, 'RNN_EPOCHS and RNN_BUDGET exclude each other', 'give one'],
    [{ env: { RNN_LAYERS: '5000' } }, 'RNN_LAYERS is 5000, expected a whole number from 1 to 1024', ''],
    [{ file: '{\n  "hidden": 0\n}' }, 'rnn.json:2: hidden is 0, expected a whole number from 1 to 1048576', ''],
    [{ file: { hidden: '256' } }, 'rnn.json:1: hidden is "256", expected a whole number from 1 to 1048576', ''],
    [{ file: { hidden: null } }, 'rnn.json:1: hidden is null, expected a whole number', ''],
    [{ file: { budget: 30 } }, 'rnn.json:1: budget is 30, expected a duration', 'a bare number has no unit'],
    [{ file: { cell: 5 } }, 'rnn.json:1: cell is 5, expected one of rnn, ', ''],
    [{ file: { tied: 'yes' } }, 'rnn.json:1: tied is "yes", expected true or false', ''],
    [{ file: { include: '*.c' } }, 'rnn.json:1: include is "*.c", expected a list of texts', ''],
    [{ file: { out: 7 } }, 'rnn.json:1: out is 7, expected a text between double quotes', ''],
    [
      { file: '{\n  "cell": "gru",\n  "hiden": 64\n}' },
      'rnn.json:3: hiden is no option of rnn train',
      'did you mean hidden?',
    ],
    [
      { env: { RNN_LR: '0.1', RNN_LEARNING_RATE: '0.2' } },
      'RNN_LEARNING_RATE and RNN_LR are one option',
      'leave one of them out',
    ],
    [
      { file: { lr: 0.1, 'learning-rate': 0.2 } },
      'rnn.json:1: learning-rate and lr are one option',
      'leave one of them out',
    ],
    [{ env: { RNN_ENCODING: 'klingon' } }, 'RNN_ENCODING is klingon, expected the name of an encoding', ''],
    [{ file: { gamma: 0.9 } }, 'rnn.json:1: gamma is no option', 'did you mean decay?'],
    [
      { file: { validationFractoin: 0.1 } },
      'rnn.json:1: validationFractoin is no option',
      'did you mean validation-fraction?',
    ],
    [{ file: { learning_rate: 0.1 } }, 'rnn.json:1: learning_rate is no option', 'did you mean learning-rate?'],
    [{ file: { HIDDEN: 64 } }, 'rnn.json:1: HIDDEN is no option', 'did you mean hidden?'],
    [{ file: { MAX_STEPS: 64 } }, 'rnn.json:1: MAX_STEPS is no option', 'did you mean max-steps?'],
    [{ file: '{"hidden": 1e400}' }, 'rnn.json:1: hidden is Infinity, expected a whole number', ''],
    [{ file: '{"out": "\\"hidden\\":",\n "hidden": 0}' }, 'rnn.json:2: hidden is 0', ''],
    [
      { file: '{\n"hidden": 64,\n"cell": "gru",\n"hidd\\u0065n": 32}' },
      'rnn.json:2: hidden stands on line 4, too',
      'leave one',
    ],
    [{ file: '{"hidden": 64 // more\n}' }, 'rnn.json is no JSON: ', 'there are no comments'],
    [{ file: { '--hidden': 64 } }, 'rnn.json:1: --hidden is no option', 'without dashes: hidden'],
    [{ file: { config: 'x.json' } }, 'rnn.json:1: config is no option', '--config is for the command line'],
    [{ file: '{"__proto__": {}}' }, 'rnn.json:1: __proto__ is no option', 'rnn train --help lists its options'],
    [{ file: { epochs: 1, 'max-steps': 5 } }, 'rnn.json:1: epochs and ', 'give one'],
    [{ file: '{"hidden": 64,}' }, 'rnn.json is no JSON: ', 'no comma follows the last member'],
    // The same name in another object is not the option.
    [{ file: '{"hidden": 64,\n"x": {"hidden": 3}}' }, 'rnn.json:2: x is no option', 'lists its options'],
    [{ file: { out: 'a\0b' } }, 'rnn.json:1: out is a␀b, expected a text without a NUL character', ''],
    [{ file: { include: ['*.txt', '\0'] } }, 'rnn.json:1: include is ␀, expected a text without a NUL character', ''],
    [{ file: '[64]' }, 'rnn.json holds a list, expected an object', 'such as {"hidden": 256'],
  ])('%j', async (given, message, hint) => {
    const { code, stderr, calls } = await train(given);
    expect({ code, corpus: calls.corpus }).toEqual({ code: 2 });
    expect(stderr).toContain(message);
    expect(stderr).toContain(hint);
  });

  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
  it.each([
    [
      'a number that is lists in lists',
      `{"hidden": ${deep}}`,
      'rnn.json:1: hidden is a list, expected a whole number from 1 to 1048576',
    ],
    ['a switch that is lists in lists', `{"tied": ${deep}}`, 'rnn.json:1: tied is a list, expected true or false'],
    [
      'a list that is lists in lists',
      `{"include": ${deep}}`,
      'rnn.json:1: include is a list, expected a list of texts',
    ],
    [
      '600,000 members',
      `{${Array.from({ length: 600_000 }, (_, index) => `"x${index}":\n1`).join(',')}}`,
      'rnn.json:1: x0 is no option',
    ],
    ['a name of a million characters', `{"${'x'.repeat(1e6)}": 1}`, `rnn.json:1: ${'x'.repeat(57)}... is no option`],
    [
      'a text of a million escapes',
      `{"cell": "${String.raw`\"`.repeat(1e6)}"}`,
      `rnn.json:1: cell is ${'"'.repeat(57)}..., expected one of`,
    ],
  ])('%s', async (_wrong, file, message) => {
    const { code, stderr } = await train({ file });
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(message) });
  });

  it('a file that is missing ends with 2, and says how to have one', async () => {
    const missing = join(folder, 'no.json');
    const { code, stderr } = await rnn(['train', text, '--config', missing]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^error: --config .*no\.json cannot be read: ENOENT.*\nhint: .*--dry-run --json/);
    // That hint would name the same file again.
    expect((await rnn(['train', text], { env: { RNN_CONFIG: missing } })).stderr).toMatch(
      /^error: RNN_CONFIG .*no\.json cannot be read: ENOENT.*\nhint: .*unset RNN_CONFIG/,
    );
    expect((await rnn(['train', text, '--config', folder])).stderr).toMatch(
      /cannot be read: EISDIR.*\nhint: it is a file such as/,
    );
  });

  it('a variable that is probably misspelt is a warning, and one that is of something else is not', async () => {
    const { code, stderr } = await train({
      env: { RNN_HIDEN: '64', RNN_TEST: 'all', RNN_WASM: 'portable', RNN_TEMP: '0.7', RNN_ROOT: '/opt', RNN_HELP: '1' },
    });
    expect(code).toBe(0);
    expect(stderr.match(/^warning: RNN.*/gm)).toEqual([
      'warning: RNN_HIDEN is no option of rnn train; did you mean RNN_HIDDEN?',
    ]);
  });

  it('a variable that would undo a switch is a warning that names the one that does', async () => {
    const { stderr } = await train({ env: { RNN_NO_TIED: '1' } });
    expect(stderr).toContain('warning: RNN_NO_TIED is no option of rnn train; did you mean RNN_TIED=0?\n');
  });

  it('a list with nothing between two commas is refused as a whole', async () => {
    const { code, stderr } = await train({ env: { RNN_INCLUDE: '*.txt,,*.md' } });
    expect({ code, stderr }).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('RNN_INCLUDE is *.txt,,*.md, expected texts'),
    });
  });

  it('a file that is not UTF-8 is refused, not read with other characters', async () => {
    writeFileSync(join(folder, 'latin1.json'), Buffer.from('{"out": "caf\u00e9"}', 'latin1'));
    useDoubles();
    const { code, stderr } = await rnn(['train', 'hamlet.txt', '--config', join(folder, 'latin1.json')]);
    expect({ code, stderr }).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('latin1.json is not UTF-8\nhint: save it as UTF-8'),
    });
  });

  it('an option that cannot be, by what is known later, is said to come from there', async () => {
    useEstimate();
    const tied = await rnn(['train', text, '--embedding', '0', '--dry-run'], { env: { RNN_TIED: '1' } });
    expect(tied).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('\nhint: --tied comes from RNN_TIED; give --embedding a width'),
    });
    has({ tied: true });
    const filed = await rnn(['train', text, '--config', config, '--dry-run']);
    expect(filed.stderr).toContain(`\nhint: --tied comes from ${config}; `);
    expect((await rnn(['train', text, '--tied', '--dry-run'])).stderr).not.toContain('comes from');
  });

  it('a text of which an error is that names an option says nothing of where options come from', async () => {
    const { stderr } = await rnn(['train', join(folder, 'no --learning-rate here.txt')], {
      env: { RNN_LEARNING_RATE: '0.01' },
    });
    expect(stderr).toMatch(/^error: no such file or folder: .*no --learning-rate here\.txt\nhint: check the path/);
  });

  it('errors are told with their stack where the environment asks for it', async () => {
    expect((await rnn(['train', join(folder, 'no.txt')], { env: { RNN_DEBUG: '1' } })).stderr).toContain('    at ');
    expect((await rnn(['sample', '--checkpoint', join(folder, 'no')], { env: { RNN_DEBUG: '1' } })).stderr).toContain(
      '    at ',
    );
    expect((await rnn(['train', join(folder, 'no.txt')], { env: { RNN_DEBUG: '0' } })).stderr).not.toContain('    at ');
  });

  it('errors are told as data where the environment asks for it', async () => {
    const wrong = await rnn(['train', text], { env: { RNN_JSON: '1', RNN_HIDDEN: '0' } });
    expect(JSON.parse(wrong.stdout)).toMatchObject({ event: 'error', code: 2 });
    const { stdout } = await rnn(['train', join(folder, 'no.txt')], { env: { RNN_JSON: '1' } });
    expect(JSON.parse(stdout)).toMatchObject({ event: 'error', code: 3 });
  });
});

it('an empty variable, an empty file, a mark of its order of bytes and a schema say nothing', async () => {
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

it('a plan has in it the file that gives the same run again', async () => {
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

it('a run that goes on takes them as given again: the same are passed over in silence, others count or are refused', async () => {
  const again = (env: Record<string, string>, file: object): Promise<Ran> => {
    has({ 'validation-fraction': 0, 'sequence-length': 8, 'batch-size': 2, 'sample-every': 0, ...file });
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
  expect(longer.stderr).toContain('--max-steps is 3 from here on; it was 2');
  expect(await again({}, { hidden: 5 })).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('--hidden cannot change in a run: it is 4, and 5 was given'),
  });
});

describe('other commands', () => {
  it('take from the environment what means the same everywhere, below what was given', async () => {
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

  it('that take a checkpoint beside their options have it from RNN_CHECKPOINT, too', async () => {
    for (const command of ['info', 'export', 'sample']) {
      expect(await rnn([command], { env: { RNN_CHECKPOINT: join(folder, 'no-run') } })).toMatchObject({
        code: 4,
        stderr: expect.stringMatching(/^error: there is no .*no-run\nhint: the checkpoint comes from RNN_CHECKPOINT; /),
      });
      const argv = command === 'sample' ? [command, '--checkpoint', 'other'] : [command, 'other'];
      expect((await rnn(argv, { env: { RNN_CHECKPOINT: join(folder, 'no-run') } })).stderr).toMatch(
        /^error: there is no other\nhint: give a/,
      );
    }
  });

  it('call a bad value by its variable', async () => {
    expect((await rnn(['sample'], { env: { RNN_TEMP: 'hot' } })).stderr).toContain(
      'RNN_TEMP is hot, expected a number of at least 0',
    );
  });
});

describe('a sweep', () => {
  const sweep = async (argv: readonly string[], env: Record<string, string>): Promise<Ran> =>
    rnn(['sweep', text, '--out', join(folder, 'sweep'), '--emit', ...argv], { env });

  it('hands the environment and the file on to its points, but for what it tries or decides itself', async () => {
    has({ epochs: 2, hidden: 64, nesterov: true, out: 'elsewhere', device: 'cpu' });
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
      stderr: expect.stringContaining('it goes after --'),
    });
  });
});
