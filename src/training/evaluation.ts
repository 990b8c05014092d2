// The loss on text that is not trained on.
import { type Tokens } from '../corpus/read.ts';
import { evaluationWindows } from '../corpus/batches.ts';
import type { Executable } from '../devices/device.ts';

/**
 * Mean nats per character of a text, every character but the first scored once: `streams` contiguous streams from a zero state,
 * state carried along each.
 * @param job an evaluation job of `streams` rows and `sequenceLength` steps
 */
export async function evaluate(executable: Executable, job: string, tokens: Tokens, { streams, sequenceLength }: { streams: number; sequenceLength: number }): Promise<number> {
  let sum = 0;
  let count = 0;
  for (const window of evaluationWindows(tokens, streams, sequenceLength)) {
    const [{ lossNats }] = await executable.run(job, [{ ids: window.inputs, targets: window.targets, reset: window.reset }]);
    sum += lossNats;
    count += window.count;
  }
  return sum / count;
}
