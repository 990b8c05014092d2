// Makes the results of checks, one function for each verdict.
import type { Check } from './check.ts';

const checkWith =
  (verdict: Check['verdict']) =>
  (title: string, detail: string, fix: string | null = null, more: Pick<Check, 'device' | 'facts'> = {}): Check => ({
    title,
    verdict,
    detail,
    fix,
    ...more,
  });
export const good = checkWith('good');
export const bad = checkWith('bad');
export const absent = checkWith('absent');
