// Checks values that were read from JSON, and quotes them in messages. Independent of files.
import { inQuotes } from '../errors.ts';
import { shorten } from '../options/values.ts';
import { checkpointLimits } from './checkpoint.ts';

/** Throws an error with this detail. It knows the name of the file. */
export type Fail = (detail: string, cause?: unknown) => never;

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const isWhole = (value: unknown, min: number, max: number): value is number =>
  Number.isInteger(value) && (value as number) >= min && (value as number) <= max;

/** Keys that could reach a prototype. */
export const forbiddenKeys = new Set(['__proto__', 'constructor', 'prototype']);

/** A value of a checkpoint as messages quote it, shortened if it is long. */
export const describeValue = (value: unknown): string => shorten(jsonOf(value) ?? inQuotes(value));

/**
 * Undefined for values that JSON cannot express: a BigInt, a symbol, a list that contains itself.
 */
function jsonOf(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}

/**
 * The reason why a value is unfit for a checkpoint, or null: a number that JSON cannot express, a
 * key that could reach a prototype, too much depth. `keys` counts the keys: fewer than were written
 * means that a key is duplicate.
 */
export function problemInJson(
  value: unknown,
  what: string,
): { readonly message: string | null; readonly keys: number } {
  let keys = 0;
  const path: (string | number)[] = [];
  function visit(value: unknown): string | null {
    if (typeof value === 'number') return Number.isFinite(value) ? null : `is ${value}: expected a finite number`;
    if (typeof value === 'bigint' || typeof value === 'symbol' || typeof value === 'function')
      return `is ${inQuotes(value)}, which JSON cannot hold`;
    if (typeof value !== 'object' || value === null) return null;
    if (path.length > checkpointLimits.depth) return `is nested more than ${checkpointLimits.depth} levels deep`;
    for (const [key, inner] of Array.isArray(value) ? value.entries() : Object.entries(value)) {
      path.push(key);
      if (typeof key === 'string') keys++;
      const problem = typeof key === 'string' && forbiddenKeys.has(key) ? 'is a forbidden name' : visit(inner);
      if (problem !== null) return problem;
      path.pop();
    }
    return null;
  }
  const problem = visit(value);
  return { message: problem === null ? null : `${what}${describePath(path)} ${problem}`.replace(/^\./, ''), keys };
}

/**
 * `.options.include[3]`. Only the end of a long path, without characters that could disturb a
 * terminal.
 */
function describePath(path: readonly (string | number)[]): string {
  const text = path
    .map((key) => (typeof key === 'number' ? `[${key}]` : `.${JSON.stringify(key).slice(1, -1)}`))
    .join('');
  return text.length > 120 ? `...${text.slice(-117)}` : text;
}
