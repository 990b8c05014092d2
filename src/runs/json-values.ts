// What may be wrong with values that came out of JSON, and how a message quotes them. Knows no
// files.
import { inQuotes } from '../errors.ts';
import { shortened } from '../options/values.ts';
import { limits } from './checkpoint.ts';

/** Ends the reading with an error that says what is wrong; the caller knows the file's name. */
export type Fail = (detail: string, cause?: unknown) => never;

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const isWhole = (value: unknown, min: number, max: number): value is number =>
  Number.isInteger(value) && (value as number) >= min && (value as number) <= max;

/** They could reach a prototype. */
export const forbiddenKeys = new Set(['__proto__', 'constructor', 'prototype']);

/** A value of a checkpoint as a message quotes it: all of it if it is short. */
export const shown = (value: unknown): string => shortened(jsonOf(value) ?? inQuotes(value));

/** Undefined for what JSON has no word for: a BigInt, a symbol, a list that holds itself. */
function jsonOf(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}

/**
 * What, if anything, makes a value unfit for a checkpoint: a number that JSON has no word for, a
 * key that could reach a prototype, too much depth. `keys` counts the keys met: fewer than were
 * written means that one was there twice.
 */
export function troubleInJson(
  value: unknown,
  what: string,
): { readonly message: string | null; readonly keys: number } {
  let keys = 0;
  const path: (string | number)[] = [];
  function visit(value: unknown): string | null {
    if (typeof value === 'number') return Number.isFinite(value) ? null : `is ${value}, not a finite number`;
    if (typeof value === 'bigint' || typeof value === 'symbol' || typeof value === 'function')
      return `is ${inQuotes(value)}, which JSON cannot hold`;
    if (typeof value !== 'object' || value === null) return null;
    if (path.length > limits.depth) return `is nested more than ${limits.depth} deep`;
    for (const [key, inner] of Array.isArray(value) ? value.entries() : Object.entries(value)) {
      path.push(key);
      if (typeof key === 'string') keys++;
      const trouble = typeof key === 'string' && forbiddenKeys.has(key) ? 'is a forbidden name' : visit(inner);
      if (trouble !== null) return trouble;
      path.pop();
    }
    return null;
  }
  const trouble = visit(value);
  return { message: trouble === null ? null : `${what}${shownPath(path)} ${trouble}`.replace(/^\./, ''), keys };
}

/** `.options.include[3]`; of a long one the end, without what could disturb a terminal. */
function shownPath(path: readonly (string | number)[]): string {
  const text = path
    .map((key) => (typeof key === 'number' ? `[${key}]` : `.${JSON.stringify(key).slice(1, -1)}`))
    .join('');
  return text.length > 120 ? `...${text.slice(-117)}` : text;
}
