// Detects divergence: the loss of a step is not a number, or the loss has jumped. Pure.
import type { CallResult } from '../devices/device.ts';

/**
 * Steps of the exponential moving average of the loss, so that one batch of strange text is not a
 * jump.
 */
const AVERAGED_STEPS = 20;
/** An average of fewer steps is not reliable. */
const STEPS_UNTIL_JUDGED = 50;
/**
 * A jump takes the average above `factor` times the lowest average and more than `nats` above it:
 * far beyond the loss on another kind of text. The loss of a uniform guess, with which training
 * begins, counts as such an average.
 */
const JUMP = { factor: 2, nats: 1 };

/** Plain data, for checkpoints. */
export interface LossTrendState {
  readonly steps: number;
  /** Exponential moving average of the loss, nats per character. */
  readonly average: number;
  /** The lowest average so far. Null before the first. */
  readonly lowest: number | null;
}

/** Watches the loss from step to step. */
export class LossTrend {
  /** ln V, the loss of a uniform guess. */
  readonly uniformNats: number;
  state: LossTrendState;

  constructor(uniformNats: number, state: LossTrendState = { steps: 0, average: 0, lowest: null }) {
    this.uniformNats = uniformNats;
    this.state = state;
  }

  /** The training loss of the last steps, in nats per character. Null before the first step. */
  get averageNats(): number | null {
    return this.state.steps === 0 ? null : this.state.average;
  }

  /**
   * @param lossNats the loss of the step, per character
   * @returns the problem in words, or null
   */
  add(lossNats: number): string | null {
    const steps = this.state.steps + 1;
    const average = this.state.average + (lossNats - this.state.average) / Math.min(steps, AVERAGED_STEPS);
    this.state = { ...this.state, steps, average };
    if (steps < STEPS_UNTIL_JUDGED) return null;
    const lowest = this.state.lowest ?? average;
    if (isFarAbove(this.uniformNats, average))
      return `the loss is ${average.toFixed(2)} nats, far above the ${this.uniformNats.toFixed(2)} of a uniform guess`;
    if (isFarAbove(lowest, average)) return `the loss jumped from ${lowest.toFixed(2)} to ${average.toFixed(2)} nats`;
    this.state = { steps, average, lowest: Math.min(lowest, average) };
    return null;
  }

  /**
   * The problem in a series of steps, and after how many of them it occurred. Null without a
   * problem.
   */
  problemIn(
    steps: readonly (Pick<CallResult, 'lossNats' | 'updated'> & { readonly characters: number })[],
  ): { readonly problem: string; readonly stepsBefore: number } | null {
    for (const [index, { lossNats, updated, characters }] of steps.entries()) {
      if (!updated)
        return {
          problem: `${Number.isFinite(lossNats) ? 'the gradient' : 'the loss'} is not a finite number`,
          stepsBefore: index,
        };
      // A window may have only the parts of records that are not learnt.
      const jump = characters === 0 ? null : this.add(lossNats / characters);
      if (jump !== null) return { problem: jump, stepsBefore: index + 1 };
    }
    return null;
  }
}

function isFarAbove(before: number, lossNats: number): boolean {
  return lossNats > JUMP.factor * before && lossNats > before + JUMP.nats;
}
