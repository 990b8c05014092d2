// The loss on text that is not trained on.
import { type Tokens } from '../corpus/read.ts';
import { evaluationWindows } from '../corpus/batches.ts';
import type { Executable } from '../devices/device.ts';

/**
 * Mean nats per character of a text, every character but the first scored once: `streams` contiguous streams from a zero state,
 * state carried along each.
 * @param tokens at least two
 * @param job an evaluation job of `streams` rows and `sequenceLength` steps
 * @returns null if the signal came before the end
 */
export async function evaluate(
  executable: Executable, job: string, tokens: Tokens, { streams, sequenceLength, signal }: { streams: number; sequenceLength: number; signal?: AbortSignal | undefined },
): Promise<number | null> {
  let sum = 0;
  let count = 0;
  for (const window of evaluationWindows(tokens, streams, sequenceLength)) {
    if (signal?.aborted) return null;
    const [{ lossNats }] = await executable.run(job, [{ ids: window.inputs, targets: window.targets, reset: window.reset }]);
    sum += lossNats;
    count += window.count;
  }
  return sum / count;
}
