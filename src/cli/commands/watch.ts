// `rnn watch`: the curves of a run while another process trains it. api/ reads the log as it grows.
import type { Context } from '../context.ts';
import { watchOptions } from '../../options/commands.ts';
import { defineCommand } from '../command.ts';
import { escapeControls } from '../output/format.ts';
import { findRun, runNameOf, emptyLogError } from '../given-runs.ts';
import { type Signal, signalCodes } from '../process/signals.ts';

export const { define } = defineCommand({
  description:
    'Show the curves of a run while another process trains it, until the run ends. If stdout is not a terminal, print one line per report.',
  argument: 'A run folder [default: the newest run]',
  options: watchOptions,
  examples: [
    ['rnn watch', 'the newest run'],
    ['rnn watch checkpoints/hamlet --json', 'its events, as they occur'],
  ],
  run: async (given: string | undefined, flags, context) => watch(await findRun(given), flags, context),
});

async function watch(path: string, { json }: { json?: boolean }, context: Context): Promise<number> {
  const { io, stdout, stderr } = context;
  const { followRun } = await import('../../api/runs.ts');
  const { Curves } = await import('../../training/curves.ts');
  const { lineView, screenView } = await import('../results/watch-views.ts');
  const view = stdout.isTerminal && !json ? screenView(stdout, io, runNameOf(path)) : lineView(stdout, json === true);
  const stop = new AbortController();
  const signals: Signal[] = [];
  const forget = io.onSignal((received) => {
    signals.push(received);
    stop.abort();
  });
  try {
    let curves = new Curves();
    for await (const { lines, isAnew } of followRun(path, { signal: stop.signal })) {
      if (isAnew) curves = new Curves();
      for (const line of lines) {
        curves.add(line);
        view.take(line, curves);
      }
      await view.show(curves);
    }
    view.close();
    if (signals.length > 0) return signalCodes[signals[0]];
    if (curves.reports.length + curves.evaluations.length === 0 && curves.end === null) throw emptyLogError(path);
    await view.end(curves);
    if (curves.end === null)
      stderr.warn(
        `no process trains ${escapeControls(path)} any more, and its log does not show why. To resume, use rnn train --resume.`,
      );
    return 0;
  } finally {
    view.close();
    forget();
  }
}
