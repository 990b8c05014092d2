// The loss on text that is not trained on.
import { setImmediate } from 'node:timers/promises';
import { type Tokens } from '../corpus/read.ts';
import { type EvaluationSplit, evaluationWindows, scoredCharacters } from '../corpus/evaluation-windows.ts';
import type { CallResult, Executable } from '../devices/device.ts';
import { type Visit, visitWindow } from '../insight/reading.ts';
import type { ActivityListener } from './activity.ts';

interface EvaluationPlan extends EvaluationSplit {
  readonly isUrgent?: () => boolean;
  readonly visit?: Visit;
  readonly onActivity?: ActivityListener;
}

/**
 * Mean nats per character of a text, every character but the first scored once, or those of a sample: in `streams` contiguous chunks from a
 * zero state, state carried along each.
 * @param tokens at least two
 * @param job an evaluation job of `streams` rows and `sequenceLength` steps
 * @param startSymbol is read before the text; null for nothing
 * @param isUrgent is asked again and again whether to give up
 * @param visit is given the outputs of the job at each character
 * @param onActivity receives the progress after each run of calls
 * @returns null if it was given up
 */
export async function evaluate(
  executable: Executable,
  job: string,
  tokens: Tokens,
  { isUrgent, visit, onActivity, ...split }: EvaluationPlan,
): Promise<number | null> {
  let sum = 0;
  let count = 0;
  // Made anew for each call, the garbage would take longer than what is computed of them.
  let spare: readonly CallResult['outputs'][] = [];
  const total = scoredCharacters(tokens.length, split);
  const windows = evaluationWindows(tokens, split);
  onActivity?.({ kind: 'validating', done: 0, total });
  for (;;) {
    const taken = take(windows, executable.callsPerRun(job));
    if (taken.length === 0) return sum / count;
    if (isUrgent?.()) return null;
    const results = await executable.run(
      job,
      taken.map(({ inputs, targets, reset }, index) => ({ ids: inputs, targets, reset, ...(spare[index] && { into: spare[index] }) })),
    );
    spare = results.map(({ outputs }) => outputs);
    for (const [index, { lossNats, outputs }] of results.entries()) {
      sum += lossNats;
      if (visit !== undefined) visitWindow(taken[index], outputs, visit);
    }
    for (const window of taken) count += window.count;
    onActivity?.({ kind: 'validating', done: count, total });
    await setImmediate(); // signals have their turn, even where the device computes on this thread
  }
}

/** The next so many items, or as many as are left. */
function take<Item>(items: Iterator<Item>, most: number): readonly Item[] {
  const taken: Item[] = [];
  while (taken.length < most) {
    const next = items.next();
    if (next.done) break;
    taken.push(next.value);
  }
  return taken;
}
