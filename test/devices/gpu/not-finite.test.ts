// Numbers that are not finite. The language of shaders lets a compiler assume that there are none,
// so a GPU may lose them on the way to the loss. None may be trained on.
import { afterAll, describe, expect, test } from 'vitest';
import type { Call, Executable } from '../../../src/devices/device.ts';
import { openHere } from './helpers.ts';
import { Trial } from './trial.ts';

const trials = {
  lstm: new Trial({ cell: 'lstm', dropout: 0 }),
  gru: new Trial({ cell: 'gru', dropout: 0 }),
  'rnn-relu': new Trial({ cell: 'rnn-relu', dropout: 0 }),
};

for (const name of ['gpu:cpu', 'gpu:software'])
  for (const [cell, trial] of Object.entries(trials)) {
    const { device, missing } = await openHere(name);

    describe.skipIf(missing !== '')(`${name}, ${cell}${missing}`, async () => {
      const executable = device === null ? null! : await device.compile(trial.workload);
      afterAll(() => device!.close());
      // Each token occurs.
      const call: Call = { ...trial.training(1)[0], ids: trial.everyToken(), reset: false };

      async function expectRefusal(weights: Float32Array): Promise<void> {
        await executable.write({ kind: 'parameters' }, weights);
        const [{ lossNats, gradientNorm, updated }] = await executable.run('train', [call]);
        expect({ lossNats, gradientNorm, updated }).toMatchObject({ updated: false });
        expect(Number.isFinite(lossNats + gradientNorm)).toBe(false);
        expect(await executable.read({ kind: 'parameters' })).toEqual(weights);
      }

      test.each(trial.tensors())('NaN in any column of %s is refused', async (_, first, columns) => {
        for (let column = 0; column < columns; column += 3) {
          await clear(executable, trial);
          await expectRefusal(trial.parameters().fill(NaN, first + column, first + column + 1));
        }
      });

      test('weights that overflow are refused', async () => {
        await clear(executable, trial);
        await expectRefusal(trial.parameters().map((weight) => weight * 1e38));
      });

      test.each([NaN, Infinity, -Infinity])('%d in a state is refused', async (value) => {
        for (const state of trial.states) {
          await clear(executable, trial);
          const values = await executable.read({ kind: 'state', job: 'train', name: state });
          await executable.write({ kind: 'state', job: 'train', name: state }, values.fill(value, 1, 2));
          await expectRefusal(trial.parameters());
        }
      });

      test('after all of them, it trains', async () => {
        await clear(executable, trial);
        await executable.write({ kind: 'parameters' }, trial.parameters());
        const [{ lossNats, updated }] = await executable.run('train', [{ ...call, reset: true }]);
        expect(lossNats / call.ids.length).toBeCloseTo(Math.log(7), 0);
        expect(updated).toBe(true);
      });
    });
  }

async function clear(executable: Executable, trial: Trial): Promise<void> {
  for (const name of trial.states) {
    const state = { kind: 'state', job: 'train', name } as const;
    await executable.write(state, (await executable.read(state)).fill(0));
  }
}
