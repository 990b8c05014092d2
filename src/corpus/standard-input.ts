// The names of standard input. Pure.

/** The conventional name, and the paths that operating systems provide. */
const names: readonly unknown[] = ['-', '/dev/stdin', '/dev/fd/0', '/proc/self/fd/0'];

export const isStandardInput = (source: unknown): boolean => names.includes(source);
