import { describe, expect, it } from 'vitest';
import { atAnyDepth, hasPatternSyntax, splitPattern } from '../../src/corpus/patterns.ts';

describe('a file pattern', () => {
  it.each([
    ['texts/*.txt', 'texts', '*.txt'],
    ['a/b/**/*.c', 'a/b', '**/*.c'],
    ['*.txt', '.', '*.txt'],
    ['/*.txt', '/', '*.txt'],
    ['/srv/{a/b,c}/*.txt', '/srv', '{a/b,c}/*.txt'],
    ['{a/b,c}/d.txt', '.', '{a/b,c}/d.txt'],
  ])('%s starts from a folder on every system', (source, folder, pattern) => {
    for (const platform of ['linux', 'darwin', 'win32'] as const)
      expect(splitPattern(source, platform)).toEqual({ folder, pattern });
  });

  it.each([
    ['texts\\*.txt', 'texts', '*.txt'],
    ['C:\\texts\\**\\*.txt', 'C:/texts', '**/*.txt'],
    ['C:\\*.txt', 'C:/', '*.txt'],
    ['\\\\host\\texts\\*.txt', '//host/texts', '*.txt'],
  ])('%s has folders between backslashes on Windows', (source, folder, pattern) => {
    expect(splitPattern(source, 'win32')).toEqual({ folder, pattern });
  });

  it('may escape a star with a backslash, except on Windows', () => {
    expect(hasPatternSyntax('what\\*', 'linux')).toBe(false);
    expect(hasPatternSyntax('what\\*', 'win32')).toBe(true);
  });

  it('also matches base names', () => {
    expect(atAnyDepth(['./a/*.c'], 'linux')).toEqual(['a/*.c', '**/a/*.c']);
    expect(atAnyDepth(['.\\a\\*.c'], 'win32')).toEqual(['a/*.c', '**/a/*.c']);
  });
});
