// A text read from beginning to end by a trained model, for whoever wants to see what comes out at each character.
import { setImmediate } from 'node:timers/promises';
import { type TrainedModel, parameterVector } from '../runs/store.ts';
import { type EvaluationWindow, NO_TARGET, evaluationWindows } from '../corpus/evaluation-windows.ts';
import type { Tokens } from '../corpus/read.ts';
import type { Device } from '../devices/device.ts';
import { parameterShapes } from '../model/parameters.ts';
import { type NetworkOutputs, networkProgram } from '../model/network.ts';

/** A model and its weights, trained or not. */
export type BareModel = Pick<TrainedModel, 'model' | 'tensors'>;

interface ReadingPlan {
  /** Contiguous parts that are read side by side, each from a zero state. */
  readonly streams: number;
  /** T, steps of a call. */
  readonly sequenceLength: number;
  /** What is read before the text; null for nothing. */
  readonly startSymbol?: number | null;
  /** Receives the number of characters that were read. */
  readonly onRead?: ((characters: number) => void) | undefined;
  readonly outputs: NetworkOutputs['outputs'];
}

/**
 * Is given what came out, the row in which it is, and the place in the text of the character that was read; what it is given is valid until
 * it returns.
 */
export type Visit = (outputs: Readonly<Record<string, Float32Array>>, row: number, at: number) => void;

/** Visits what came out of a window where it has a target, row by row. */
export function visitWindow({ targets, starts }: EvaluationWindow, outputs: Readonly<Record<string, Float32Array>>, visit: Visit): void {
  const N = starts.length;
  for (let n = 0; n < N; n++) {
    for (let row = n; row < targets.length; row += N) {
      if (targets[row] !== NO_TARGET) visit(outputs, row, starts[n] + (row - n) / N);
    }
  }
}

/**
 * @param tokens at least two; the last is not read, for nothing follows it
 * @returns what it ran on, in one line
 */
export async function readThrough(
  trained: BareModel,
  tokens: Tokens,
  device: Device,
  { streams: N, sequenceLength: T, startSymbol, onRead, outputs }: ReadingPlan,
  visit: Visit,
): Promise<string> {
  const { model } = trained;
  const executable = await device.compile({
    parameters: parameterShapes(model),
    jobs: [{ name: 'read', steps: T, batch: N, build: (rows) => networkProgram(model, { steps: T, rows }, { outputs }) }],
    update: null,
  });
  try {
    await executable.write({ kind: 'parameters' }, parameterVector(trained));
    let read = 0;
    for (const window of evaluationWindows(tokens, { streams: N, sequenceLength: T, startSymbol: startSymbol ?? null })) {
      const [{ outputs }] = await executable.run('read', [{ ids: window.inputs, reset: window.reset }]);
      visitWindow(window, outputs, visit);
      read += window.count;
      onRead?.(read);
      await setImmediate(); // signals have their turn, even where the device computes on this thread
    }
    return executable.description;
  } finally {
    await executable.close();
  }
}
