import { describe, expect, it } from 'vitest';
import { edgesOf } from '../../src/training/edges.ts';
import type { SearchRange, TrialSetting } from '../../src/training/search.ts';

const anyNumber = (): boolean => true;
const fromZeroToOne = ({ value }: TrialSetting): boolean => Number(value) >= 0 && Number(value) < 1;
const list = (...values: string[]): string[] => values;
const range = (low: number, high: number, kind: 'log' | 'linear' = 'linear', whole = false): SearchRange => ({
  low,
  high,
  logarithmic: kind === 'log',
  whole,
});
const edges = (
  option: string,
  values: readonly string[] | SearchRange,
  value: string,
  isValue: (setting: TrialSetting) => boolean = anyNumber,
) => edgesOf([{ option, values }], [{ option, value }], isValue);

describe('the edge of a search', () => {
  it.each([
    ['the highest by its factor', 'hidden', list('64', '128', '256'), '256', 'highest', '512,1024'],
    ['the lowest by its factor', 'lr', list('0.002', '0.005', '0.01'), '0.002', 'lowest', '0.0008,0.00032'],
    [
      'the highest by its difference where there is a zero',
      'dropout',
      list('0', '0.2', '0.4'),
      '0.4',
      'highest',
      '0.6,0.8',
    ],
    ['the end of a list that is not sorted', 'hidden', list('256', '64', '128'), '64', 'lowest', '32,16'],
    ['the upper end of a logarithmic range', 'lr', range(0.001, 0.01, 'log'), '0.0095', 'highest', 'log:0.01..0.1'],
    ['the lower end of a range', 'ar', range(1, 2), '1.05', 'lowest', '0..1'],
    ['a range of whole numbers', 'hidden', range(4, 64, 'log', true), '63', 'highest', 'log:64..1024'],
  ] as const)('is %s', (_, option, values, value, end, next) => {
    expect(edges(option, values, value)).toEqual([{ option, value, end, next, isRange: 'low' in values }]);
  });

  it.each([
    ['a value between two others', 'hidden', list('64', '128', '256'), '128'],
    ['the only value', 'hidden', list('64'), '64'],
    ['a name', 'cell', list('gru', 'lstm'), 'lstm'],
    ['a seed', 'seed', list('1', '2'), '2'],
    ['a value within a range', 'lr', range(0.001, 0.01, 'log'), '0.003'],
  ])('is not %s', (_, option, values, value) => {
    expect(edges(option, values, value)).toEqual([]);
  });

  it('continues as far as the option allows, and is missing if the option cannot go further', () => {
    expect(edges('dropout', list('0.1', '0.4', '0.7'), '0.7', fromZeroToOne)).toEqual([]);
    expect(edges('dropout', list('0', '0.3', '0.6'), '0.6', fromZeroToOne)).toMatchObject([{ next: '0.9' }]);
    expect(edges('dropout', list('0', '0.3', '0.6'), '0', fromZeroToOne)).toEqual([]);
    expect(edges('dropout', range(0, 0.5), '0.49', fromZeroToOne)).toMatchObject([{ next: '0.5..0.75' }]);
    expect(edges('dropout', range(0, 0.5), '0.01', fromZeroToOne)).toEqual([]);
  });
});
