// The mean loss and the speed since the last report.

const REPORT_EVERY_MS = 1000;
/** A coarse clock may show that no time has passed. */
const MIN_MS = 1e-3;

/** @param now milliseconds from any moment on */
export function createLossMeter(now: () => number) {
  let [lossNats, characters, trainingMs] = [0, 0, 0];
  let since = now();
  return {
    /**
     * @param steps the steps with their losses in nats, summed over all their characters
     * @param milliseconds the time spent in training steps only
     */
    add(steps: readonly { readonly lossNats: number; readonly characters: number }[], milliseconds: number): void {
      for (const step of steps) {
        lossNats += step.lossNats;
        characters += step.characters;
      }
      trainingMs += milliseconds;
    },

    /** Whether no character has been scored since the last report. */
    get isEmpty(): boolean {
      return characters === 0;
    },

    get isReportDue(): boolean {
      return now() - since >= REPORT_EVERY_MS;
    },

    /** Returns the measurements, and starts again. */
    reset(): { readonly lossNats: number; readonly charactersPerSecond: number } {
      const charactersPerSecond = (1000 * characters) / Math.max(trainingMs, MIN_MS);
      const measured = { lossNats: lossNats / characters, charactersPerSecond };
      [lossNats, characters, trainingMs] = [0, 0, 0];
      since = now();
      return measured;
    },
  };
}
