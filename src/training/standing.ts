// Where a run stands apart from its weights and its place in the text: what checkpoints keep as `training.loop`, the best loss and the
// history. The loop changes it as it goes.
import type { Checkpoint } from '../runs/store.ts';
import { LossTrend } from './divergence.ts';
import type { EndReason, EvaluationEvent, ReportEvent } from './events.ts';
import { History } from './history.ts';
import type { TrainingOptions } from '../options/training.ts';
import { type LoopState, recordedLoop } from './record.ts';
import type { Restored, RunRecord } from './session.ts';

type Training = Checkpoint['training'];
type SameTexts = Pick<Restored, 'sameTraining' | 'sameValidation'>;

export class Standing {
  trainingMs: number;
  sinceBest: number;
  sinceDrop: number;
  drops: number;
  evaluatedAt: number;
  sampledAt: number;
  evaluatedMs: number;
  sampledMs: number;
  recoveries: number;
  learningRateFactor: number;
  best: number | null;
  /** Not in the history yet. */
  lastReport: ReportEvent | null = null;
  readonly #history: History;
  readonly #uniformNats: number;
  trend: LossTrend;

  /**
   * @param training of the checkpoint that the run continues; null for a new run
   * @param uniformNats ln V, the loss of a uniform guess
   */
  constructor(training: Training | null, uniformNats: number) {
    const state = training === null ? null : recordedLoop(training);
    this.trainingMs = state?.trainingMs ?? 0;
    this.sinceBest = state?.sinceBest ?? 0;
    this.sinceDrop = state?.sinceDrop ?? 0;
    this.drops = state?.drops ?? 0;
    this.evaluatedAt = state?.evaluatedAt ?? -1;
    this.sampledAt = state?.sampledAt ?? -1;
    this.evaluatedMs = state?.evaluatedMs ?? 0;
    this.sampledMs = state?.sampledMs ?? 0;
    this.recoveries = state?.recoveries ?? 0;
    this.learningRateFactor = state?.learningRateFactor ?? 1;
    this.best = training?.bestValidationLossNats ?? null;
    this.#history = new History(training?.history);
    this.#uniformNats = uniformNats;
    this.trend = new LossTrend(uniformNats, state?.trend);
  }

  /** On another text losses are others. */
  forgetLosses({ sameTraining, sameValidation }: SameTexts): void {
    if (!sameTraining) this.trend = new LossTrend(this.#uniformNats);
    if (sameValidation) return;
    this.best = null;
    this.sinceBest = 0;
    this.sinceDrop = 0;
  }

  /** Drops and recoveries were those of the earlier learning rate: another one starts without them. */
  forgetLearningRate(): void {
    this.drops = 0;
    this.sinceDrop = 0;
    this.recoveries = 0;
    this.learningRateFactor = 1;
  }

  /**
   * After training has come apart: as it was in a checkpoint, or at the beginning, with half the learning rate. The best loss stays, as
   * best.json does.
   */
  recoveredFrom(training: Training | null, texts: SameTexts): Standing {
    const standing = new Standing(training, this.#uniformNats);
    standing.forgetLosses(texts);
    standing.trainingMs = this.trainingMs;
    standing.evaluatedMs = this.evaluatedMs;
    standing.sampledMs = this.sampledMs;
    standing.best = this.best;
    standing.recoveries = this.recoveries + 1;
    standing.learningRateFactor = this.learningRateFactor / 2;
    return standing;
  }

  /** An evaluation counts for --patience, and for the schedule that falls where the loss does not. */
  judge(best: boolean, { schedule, plateauPatience }: Pick<TrainingOptions, 'schedule' | 'plateauPatience'>): void {
    this.sinceBest = best ? 0 : this.sinceBest + 1;
    this.sinceDrop = best ? 0 : this.sinceDrop + 1;
    if (schedule !== 'plateau' || this.sinceDrop < plateauPatience) return;
    this.drops++;
    this.sinceDrop = 0;
  }

  /** What may be due at a step and was not done there. */
  undoneAt(step: number): ('evaluation' | 'sample')[] {
    return [...(this.evaluatedAt < step ? ['evaluation' as const] : []), ...(this.sampledAt < step ? ['sample' as const] : [])];
  }

  /** Adds an evaluation to the history, and the last report before it. */
  remember(evaluation: EvaluationEvent | null): void {
    for (const event of [this.lastReport, evaluation]) if (event !== null) this.#history.add(event);
    this.lastReport = null;
  }

  /** The evaluations of the whole run, and the last report, as checkpoints keep them. */
  get history(): Training['history'] {
    return this.#history.events;
  }

  /** What a checkpoint keeps of it. */
  record(rest: { readonly totalSteps: number | null; readonly elapsedMs: number; readonly finished: EndReason | null }): RunRecord {
    this.remember(null);
    const { trainingMs, sinceBest, sinceDrop, drops, evaluatedAt, sampledAt, evaluatedMs, sampledMs, recoveries, learningRateFactor } =
      this;
    const loop: LoopState = {
      trainingMs,
      sinceBest,
      sinceDrop,
      drops,
      evaluatedAt,
      sampledAt,
      evaluatedMs,
      sampledMs,
      recoveries,
      learningRateFactor,
      trend: this.trend.state,
      ...rest,
    };
    return { loop, bestValidationLossNats: this.best, history: this.#history.events };
  }
}
