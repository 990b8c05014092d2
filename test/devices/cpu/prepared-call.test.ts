import { expect, test } from 'vitest';
import { openCpu } from '../../../src/devices/cpu/cpu.ts';
import { networkProgram } from '../../../src/model/network.ts';
import { initialParameters, parameterShapes } from '../../../src/model/parameters.ts';
import { Random } from '../../../src/random.ts';
import { gruOf, samplingJob } from './sampling-job.ts';

const model = gruOf(9);

test.each([
  [1, true],
  [9, true],
  [9, false],
])(
  'a prepared call of %i row(s) continues from the state of the last call, like the calls of a run (interactive: %s)',
  async (N, interactive) => {
    const device = await openCpu({ threads: 2 });
    const job = samplingJob(model, N);
    const other = {
      name: 'evaluate',
      steps: 2,
      batch: 16,
      build: (rows: number) => networkProgram(model, { steps: 2, rows }, { loss: true }),
    };
    const executable = await device.compile({
      parameters: parameterShapes(model),
      jobs: [other, job],
      update: null,
      interactive,
    });
    const weights = initialParameters(model, new Random(1));
    await executable.write({ kind: 'parameters' }, weights);

    const symbols = Array.from({ length: 5 }, (_, step) =>
      Int32Array.from({ length: N }, (_each, row) => (step * step + row) % 5),
    );
    const zero = async (): Promise<void> => {
      for (const layer of [0, 1])
        await executable.write({ kind: 'state', job: 'sample', name: `layer${layer}.h` }, new Float32Array(N * 9));
    };
    await zero();
    const listed = await executable.run(
      'sample',
      symbols.map((ids) => ({ ids })),
    );

    await zero();
    const call = executable.preparedCall!('sample');
    for (const [step, ids] of symbols.entries()) {
      call.ids.set(ids);
      await call.run();
      expect(call.outputs['logits'].flatMap((row) => [...row])).toEqual([...listed[step].outputs['logits']]);
    }

    // The call uses new weights.
    await executable.write({ kind: 'parameters' }, weights.fill(0));
    await call.run();
    expect(call.outputs['logits'].flatMap((row) => [...row])).toEqual(new Array<number>(5 * N).fill(0));
    await executable.close();
    // The machine code is freed.
    expect(() => call.run()).toThrow('the device is closed');
  },
);
