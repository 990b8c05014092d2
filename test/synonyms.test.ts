import { describe, expect, it } from 'vitest';
import { meansOutput, namesMeant } from '../src/synonyms.ts';

describe('the names that are meant by a name', () => {
  it.each([
    ['--learning_rate', ['--lr', '--layers'], ['--lr']],
    ['lr', ['learningRate', 'layers'], ['learningRate']],
    ['-rnn_size', ['--hidden', '--layers'], ['--hidden']],
    ['-n', ['--num', '--length', '--seed'], ['--num', '--length']],
    ['temperature', ['temp'], ['temp']],
    ['temp', ['temperature'], ['temperature']],
    ['--output', ['--svg', '--html', '--json'], ['--svg', '--html']],
  ])('of %s among %j are %j', (word, known, meant) => {
    expect(namesMeant(word, known)).toEqual(meant);
  });

  it('are those that are only written otherwise before those of one meaning', () => {
    expect(namesMeant('gradClip', ['grad-clip', 'clip-norm'])).toEqual(['grad-clip']);
  });

  it('are as many as the caller knows of', () => {
    expect(namesMeant('--ar', ['activationPenalty'])).toEqual([]);
    expect(namesMeant('--ar', ['activationPenalty'], [['activationPenalty', '--ar']])).toEqual(['activationPenalty']);
  });

  it('are none for a name that means nothing', () => {
    expect(namesMeant('nonsense', ['lr', 'hidden'])).toEqual([]);
    expect(namesMeant('', ['lr', 'hidden'])).toEqual([]);
    expect(meansOutput('nonsense')).toBe(false);
  });
});
