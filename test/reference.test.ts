import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, it } from 'vitest';
// @ts-expect-error build/ is plain JavaScript, without types
import { reference } from '../build/reference.js';

it('docs/reference/cli.md matches the help of the built program (npm run build:schema writes it)', async () => {
  expect(readFileSync(resolve(import.meta.dirname, '../docs/reference/cli.md'), 'utf8')).toBe(await reference());
  expect(await reference()).not.toContain('undefined');
});
