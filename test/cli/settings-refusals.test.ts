// Wrong values of options, in the environment or in a file: the message names their place, and a
// remedy.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isEverything } from '../everything.ts';
import { rnn } from './helpers.ts';
import { useDoubles, useEstimate } from './doubles.ts';
import { config, folder, writeConfig, text, train } from './settings-fixture.ts';

describe('an error names the place of a wrong option', () => {
  it.each([
    [{ env: { RNN_HIDDEN: '0' } }, 'RNN_HIDDEN is 0: expected a whole number from 1 to 1,048,576', ''],
    [{ env: { RNN_CELL: 'lstmm' } }, 'RNN_CELL is lstmm: expected one of rnn, ', 'did you mean'],
    [{ env: { RNN_TIED: 'maybe' } }, 'RNN_TIED is maybe: expected 1 or 0', ''],
    [{ env: { RNN_EPOCHS: '1', RNN_BUDGET: '3m' } }, 'cannot use RNN_EPOCHS and RNN_BUDGET together', 'use one'],
    [{ env: { RNN_LAYERS: '5000' } }, 'RNN_LAYERS is 5000: expected a whole number from 1 to 1,024', ''],
    [{ file: '{\n  "hidden": 0\n}' }, 'rnn.json:2: hidden is 0: expected a whole number from 1 to 1,048,576', ''],
    [{ file: { hidden: '256' } }, 'rnn.json:1: hidden is "256": expected a whole number from 1 to 1,048,576', ''],
    [{ file: { hidden: null } }, 'rnn.json:1: hidden is null: expected a whole number', ''],
    [{ file: { budget: 30 } }, 'rnn.json:1: budget is 30: expected a duration', 'add a unit'],
    [{ file: { cell: 5 } }, 'rnn.json:1: cell is 5: expected one of rnn, ', ''],
    [{ file: { tied: 'yes' } }, 'rnn.json:1: tied is "yes": expected true or false', ''],
    [{ file: { include: '*.c' } }, 'rnn.json:1: include is "*.c": expected a list of texts', ''],
    [{ file: { out: 7 } }, 'rnn.json:1: out is 7: expected a text between double quotes', ''],
    [{ file: '{\n  "cell": "gru",\n  "hiden": 64\n}' }, 'rnn.json:3: hiden is not an option', 'did you mean hidden?'],
    [
      { env: { RNN_LR: '0.1', RNN_LEARNING_RATE: '0.2' } },
      'cannot use RNN_LEARNING_RATE and RNN_LR together: they are the same option',
      'omit one of them',
    ],
    [
      { file: { lr: 0.1, 'learning-rate': 0.2 } },
      'rnn.json:1: learning-rate together: they are the same option',
      'omit one of them',
    ],
    [{ env: { RNN_ENCODING: 'klingon' } }, 'RNN_ENCODING is klingon: expected the name of an encoding', ''],
    [{ file: { gamma: 0.9 } }, 'rnn.json:1: gamma is not an option', 'did you mean decay?'],
    [
      { file: { validationFractoin: 0.1 } },
      'rnn.json:1: validationFractoin is not an option',
      'did you mean validation-fraction?',
    ],
    [{ file: { learning_rate: 0.1 } }, 'rnn.json:1: learning_rate is not an option', 'did you mean learning-rate?'],
    [{ file: { HIDDEN: 64 } }, 'rnn.json:1: HIDDEN is not an option', 'did you mean hidden?'],
    [{ file: { MAX_STEPS: 64 } }, 'rnn.json:1: MAX_STEPS is not an option', 'did you mean max-steps?'],
    [{ file: '{"hidden": 1e400}' }, 'rnn.json:1: hidden is Infinity: expected a whole number', ''],
    [{ file: '{"out": "\\"hidden\\":",\n "hidden": 0}' }, 'rnn.json:2: hidden is 0', ''],
    [
      { file: '{\n"hidden": 64,\n"cell": "gru",\n"hidd\\u0065n": 32}' },
      'rnn.json:2: hidden is also on line 4',
      'remove one',
    ],
    [{ file: '{"hidden": 64 // more\n}' }, 'rnn.json is not valid JSON: ', 'without comments'],
    [{ file: { '--hidden': 64 } }, 'rnn.json:1: --hidden is not an option', 'did you mean hidden?'],
    [{ file: { 'no-text-starts': true } }, 'rnn.json:1: no-text-starts is not an option', 'write "text-starts": false'],
    [{ file: { config: 'x.json' } }, 'rnn.json:1: config is not an option', 'use --config on the command line'],
    [
      { file: '{"__proto__": {}}' },
      'rnn.json:1: __proto__ is not an option',
      'run rnn train --help to list its options',
    ],
    [{ file: { epochs: 1, 'max-steps': 5 } }, 'rnn.json:1: epochs and ', 'use one'],
    [{ file: '{"hidden": 64,}' }, 'rnn.json is not valid JSON: ', 'without a comma after the last member'],
    // The same name in another object is not the option.
    [{ file: '{"hidden": 64,\n"x": {"hidden": 3}}' }, 'rnn.json:2: x is not an option', 'to list its options'],
    [{ file: { out: 'a\0b' } }, 'rnn.json:1: out is a␀b: expected a text without a NUL character', ''],
    [{ file: { include: ['*.txt', '\0'] } }, 'rnn.json:1: include is ␀: expected a text without a NUL character', ''],
    [{ file: '[64]' }, 'rnn.json is a list: expected an object', 'such as {"hidden": 256'],
  ])('refuses %j', async (given, message, hint) => {
    const { code, stderr, calls } = await train(given);
    expect({ code, corpus: calls.corpus }).toEqual({ code: 2 });
    expect(stderr).toContain(message);
    expect(stderr).toContain(hint);
  });

  /**
   * More values than fit on the call stack as arguments. The full sizes are slow, because messages
   * quote them.
   */
  const [memberCount, nameLength] = isEverything ? [600_000, 1_000_000] : [200_000, 200_000];
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
  it.each([
    [
      'nested lists for a number',
      `{"hidden": ${deep}}`,
      'rnn.json:1: hidden is a list: expected a whole number from 1 to 1,048,576',
    ],
    ['nested lists for a switch', `{"tied": ${deep}}`, 'rnn.json:1: tied is a list: expected true or false'],
    ['nested lists for a list', `{"include": ${deep}}`, 'rnn.json:1: include is a list: expected a list of texts'],
    [
      `${memberCount} members`,
      `{${Array.from({ length: memberCount }, (_, index) => `"x${index}":\n1`).join(',')}}`,
      'rnn.json:1: x0 is not an option',
    ],
    [
      `a name of ${nameLength} characters`,
      `{"${'x'.repeat(nameLength)}": 1}`,
      `rnn.json:1: ${'x'.repeat(57)}... is not an option`,
    ],
    [
      'a text of a million escapes',
      `{"cell": "${String.raw`\"`.repeat(1e6)}"}`,
      `rnn.json:1: cell is ${'"'.repeat(57)}...: expected one of`,
    ],
  ])('refuses %s', async (_wrong, file, message) => {
    const { code, stderr } = await train({ file });
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(message) });
  });

  it('rnn train exits with 2 if the --config file is missing, and the hint shows how to write one', async () => {
    const missing = join(folder, 'no.json');
    const { code, stderr } = await rnn(['train', text, '--config', missing]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^error: cannot read --config .*no\.json: ENOENT.*\nhint: .*--dry-run --json/);
    // If RNN_CONFIG names the file, the command in that hint would fail on the same file.
    expect((await rnn(['train', text], { env: { RNN_CONFIG: missing } })).stderr).toMatch(
      /^error: cannot read RNN_CONFIG .*no\.json: ENOENT.*\nhint: .*unset RNN_CONFIG/,
    );
    expect((await rnn(['train', text, '--config', folder])).stderr).toMatch(
      /^error: cannot read .*: EISDIR.*\nhint: name a JSON file such as/,
    );
  });

  it('rnn sample warns about probably misspelt variables, and not about variables of rnn train', async () => {
    const env = { RNN_TEMPRATURE: '0.5', RNN_THREDS: '1', RNN_HIDDEN: '3' };
    const { stderr } = await rnn(['sample', 'no-such-run'], { env });
    expect(stderr).toContain('warning: RNN_TEMPRATURE is not an option of rnn sample. Did you mean RNN_TEMP?\n');
    expect(stderr).toContain('warning: RNN_THREDS is not an option of rnn sample. Did you mean RNN_THREADS?\n');
    expect(stderr).not.toContain('RNN_HIDDEN is');
  });

  it.each([
    ['doctor', '--device', 'reference'],
    ['sample', 'no-such-run'],
    ['train', 'no-such-text'],
  ])(
    'rnn %s warns about a misspelt device variable, even if it does not have the option',
    async (command, ...words) => {
      const env = { RNN_KERNLES: 'wasm' };
      const { stderr } = await rnn([command, ...words], { env });
      expect(stderr.match(/RNN_\w+ is not an option.*/g)).toEqual([
        `RNN_KERNLES is not an option of rnn ${command}. Did you mean RNN_KERNELS?`,
      ]);
      expect((await rnn(['runs', 'no-such-folder'], { env })).stderr).not.toContain('RNN_');
    },
  );

  it('rnn train warns about a probable misspelling, and not about unrelated variables', async () => {
    const { code, stderr } = await train({
      env: { RNN_HIDEN: '64', RNN_TEST: 'all', RNN_TEMP: '0.7', RNN_ROOT: '/opt', RNN_HELP: '1' },
    });
    expect(code).toBe(0);
    expect(stderr.match(/^warning: RNN.*/gm)).toEqual([
      'warning: RNN_HIDEN is not an option of rnn train. Did you mean RNN_HIDDEN?',
    ]);
  });

  it('the warning about RNN_NO_TIED names RNN_TIED=0', async () => {
    const { stderr } = await train({ env: { RNN_NO_TIED: '1' } });
    expect(stderr).toContain('warning: RNN_NO_TIED is not an option of rnn train. Did you mean RNN_TIED=0?\n');
  });

  it('a list with an empty element is refused', async () => {
    const { code, stderr } = await train({ env: { RNN_INCLUDE: '*.txt,,*.md' } });
    expect({ code, stderr }).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('RNN_INCLUDE is *.txt,,*.md: expected texts'),
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

  it('an error that is found after parsing names the source of its option', async () => {
    useEstimate();
    const tied = await rnn(['train', text, '--embedding', '0', '--dry-run'], { env: { RNN_TIED: '1' } });
    expect(tied).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('\nhint: --tied comes from RNN_TIED. Give --embedding a width'),
    });
    writeConfig({ tied: true });
    const filed = await rnn(['train', text, '--config', config, '--dry-run']);
    expect(filed.stderr).toContain(`\nhint: --tied comes from ${config}. `);
    expect((await rnn(['train', text, '--tied', '--dry-run'])).stderr).not.toContain('comes from');
  });

  it('an error whose text mentions an option does not name the source of the option', async () => {
    const { stderr } = await rnn(['train', join(folder, 'no --learning-rate here.txt')], {
      env: { RNN_LEARNING_RATE: '0.01' },
    });
    expect(stderr).toMatch(/^error: file or folder not found: .*no --learning-rate here\.txt\nhint: check the path/);
  });

  it('RNN_DEBUG=1 prints the stack of an error', async () => {
    expect((await rnn(['train', join(folder, 'no.txt')], { env: { RNN_DEBUG: '1' } })).stderr).toContain('    at ');
    expect((await rnn(['sample', '--checkpoint', join(folder, 'no')], { env: { RNN_DEBUG: '1' } })).stderr).toContain(
      '    at ',
    );
    expect((await rnn(['train', join(folder, 'no.txt')], { env: { RNN_DEBUG: '0' } })).stderr).not.toContain('    at ');
  });

  it('RNN_JSON=1 prints an error as JSON', async () => {
    const wrong = await rnn(['train', text], { env: { RNN_JSON: '1', RNN_HIDDEN: '0' } });
    expect(JSON.parse(wrong.stdout)).toMatchObject({ event: 'error', code: 2 });
    const { stdout } = await rnn(['train', join(folder, 'no.txt')], { env: { RNN_JSON: '1' } });
    expect(JSON.parse(stdout)).toMatchObject({ event: 'error', code: 3 });
  });
});
