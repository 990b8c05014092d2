// A text read from beginning to end by a trained model, for whoever wants to see what comes out at each character.
import { setImmediate } from 'node:timers/promises';
import { type TrainedModel, parameterVector } from '../checkpoint/store.ts';
import { NO_TARGET, evaluationWindows } from '../corpus/batches.ts';
import type { Tokens } from '../corpus/read.ts';
import type { Device } from '../devices/device.ts';
import { parameterShapes } from '../model/parameters.ts';
import type { Extent } from '../model/layer.ts';
import type { ModelConfiguration } from '../model/configuration.ts';
import type { Program } from '../program/value.ts';

/** A model and its weights, trained or not. */
export type BareModel = Pick<TrainedModel, 'model' | 'tensors'>;

export interface ReadingPlan {
  /** Contiguous parts that are read side by side, each from a zero state. */
  readonly streams: number;
  /** T, steps of a call. */
  readonly sequenceLength: number;
  /** Gives what is to be seen as its outputs, row by row (T·N). */
  program(model: ModelConfiguration, extent: Extent): Program;
}

/**
 * @param tokens at least two; the last is not read, for nothing follows it
 * @param visit is given what came out, the row in which it is, and the place in the text of the character that was read; what it is given is valid until it returns
 * @returns what it ran on, in one line
 */
export async function readThrough(
  trained: BareModel, tokens: Tokens, device: Device, { streams: N, sequenceLength: T, program }: ReadingPlan,
  visit: (outputs: Readonly<Record<string, Float32Array>>, row: number, at: number) => void,
): Promise<string> {
  const { model } = trained;
  const executable = await device.compile({ parameters: parameterShapes(model), jobs: [{ name: 'read', steps: T, batch: N, build: (rows) => program(model, { steps: T, rows }) }], update: null });
  try {
    await executable.write({ kind: 'parameters' }, parameterVector(trained));
    for (const { inputs, targets, reset, starts } of evaluationWindows(tokens, N, T)) {
      const [{ outputs }] = await executable.run('read', [{ ids: inputs, reset }]);
      for (let n = 0; n < N; n++) {
        for (let t = 0; t < T && targets[t * N + n] !== NO_TARGET; t++) visit(outputs, t * N + n, starts[n] + t);
      }
      await setImmediate(); // signals have their turn, even where the device computes on this thread
    }
    return executable.description;
  } finally {
    await executable.close();
  }
}
