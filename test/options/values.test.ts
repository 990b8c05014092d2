import { describe, expect, it } from 'vitest';
import { parseChoice, parseDuration, parseNumber } from '../../src/options/values.ts';

describe('numbers on the command line', () => {
  it.each([
    ['0.5', 0.5],
    ['.5', 0.5],
    ['2e-3', 0.002],
    ['+3', 3],
    ['-1.5', -1.5],
  ])('%s is read as a number', (text, value) => {
    expect(parseNumber('--learning-rate', text, {})).toBe(value);
  });

  it.each(['', ' 1', '1 ', '1,000', '0x10', 'abc', '1e', 'NaN', 'Infinity', '--1', '1_000'])(
    '%j is refused, not guessed at',
    (text) => {
      expect(() => parseNumber('--learning-rate', text, {})).toThrow(/^--learning-rate is .*: expected a number$/);
    },
  );

  it.each([
    [' 8', '--hidden is " 8": expected a number'],
    ['8\n', String.raw`--hidden is "8\n": expected a number`],
    ['8\t', String.raw`--hidden is "8\t": expected a number`],
  ])('%j is shown in quotes, so that its white space is visible', (text, message) => {
    expect(() => parseNumber('--hidden', text, {})).toThrow(message);
  });

  it.each([
    [{ whole: true, min: 1 }, '0', '--hidden is 0: expected a whole number of at least 1'],
    [{ whole: true, min: 1 }, '1.5', '--hidden is 1.5: expected a whole number of at least 1'],
    [{ above: 0 }, '0', '--hidden is 0: expected a number above 0'],
    [{ min: 0, below: 1 }, '1', '--hidden is 1: expected a number of at least 0 and below 1'],
    [{ above: 0, max: 1 }, '1.01', '--hidden is 1.01: expected a number above 0 and at most 1'],
    [{ min: 0, max: 1 }, '-1', '--hidden is -1: expected a number from 0 to 1'],
    [{ whole: true, min: 0 }, '1e16', '--hidden is 1e16: expected a whole number from 0 to 2^53 − 1'],
    [{ whole: true, min: 1 }, '99999999999999999999', 'expected a whole number from 1 to 2^53 − 1'],
    [{ min: 0 }, '1e999', '--hidden is 1e999: expected a number from 0 to 1.7e308'],
    [{ min: 0, max: 1 }, '1e999', '--hidden is 1e999: expected a number from 0 to 1'],
  ])('outside %j, %s is refused with the allowed range', (range, text, message) => {
    expect(() => parseNumber('--hidden', text, range)).toThrow(message);
  });
});

describe('durations', () => {
  it.each([
    ['30s', 30_000],
    ['3m', 180_000],
    ['1.5h', 5_400_000],
    ['2d', 172_800_000],
    ['1h30m', 5_400_000],
    ['0.5s', 500],
  ])('%s is %d milliseconds', (text, milliseconds) => {
    expect(parseDuration('--budget', text)).toBe(milliseconds);
  });

  it.each(['', '0s', '-3m', '3 m', '3min', '30m1h', 'm', '1.h', '3M', '5m5m'])('%j is refused', (text) => {
    expect(() => parseDuration('--budget', text)).toThrow(/expected a duration such as 30s, 3m or 1.5h/);
  });

  it.each([
    ['0.0000001s', '--budget is 0.0000001s: expected a duration of at least 0.001s'],
    ['99999999999d', '--budget is 99999999999d: expected a duration of at most 1000000d'],
    [`${'9'.repeat(400)}d`, 'expected a duration of at most 1000000d'],
  ])('%s, which a plan could not write as a duration, is refused', (text, message) => {
    expect(() => parseDuration('--budget', text)).toThrow(message);
  });

  it('a number without a unit is refused, and the hint shows possible units', () => {
    expect(() => parseDuration('--budget', '30')).toThrow(
      expect.objectContaining({ hint: expect.stringContaining('--budget 30s, 30m or 30h') }),
    );
  });
});

describe('choices', () => {
  it('a wrong value is refused with all choices and the most similar one', () => {
    expect(() => parseChoice('--optimizer', 'adamw', ['adam', 'sgd'])).toThrow(
      expect.objectContaining({
        message: '--optimizer is adamw: expected one of adam, sgd',
        hint: 'did you mean adam?',
      }),
    );
  });
});
