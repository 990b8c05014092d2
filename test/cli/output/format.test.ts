import { describe, expect, it } from 'vitest';
import { count } from '../../../src/count.ts';
import {
  formatBytes,
  formatCompact,
  formatDuration,
  escapeControls,
  formatSignificant,
} from '../../../src/cli/output/format.ts';
import { shellWord } from '../../../src/shell-word.ts';

describe('how numbers are shown', () => {
  it('large numbers are grouped or shortened', () => {
    expect(count(1_115_394)).toBe('1,115,394');
    expect([812, 999.6, 45_210, 99_960, 999_600, 1_240_000].map(formatCompact)).toEqual([
      '812',
      '1.00k',
      '45.2k',
      '100k',
      '1.00M',
      '1.24M',
    ]);
  });

  it('times have two units at most, and never 60 of a unit', () => {
    expect([0, 8400, 59_600, 130_000, 3_599_600, 11_100_000, 187_200_000].map(formatDuration)).toEqual([
      '0s',
      '8s',
      '1m 00s',
      '2m 10s',
      '1h 00m',
      '3h 05m',
      '2d 4h',
    ]);
  });

  it('sizes are in powers of ten', () => {
    expect([0, 512, 3_400_000, 999_600, 96_000_000].map(formatBytes)).toEqual([
      '0 B',
      '512 B',
      '3.4 MB',
      '1.0 MB',
      '96 MB',
    ]);
  });

  it('a learning rate has three significant digits', () => {
    expect([0.002, 0.00012345, 1.2345e-8].map(formatSignificant)).toEqual(['0.002', '0.000123', '1.23e-8']);
  });
});

describe('how text is shown', () => {
  it('nothing in a training sample can move the cursor', () => {
    expect(escapeControls('a\u001B[2J\u0007b\u009Bc\r\n\td\u007F')).toBe('a␛[2J␇b\\u{9b}c␍\n\td␡');
    // Nor change the direction of the text around it.
    expect(escapeControls('a\u202Eb\u2066c\u200F')).toBe('a\\u{202e}b\\u{2066}c\u200F');
  });

  it('a path can be pasted into a shell', () => {
    expect([`checkpoints/hamlet-1`, `my runs/it's`].map(shellWord)).toEqual([
      'checkpoints/hamlet-1',
      `'my runs/it'\\''s'`,
    ]);
  });
});
