// Gradient accumulation: --accumulate.
import { expect, test } from 'vitest';
import { type Checkpoint, parameterVector, readCheckpoint } from '../../src/runs/store.ts';
import { train, verses } from './fixture.ts';

const runOptions = { accumulate: 4, schedule: 'constant' } as const;

async function trained(
  maxSteps: number,
  options: object = {},
  resumedFrom: Checkpoint | null = null,
): Promise<Checkpoint> {
  return readCheckpoint(
    (await train(verses, { ...runOptions, maxSteps, ...options }, { resumedFrom })).folder.latestPath,
  );
}

test('weights change only at every n-th window, and a checkpoint between two updates keeps the sum of the gradients', async () => {
  const [one, three, four, seven] = await Promise.all([1, 3, 4, 7].map((steps) => trained(steps)));
  expect(parameterVector(three)).toEqual(parameterVector(one));
  expect(parameterVector(four)).not.toEqual(parameterVector(three));
  expect(parameterVector(seven)).toEqual(parameterVector(four));
  expect([three, four, seven].map(({ optimizer }) => optimizer!.scalars)).toEqual([
    { step: 0, windows: 4, waiting: 3 },
    { step: 1, windows: 4, waiting: 0 },
    { step: 1, windows: 4, waiting: 3 },
  ]);
  expect(seven.training.step).toBe(7);
  expect(seven.optimizer!.tensors.find(({ name }) => name === 'sum')!.data.some((x) => x !== 0)).toBe(true);
});

test('with another number of windows the optimizer continues, and the accumulated gradients are dropped', async () => {
  const seven = await trained(7);
  const eight = await trained(8, { accumulate: 2 }, seven);
  expect(eight.optimizer!.scalars).toEqual({ step: 1, windows: 2, waiting: 1 });
  const plain = await trained(8, { accumulate: 1 }, seven);
  expect(plain.optimizer!.scalars).toEqual({ step: 2 });
  expect(plain.optimizer!.tensors.map(({ name }) => name)).toEqual(['m', 'v']);
});

test('a checkpoint without its accumulated gradients is refused', async () => {
  const seven = await trained(7);
  const { optimizer } = seven;
  const wrong = [
    { ...optimizer!, tensors: optimizer!.tensors.filter(({ name }) => name !== 'sum') },
    { ...optimizer!, scalars: { ...optimizer!.scalars, waiting: 4 } },
  ];
  for (const changed of wrong)
    await expect(trained(8, {}, { ...seven, optimizer: changed })).rejects.toMatchObject({ kind: 'checkpoint' });
});
