import { describe, expect, it } from 'vitest';
import { withLabel, textTable } from '../../../src/cli/output/text-table.ts';

const red = (text: string): string => `\u001B[31m${text}\u001B[39m`;

describe('a table of text', () => {
  it('has columns as wide as their widest cell, aligned to the left or to the right', () => {
    const rows = [
      ['', 'nats', 'bits'],
      ['loss', '1.5', '2.16'],
      ['validation', '12.25', ''],
    ];
    expect(textTable(rows, 'lr')).toEqual(['             nats  bits', 'loss          1.5  2.16', 'validation  12.25']);
  });

  it('does not count colours, and omits spaces at the end of a row', () => {
    expect(textTable([[red('a'), 'b'], ['cc']], 'l', 3)).toEqual([`${red('a')}    b`, 'cc']);
  });

  it('has labels to the left of wrapped texts', () => {
    expect(withLabel(red('text'), 'one two three', 6, 13)).toBe(`${red('text')}  one two\n      three`);
  });
});
