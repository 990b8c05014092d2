import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, it } from 'vitest';
// @ts-expect-error build/ is plain JavaScript, without types
import { drawings } from '../../build/drawings.js';
// @ts-expect-error build/ is plain JavaScript, without types
import { probabilitiesAt } from '../../build/drawings/temperature.js';

const docs = resolve(import.meta.dirname, '../../docs');
const read = (name: string): string => readFileSync(resolve(docs, name), 'utf8');
const draw = drawings as Readonly<Record<string, () => string>>;

it('docs/pictures has the drawings of build/drawings.js', () => {
  for (const [name, svg] of Object.entries(draw)) expect(read(`pictures/${name}`), name).toBe(svg());
});

it('docs/how-it-works.md shows each drawing', () => {
  const shown = [...read('how-it-works.md').matchAll(/\]\(pictures\/([\w-]+\.svg)\)/g)].map(([, name]) => name);
  expect(shown.toSorted()).toEqual(Object.keys(draw).toSorted());
});

it('the probabilities of the drawing add up to 1, and are more equal at a higher temperature', () => {
  const [low, high] = [0.5, 2].map((temperature) => probabilitiesAt(temperature) as number[]);
  expect(low.reduce((sum, p) => sum + p)).toBeCloseTo(1, 12);
  expect(Math.max(...high)).toBeLessThan(Math.max(...low));
});
