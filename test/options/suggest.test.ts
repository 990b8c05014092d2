import { describe, expect, it } from 'vitest';
import { meansOutput, suggestWords } from '../../src/options/suggest.ts';

describe('suggestions for a name', () => {
  it.each([
    ['--learning_rate', ['--learning-rate', '--layers'], ['--learning-rate']],
    ['lr', ['learningRate', 'layers'], ['learningRate']],
    ['--learning-rate-decay', ['--learning-rate', '--decay'], ['--decay']],
    ['--learning_rate_decay_after', ['--learning-rate', '--decay', '--decay-after'], ['--decay-after']],
    ['-rnn_size', ['--hidden', '--layers'], ['--hidden']],
    ['-n', ['--count', '--length', '--seed'], ['--count', '--length']],
    ['temperature', ['temp'], ['temp']],
    ['temp', ['temperature'], ['temperature']],
    ['evla', ['eval', 'train'], ['eval']],
    ['--tmep', ['--temp', '--top-p'], ['--temp']],
    ['--output', ['--svg', '--html', '--json'], ['--svg', '--html']],
  ])('of %s among %j are %j', (word, known, meant) => {
    expect(suggestWords(word, known)).toEqual(meant);
  });

  it('put other spellings before synonyms', () => {
    expect(suggestWords('gradClip', ['grad-clip', 'clip-norm'])).toEqual(['grad-clip']);
  });

  it('include synonyms that the caller knows', () => {
    expect(suggestWords('--ar', ['activationPenalty'])).toEqual([]);
    expect(suggestWords('--ar', ['activationPenalty'], [['activationPenalty', '--ar']])).toEqual(['activationPenalty']);
  });

  it('are empty for a meaningless name', () => {
    expect(suggestWords('nonsense', ['lr', 'hidden'])).toEqual([]);
    expect(suggestWords('', ['lr', 'hidden'])).toEqual([]);
    expect(meansOutput('nonsense')).toBe(false);
  });
});
