// Shows the events of a training run to the user: as JSON, as warnings only, as lines, or as lines
// above a progress bar.
import type { Activity } from '../../training/activity.ts';
import type { ReportEvent, TrainingEvent } from '../../training/events.ts';
import { count } from '../../count.ts';
import { type Unit, tokenName } from '../../options/choices.ts';
import { escapeControls } from '../output/format.ts';
import type { Output } from '../output/output.ts';
import { Estimate } from './estimate.ts';
import { type ProgressState, type ShownWait, leftOf, progressLine, waitLine } from './line.ts';
import { WaitingLine } from './live-line.ts';
import {
  endText,
  recoveryText,
  reportText,
  sampleLine,
  sampleText,
  startText,
  validationText,
  wrapText,
} from './text.ts';

export interface Reporter {
  /**
   * @param level the level of the model, if the events do not begin with the start of the run
   * @throws OutputClosed if the reader of the output has closed it
   */
  handle(event: TrainingEvent, level?: Unit): Promise<void>;
  /** A line that is not an event, such as a chosen option or a path. */
  note(text: string): void;
  /** A line that even --quiet shows. */
  warn(text: string): void;
  /** Shows the progress of work other than training. Only a terminal has a line for it. */
  readonly listen?: ((activity: Activity) => void) | undefined;
  /** Removes the progress line from the terminal. May be called more than once. */
  close(): void;
}

/** @param options `maxTimeMs` ends this invocation, so it limits the time left */
export function openReporter(
  stdout: Output,
  stderr: Output,
  options: { json?: boolean; quiet?: boolean; maxTimeMs?: number | null },
): Reporter {
  if (options.json) return warningsOf(stderr, (event) => stdout.writeJson(event));
  if (options.quiet)
    return warningsOf(stderr, async (event) => {
      if (event.event === 'recovery') stderr.warn(recoveryText(event));
    });
  return textReporter(stderr, options.maxTimeMs ?? null);
}

const warningsOf = (stderr: Output, handle: Reporter['handle']): Reporter => ({
  handle,
  note() {},
  warn: (text) => stderr.warn(text),
  close() {},
});

/**
 * Milliseconds between two printed reports, at a given age of the run: ten seconds for the first
 * ten minutes, then a sixtieth of the age, so that a night of training prints about 250 lines
 * instead of 30,000.
 */
export const reportEveryMs = (elapsedMs: number): number => Math.max(10_000, elapsedMs / 60);

/**
 * Prints lines, and in a terminal a progress bar below them.
 *
 * @param now milliseconds since an arbitrary moment
 */
export function textReporter(stderr: Output, maxTimeMs: number | null, now = () => performance.now()): Reporter {
  const { colour } = stderr;
  const estimate = new Estimate(maxTimeMs);
  /** Null before the run starts. */
  let state: ProgressState | null = null;
  let reportedMs = 0;
  let nextReportMs = 0;
  let savedStep = -1;
  let level: Unit = 'char';

  /**
   * Counts down between two reports, but is at least the remaining time of the wait. Null if a wait
   * takes longer than expected: the estimate is then used up.
   */
  const timeLeft = (wait: ShownWait | null): number | null => {
    const timeLeftMs = state?.timeLeftMs ?? null;
    if (timeLeftMs === null) return null;
    const left = Math.max(0, timeLeftMs - (now() - reportedMs));
    return wait === null ? left : Math.max(left, leftOf(wait) ?? 0) || null;
  };
  const draw = (wait: ShownWait | null, width: number, frame: number): string =>
    state === null
      ? waitLine(wait, width, colour, frame)
      : progressLine({ ...state, wait, timeLeftMs: timeLeft(wait) }, width, colour, frame);
  const line = stderr.isTerminal ? new WaitingLine(stderr, draw, now) : null;
  const width = (): number => (line === null ? Infinity : stderr.columns - 1);
  const note = (text: string): void => stderr.line(wrapText(text, width()));
  const warn = (text: string): void => stderr.line(colour.yellow(wrapText(`warning: ${text}`, width())));
  const close = (): void => line?.end();

  const showReport = (report: ReportEvent): void => {
    const { progress, step, lossNats, learningRate, charactersPerSecond, elapsedMs } = report;
    const timeLeftMs = estimate.timeLeftMs(report);
    reportedMs = now();
    state = { ...state, progress, step, lossNats, learningRate, charactersPerSecond, timeLeftMs };
    if (line !== null || (elapsedMs < nextReportMs && progress < 1)) return;
    nextReportMs = elapsedMs + reportEveryMs(elapsedMs);
    note(reportText(report, timeLeftMs, level, colour));
  };

  return {
    listen: line?.listen,
    note,
    warn,
    close,
    async handle(event, given = level) {
      line?.endWait(); // the wait was for this event
      level = event.event === 'start' ? event.corpus.level : given;
      switch (event.event) {
        case 'start':
          estimate.start(event);
          note(startText(event, colour, width()));
          state = { ...beforeReports, level };
          return line?.show();
        case 'report':
          return showReport(event);
        case 'evaluation':
          state = { ...(state ?? beforeReports), validationLossNats: event.validationLossNats };
          return note(validationText(event, level, colour) + (event.best ? colour.green('  best so far') : ''));
        case 'interim':
          return note(
            `${validationText(event, level, colour)}  ${colour.dim(`on ${count(event.characters)} ${tokenName(level)}s`)}`,
          );
        case 'sample':
          return note(line === null ? sampleLine(event) : sampleText(event, width(), colour));
        case 'checkpoint':
          // A terminal shows no checkpoints, because the end of the run prints their folder. A log
          // has one line for the checkpoints before and after an evaluation.
          if (line !== null || event.step === savedStep) return;
          savedStep = event.step;
          return note(`step ${count(event.step)}  saved ${escapeControls(event.path)}`);
        case 'recovery':
          return warn(recoveryText(event));
        case 'end':
          close();
          return note(endText(event, level, colour));
      }
    },
  };
}

const beforeReports: ProgressState = { progress: 0, step: 0 };
