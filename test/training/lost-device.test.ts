// A device that is lost during a run, for good or for a while.
import { expect, test } from 'vitest';
import { RnnError } from '../../src/errors.ts';
import type { TrainingEvent } from '../../src/training/events.ts';
import { prepareTraining } from '../../src/training/train.ts';
import { defaultSettings, deviceThat, newFolder, optionsOf, verses } from './fixture.ts';

test('a device that is lost permanently ends the run, and the state of the step before is saved', async () => {
  const device = await deviceThat((result, call) => {
    if (call === 8) throw new RnnError('device', 'the GPU was lost and is not found again');
    return result;
  });
  const run = await prepareTraining({
    ...defaultSettings,
    options: optionsOf(verses, { maxSteps: 20 }),
    corpus: verses,
    device,
  });
  const events: TrainingEvent[] = [];
  const train = async (): Promise<void> => {
    for await (const event of run.train(await newFolder())) events.push(event);
  };
  await expect(train()).rejects.toThrow('is not found again');
  expect(events.at(-1)).toMatchObject({ event: 'checkpoint', step: 7 });
  await run.close();
});

test('a device that returns is reported, and the run continues', async () => {
  const device = await deviceThat((result, call) =>
    call === 3 ? { ...result, note: 'the GPU was lost and found again' } : result,
  );
  const run = await prepareTraining({
    ...defaultSettings,
    options: optionsOf(verses, { maxSteps: 5 }),
    corpus: verses,
    device,
  });
  const events: TrainingEvent[] = [];
  for await (const event of run.train(await newFolder())) events.push(event);
  expect(events.filter(({ event }) => event === 'recovery')).toMatchObject([
    { step: 3, reason: 'the GPU was lost and found again' },
  ]);
  expect(events.at(-1)).toMatchObject({ event: 'end', reason: 'max-steps', step: 5 });
  await run.close();
});
