import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { byteVocabulary, characterVocabulary } from '../../src/corpus/vocabulary.ts';
import { writeCheckpoint } from '../../src/runs/store.ts';
import { cyclic } from '../sampling/fixture.ts';
import { FakeStream, type Ran, type Surroundings, bare, rnn } from './helpers.ts';

let folder: string;
const at = (name: string): string => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rnn-predict-'));
  // Each character predicts the next of its vocabulary with logit 3, and all other characters with 0.
  await writeCheckpoint(at('letters.json'), cyclic(characterVocabulary('abc \n\t', false).data, 3)); // \t \n ␣ a b c
  await writeCheckpoint(at('records.json'), cyclic(characterVocabulary('abc', false, '\n').data, 3)); // end a b c
  await writeCheckpoint(at('unknown.json'), cyclic(characterVocabulary('ab', true).data, 3)); // a b unknown
  await writeCheckpoint(at('bytes.json'), cyclic(byteVocabulary().data, 9));
  await writeFile(at('text.txt'), 'c');
});
afterAll(() => rm(folder, { recursive: true }));

const predict = (model: string, words: readonly string[], surroundings: Surroundings = {}): Promise<Ran> =>
  rnn(['predict', ...words, '--checkpoint', at(`${model}.json`), '--device', 'reference'], surroundings);
const objects = ({ stdout }: Ran): Record<string, unknown>[] =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
/** The probabilities of the likeliest character, and of each other character, among six. */
const [high, low] = [Math.exp(3) / (Math.exp(3) + 5), 1 / (Math.exp(3) + 5)];

describe('rnn predict', () => {
  it('prints the likeliest characters, with names for characters that are not visible', async () => {
    const { code, stdout, stderr } = await predict('letters', [String.raw`a\t`]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: `${at('letters.json')}\n` });
    expect(stdout).toBe(
      [
        'character  probability  bits',
        String.raw`\n              80.1 %  0.32`,
        String.raw`\t               4.0 %  4.65`,
        '␣                4.0 %  4.65',
        'a                4.0 %  4.65',
        'b                4.0 %  4.65',
        'c                4.0 %  4.65',
        '',
      ].join('\n'),
    );
    const top = await predict('letters', ['a', '--top', '1']);
    expect(top.stdout.split('\n').slice(1, 3)).toEqual(['b               80.1 %  0.32', '5 more          19.9 %']);
  });

  it('draws bars on a terminal that fit its width', async () => {
    for (const columns of [40, 80]) {
      const stdout = new FakeStream({ columns });
      await predict('letters', ['a'], { stdout });
      const lines = bare(stdout.text).split('\n');
      expect(lines.find((line) => line.startsWith('b '))).toMatch(/0\.32 {2}█+.?$/);
      expect(lines.filter((line) => line.length >= columns)).toEqual([]);
    }
  });

  it('prints JSON with probabilities and bits, and null for the end of a record', async () => {
    const [object] = objects(await predict('letters', ['a', '--json', '--top', '2']));
    const [first, second] = object['likeliest'] as Record<string, number>[];
    expect(object).toMatchObject({ event: 'prediction', checkpoint: at('letters.json'), text: 'a' });
    expect([first['character'], second['character']]).toEqual(['b', '\t']);
    expect(first['probability']).toBeCloseTo(high, 5);
    expect(second['bits']).toBeCloseTo(-Math.log2(low), 5);
    const [end] = objects(await predict('records', ['c', '--json', '--top', '1']));
    expect(end).toMatchObject({ likeliest: [{ character: null }] });
    expect((await predict('records', ['c'])).stdout).toMatch(/^end of record +87\.0 %/m);
    expect((await predict('bytes', [String.raw`\xfe`, '--top', '1'])).stdout).toMatch(/^\\xff +96\.9 %/m);
  });

  it('reads the text from a file, a pipe or nowhere', async () => {
    const likeliest = async (...given: Parameters<typeof predict>): Promise<string> =>
      (await predict(...given)).stdout.split('\n')[1].split(' ')[0];
    expect(await likeliest('letters', ['--prime-file', at('text.txt')])).toBe(String.raw`\t`);
    for (const words of [['-'], ['--prime-file', '-']])
      expect(await likeliest('letters', words, { stdin: 'ab' })).toBe('c');
    for (const words of [[], ['']]) expect(await likeliest('letters', words)).toBe('␣'); // as after a newline
  });

  it('--steps walks along the likeliest characters, and ends at the end of a record', async () => {
    const { stdout } = await predict('letters', ['a', '--top', '3', '--steps', '2']);
    expect(stdout.split('\n').slice(-4)).toEqual([
      '',
      String.raw`1  b 80.1 %     \t 4.0 %    \n 4.0 %`,
      String.raw`2  c 80.1 %     \t 4.0 %    \n 4.0 %`,
      '',
    ]);
    const steps = objects(await predict('records', ['a', '--steps', '9', '--json', '--top', '1']));
    expect(steps.map(({ step, character }) => [step, character])).toEqual([
      [1, 'b'],
      [2, 'c'],
      [3, null],
    ]);
    expect(steps[0]).toMatchObject({ event: 'step', text: 'a', likeliest: [{ character: 'b' }] });
    const known = objects(await predict('unknown', ['b', '--steps', '1', '--json', '--top', '1']));
    expect(known).toMatchObject([{ character: 'a', likeliest: [{ character: '\u{FFFD}' }] }]);
  });

  it('--beam prints the likeliest continuation, and how likely it is', async () => {
    const { stdout, stderr } = await predict('letters', ['a', '--beam', '4', '--length', '3']);
    expect(stdout).toBe('abc\t\n');
    const nats = 3 * Math.log(high);
    expect(stderr).toContain(
      `log-probability ${nats.toFixed(3)} nats, ${(-nats / 3 / Math.LN2).toFixed(3)} bpc, 3 char`,
    );
    expect((await predict('letters', ['a', '--beam', '2', '--stop', 'c'])).stdout).toBe('abc\n');
    const [record] = objects(await predict('records', ['a', '--beam', '2', '--json']));
    expect(record).toMatchObject({
      event: 'continuation',
      text: 'a',
      continuation: 'bc',
      tokens: 3,
      isCut: false,
      beam: 2,
    });
  });

  it('skips or replaces unknown characters if asked', async () => {
    const refused = await predict('letters', ['aX']);
    expect(refused.code).toBe(3);
    expect(refused.stderr).toContain('the model has never seen U+0058 X');
    expect((await predict('letters', ['aX', '--unknown', 'skip'])).stdout.split('\n')[1]).toMatch(/^b /);
    const replaced = await predict('letters', ['aX', '--unknown', 'replace']);
    expect(replaced.code).toBe(2);
    expect(replaced.stderr).toContain('the model does not have an unknown token');
    expect((await predict('unknown', ['aX', '--unknown', 'replace'])).stdout.split('\n')[1]).toMatch(/^a /);
  });

  it.each([
    ['--top 0', /--top is 0: expected a whole number of at least 1/],
    ['--steps 0', /--steps is 0: expected/],
    ['--beam 0', /--beam is 0: expected a whole number from 1 to 1,024/],
    ['--beam 2 --length 0', /--length is 0: expected/],
    ['--length 3', /cannot use --length without --beam/],
    ['--stop x', /cannot use --stop without --beam/],
    ['--steps 2 --beam 2', /cannot use --steps and --beam together/],
    ['--top 2 --beam 2', /cannot use --top and --beam together/],
    ['--prime-file text.txt', /cannot use a prompt and --prime-file together/],
    ['--unknown drop', /--unknown is drop: expected one of error, skip, replace/],
  ])('refuses %s', async (words, message) => {
    const { code, stdout, stderr } = await predict('letters', ['a', ...words.split(' ')]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(message);
  });
});
