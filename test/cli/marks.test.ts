import { describe, expect, it } from 'vitest';
import { markedText } from '../../src/cli/marks.ts';

const shaded = (text: string, values: readonly number[]): { text: string; value: number }[] =>
  [...text].map((character, at) => ({ text: character, value: values[at] }));

describe('marks below a text', () => {
  it('rise with the values of their characters, and end where their line does', () => {
    expect(markedText(shaded('ab\ncd', [-1, -2, 0, 0.5, 3]), 80)).toBe('ab↵\n▁▁▅\ncd\n▆█\n');
  });

  it('stand below their characters where a line is cut', () => {
    expect(markedText(shaded('abcde\n', [-1, -1, 1, 1, -1, 1]), 2)).toBe('ab\n▁▁\ncd\n██\ne↵\n▁█\n');
  });

  it('are one for each character, be it a tab, two code units, or one that would move the cursor', () => {
    expect(markedText(shaded('\t😀\u001B', [1, -1, 1]), 80)).toBe('→😀␛\n█▁█\n');
    expect(
      markedText(
        [
          { text: '', value: 1 },
          { text: 'é', value: -1 },
        ],
        80,
      ),
    ).toBe('é\n▁\n');
  });
});
