// The errors of `rnn sweep`, before anything is trained.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { rnn } from '../helpers.ts';
import { folder, grid, inFolderOfItsOwn, out, sweep } from './helpers.ts';

inFolderOfItsOwn();

describe('rnn sweep', () => {
  it.each([
    [['--grid', 'hiden=8'], [], 'cannot use --grid hiden: rnn train has no option --hiden', 'did you mean hidden?'],
    [
      ['--grid', 'rnn_size=8'],
      [],
      'cannot use --grid rnn_size: rnn train has no option --rnn_size',
      'did you mean hidden?',
    ],
    [
      ['--grid', 'nonsense=8'],
      [],
      'cannot use --grid nonsense: rnn train has no option --nonsense',
      'run rnn train --help to list its options',
    ],
    [['--grid', 'hidden'], [], '--grid is hidden: expected an option of rnn train and its values', ''],
    [['--grid', 'hidden=8,0'], [], '--hidden is 0: expected a whole number from 1 to 1,048,576', ''],
    [['--grid', 'hidden=8,'], [], '--hidden is empty: expected', ''],
    [['--grid', 'cell=lstn'], [], '--cell is lstn: expected one of rnn,', ''],
    [['--grid', 'tied=maybe'], [], '--tied is maybe: expected 1 or 0', ''],
    [
      ['--grid', 'tied=true', '--grid', 'hidden=4'],
      [],
      'hidden=4,tied=true: cannot use --tied: --embedding is 0',
      'give --embedding a width',
    ],
    [['--grid', 'lr=1', '--grid', '--learning-rate=2'], [], 'cannot use --grid learning-rate twice', 'together'],
    [['--grid', 'out=a'], [], 'cannot use --grid out: rnn sweep sets it', 'put --out before --'],
    [
      ['--grid', 'lr=1'],
      ['--learning-rate', '2'],
      'cannot use --learning-rate both after -- and in --grid',
      'omit one of them',
    ],
    [['--grid', 'epochs=1'], ['--max-steps', '2'], 'epochs=1: cannot use --epochs and --max-steps together', ''],
    [
      ['--grid', 'lr=1', '--epochs', '3'],
      [],
      'cannot use --epochs here: it is an option of rnn train',
      'put it after --: rnn sweep <corpus...> … -- --epochs 3',
    ],
    [['--grid', 'lr=1', '--tied'], [], 'cannot use --tied here: it is an option of rnn train', '… -- --tied\n'],
    [
      ['--learning-rate', '0.002,0.005'],
      [],
      'cannot use --learning-rate here: it is an option of rnn train',
      'use --grid learning-rate=0.002,0.005\n',
    ],
    [
      ['--grid', 'lr=1', '--hidden', '64,128'],
      [],
      'cannot use --hidden here: it is an option of rnn train',
      'use --grid hidden=64,128\n',
    ],
    [
      ['--grid', 'lr=1'],
      ['--cell', 'gru,lstm'],
      '--cell is gru,lstm: expected',
      'use rnn sweep to try several values: --grid cell=gru,lstm\n',
    ],
    [
      ['--grid', 'lr=1'],
      ['--budget', '1m,2x'],
      '--budget is 1m,2x: expected a duration',
      'to see how to choose a value',
    ],
    [['--grid', 'lr=1', '--resume'], [], 'cannot use --resume here: it is an option of rnn train', 'omit it'],
    [
      ['--grid', 'lr=1'],
      ['--hidden', '4', '--hidden', '8'],
      'cannot use --hidden twice: it is 4 and 8',
      'use --hidden once',
    ],
    [['--grid', 'lr=1'], ['--force'], 'cannot use --force after --: rnn sweep sets it', 'remove the folder'],
    [['--grid', 'lr=1'], ['--dry-run'], 'cannot use --dry-run after --: rnn sweep sets it', '--emit'],
    [['--grid', 'lr=1'], ['--no-color'], 'cannot use --no-color after --: the whole sweep has one output', 'before --'],
    [['--grid', 'json=true'], [], 'cannot use --grid json: the whole sweep has one output', 'put --json before --'],
    [['--grid', 'lr=1'], ['--hiden', '3'], "unknown option '--hiden'", 'did you mean --hidden?'],
    [
      ['--grid', 'lr=1'],
      ['--hidden', '3', 'other.txt'],
      'cannot read other.txt as an option of rnn train',
      'before --',
    ],
    [['--grid', 'lr=1'], ['--test-file', '-'], 'cannot read standard input (-) in a sweep', 'a file'],
    [['--grid', 'lr=1'], ['--validation-file', '-'], 'cannot read standard input (-) in a sweep', 'a file'],
    [
      ['--grid', 'lr=1'],
      ['--kernels', 'wasm', '--device', 'reference'],
      'cannot use --kernels with --device reference',
      '',
    ],
    [['--grid', 'lr=1', '--random', '3'], [], 'cannot use --grid and --random together', ''],
    [['--random', '3'], [], 'the sweep is empty: expected at least one option', 'with --sample'],
    [['--sample', 'lr=0..1'], [], 'cannot use --sample without --random', ''],
    [['--seed', '3', '--grid', 'lr=1'], [], 'cannot use --seed without --random', ''],
    [[], [], 'the sweep is empty: expected at least one option', ''],
    [['--random', '3', '--sample', 'lr=1..0.1'], [], '--sample lr is 1..0.1: expected a lower and a higher number', ''],
    [
      ['--random', '3', '--sample', 'dropout=log:0..0.5'],
      [],
      '--sample dropout is log:0..0.5: expected numbers above 0',
      '',
    ],
    [
      ['--random', '3', '--sample', 'dropout=0..1'],
      [],
      '--dropout is 1: expected a number of at least 0 and below 1',
      '',
    ],
    [['--random', '3', '--sample', 'hidden=..5'], [], '--hidden is ..5: expected a whole number', ''],
    [['--random', '3', '--sample', 'cell=0..1'], [], '--cell is 0..1: expected one of', ''],
    [['--random', '10001', '--sample', 'lr=0.1..1'], [], 'the sweep has 10,001 trials', ''],
  ])('%j -- %j is refused before anything is trained', async (words, after, message, hint) => {
    const { code, stdout, stderr } = await sweep(words, undefined, after);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(`error: ${message}`);
    expect(stderr).toContain(`hint: `);
    expect(stderr).toContain(hint);
    expect(existsSync(out)).toBe(false);
  });

  it('reports a missing text once', async () => {
    const { code, stdout, stderr } = await rnn(['sweep', join(folder, 'no.txt'), '--out', out, ...grid]);
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    expect(stderr).toContain('no.txt');
    expect(existsSync(out)).toBe(false);
  });
});
