// The names of standard input. Pure.

/** The usual sign, and the paths that systems have for it. */
const names: readonly unknown[] = ['-', '/dev/stdin', '/dev/fd/0', '/proc/self/fd/0'];

export const isStandardInput = (source: unknown): boolean => names.includes(source);
