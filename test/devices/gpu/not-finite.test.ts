// Numbers that are not finite. The language of shaders lets a compiler ignore them, so a GPU may
// turn them into numbers before they reach the loss. An update from such numbers must be refused.
import { afterAll, describe, expect, test } from 'vitest';
import type { Call, Executable, UpdateRule } from '../../../src/devices/device.ts';
import { Builder } from '../../../src/program/builder.ts';
import { openHere } from './helpers.ts';
import { Trial } from './trial.ts';

/** An update that makes a weight NaN where the slot is 1. */
const spoil: UpdateRule = {
  slots: ['spoilt'],
  scalars: [],
  clipNorm: 0,
  build(count) {
    const ops = new Builder();
    const [weights, spoilt] = ['parameters', 'spoilt'].map((name) => ops.input(name, 1, count));
    const factor = ops.sqrt(ops.offset(ops.scale(spoilt, -2), 1));
    return ops.program(
      new Map([
        ['parameters', ops.multiply(weights, factor)],
        ['spoilt', ops.scale(spoilt, 0)],
      ]),
    );
  },
};

for (const name of ['gpu:cpu', 'gpu:software'])
  for (const cell of ['lstm', 'gru', 'rnn-relu']) {
    const { device, missing } = await openHere(name);
    const trial = new Trial({ cell, dropout: 0 });
    const call: Call = { ...trial.training(1)[0], ids: trial.everyToken(), reset: false, update: {} };
    const compiled = device?.compile({ ...trial.workload, update: spoil });

    describe.skipIf(missing !== '')(`${name}, ${cell}${missing}`, () => {
      afterAll(() => device!.close());

      /** With these weights, and zeros in the slot and the states. */
      async function start(weights: Float32Array): Promise<Executable> {
        const executable = (await compiled)!;
        await executable.write({ kind: 'parameters' }, weights);
        await executable.write({ kind: 'slot', name: 'spoilt' }, new Float32Array(weights.length));
        for (const state of trial.states) await setState(executable, state, 0);
        return executable;
      }

      /** A state of zeros, but for this value. */
      async function setState(executable: Executable, state: string, value: number): Promise<void> {
        const resident = { kind: 'state', job: 'train', name: state } as const;
        const values = (await executable.read(resident)).fill(0);
        await executable.write(resident, values.fill(value, 1, 2));
      }

      async function expectRefusal(executable: Executable): Promise<void> {
        const before = await executable.read({ kind: 'parameters' });
        // Any update would make all weights NaN.
        await executable.write({ kind: 'slot', name: 'spoilt' }, new Float32Array(before.length).fill(1));
        const results = await executable.run('train', [call, { ...call, reset: true }, call]);
        const [{ lossNats, gradientNorm }] = results;
        expect(results).toMatchObject([{ updated: false }]);
        expect(Number.isFinite(lossNats + gradientNorm)).toBe(false);
        expect(await executable.read({ kind: 'parameters' })).toEqual(before);
      }

      test.each(trial.tensors())('refuses a weight of %s that has become NaN', async (tensor, first, columns) => {
        for (let column = 0; column < columns; column += 5) {
          const executable = await start(trial.parameters());
          const spoilt = new Float32Array(trial.parameters().length).fill(1, first + column, first + column + 1);
          await executable.write({ kind: 'slot', name: 'spoilt' }, spoilt);
          expect((await executable.run('train', [call]))[0].updated).toBe(true);
          expect((await executable.read({ kind: 'parameters' })).map((weight) => Number(Number.isNaN(weight)))).toEqual(
            spoilt,
          );
          await expectRefusal(executable);
          // Now the state is NaN too.
          await executable.write({ kind: 'parameters' }, trial.parameters());
          if (!tensor.startsWith('head')) await expectRefusal(executable);
        }
      });

      test('refuses weights that overflow', async () => {
        await expectRefusal(await start(trial.parameters().map((weight) => weight * 1e38)));
      });

      test.each([NaN, Infinity, -Infinity])('refuses a state of %d', async (value) => {
        for (const state of trial.states) {
          const executable = await start(trial.parameters());
          await setState(executable, state, value);
          await expectRefusal(executable);
        }
      });

      test('trains after all of them', async () => {
        const executable = await start(trial.parameters());
        const [{ lossNats, updated }] = await executable.run('train', [call]);
        expect(lossNats / call.ids.length).toBeCloseTo(Math.log(trial.vocabulary), 0);
        expect(updated).toBe(true);
      });
    });
  }
