// Patterns of files as a user writes them, and as the library that matches them wants them: with slashes between folders.
import { existsSync } from 'node:fs';
import { escapePath, isDynamicPattern } from 'tinyglobby';

/**
 * A pattern with slashes between folders. Elsewhere than on Windows a backslash is no separator: it makes the next character stand for
 * itself.
 */
function withSlashes(pattern: string, platform: NodeJS.Platform = process.platform): string {
  return platform === 'win32' ? pattern.replaceAll('\\', '/') : pattern;
}

export function isPatternOf(source: string, platform?: NodeJS.Platform): boolean {
  return isDynamicPattern(withSlashes(source, platform));
}

/** A pattern that only this name matches; a byte that cannot be typed matches any byte. */
export const literalPattern = (name: string): string => escapePath(name).replace(/[\u{DC80}-\u{DCFF}]/gu, '?');

/** The folder that a pattern starts from, and the rest of it. In a folder of this very name nothing is a pattern. */
export function splitPattern(source: string, platform?: NodeJS.Platform): { folder: string; pattern: string } {
  const slashed = withSlashes(source, platform);
  const segments = slashed.split('/');
  // A brace may span segments ({a/b,c}), none of which is a pattern by itself.
  const first = segments.findIndex(
    (segment, index) => (isDynamicPattern(segment) || segment.includes('{')) && !existsSync(segments.slice(0, index + 1).join('/')),
  );
  const start = Math.max(first, 0);
  const folder = segments.slice(0, start).join('/');
  const pattern = segments.slice(start).join('/');
  if (folder === '') return { folder: slashed.startsWith('/') ? '/' : '.', pattern };
  // A drive alone is the present folder of that drive.
  return { folder: /^[a-z]:$/i.test(folder) ? `${folder}/` : folder, pattern };
}

/** Patterns as they are and, so that they match the base name, at any depth. */
export function atAnyDepth(patterns: readonly string[], platform?: NodeJS.Platform): string[] {
  return patterns.flatMap((pattern) => {
    const plain = withSlashes(pattern, platform).replace(/^\.\//, '');
    return [plain, `**/${plain}`];
  });
}
