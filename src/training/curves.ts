// The course of a run from its log: reports, evaluations and samples. Where a run went back, by a
// resumption or a recovery, later lines replace earlier ones.
import type { LogLine } from '../runs/store.ts';
import type { EndReason } from './events.ts';
import type { Unit } from '../options/choices.ts';
import type { TrainingOptions } from '../options/training.ts';
import { recordedOptionsOrNull } from './record.ts';
import { type Verdict, verdictOf } from './verdict.ts';

/** How far a run was. Null if the log does not show it. */
export interface Moment {
  readonly step: number;
  readonly epoch: number | null;
  readonly elapsedMs: number | null;
  /** Characters of the training text read so far, counting repetitions. */
  readonly characters: number | null;
}

/** A measurement is null if it was not a number, as in a run that diverged. */
export interface Report extends Moment {
  readonly lossNats: number | null;
  readonly gradientNorm: number | null;
  readonly learningRate: number | null;
  readonly charactersPerSecond: number | null;
}

/** A validation loss, in nats per token. */
export interface EvaluationPoint extends Moment {
  readonly validationLossNats: number | null;
}

/** A sample during training, and the losses of the model at that time. */
export interface Stage extends Moment {
  readonly text: string;
  readonly lossNats: number | null;
  readonly validationLossNats: number | null;
}

interface AtStep {
  readonly step: number;
}

interface Evaluated extends AtStep {
  readonly validationLossNats: number | null;
  readonly trainingLossNats: number | null;
  readonly best: boolean;
}

/** The reports, evaluations and samples of a run. Add the lines of its log in order. */
export class Curves {
  readonly reports: Report[] = [];
  /** Why the run ended. Null while it continues, or if the log does not show it. */
  end: EndReason | null = null;
  /** Whether tokens are characters or bytes. Logs of earlier versions do not say it. */
  level: Unit = 'char';
  readonly #evaluations: Evaluated[] = [];
  readonly #samples: (AtStep & { readonly text: string })[] = [];
  #trainCharacters: number | null = null;
  #options: TrainingOptions | null = null;

  /** Adds a line of a log. Skips lines that are not training events. */
  add(line: LogLine): void {
    const step = Number.isSafeInteger(line.step) && (line.step as number) >= 0 ? (line.step as number) : null;
    if (line.event === 'start') {
      this.end = null;
      this.#trainCharacters = numberOf((line.corpus as { train?: unknown } | null | undefined)?.train);
      this.level = (line.corpus as { level?: unknown } | null | undefined)?.level === 'byte' ? 'byte' : 'char';
      this.#options = recordedOptionsOrNull(line);
    } else if (line.event === 'end') {
      this.end = typeof line.reason === 'string' ? (line.reason as EndReason) : null;
    } else if (step === null) {
      return;
    } else if (line.event === 'report') {
      this.#addReport(step, line);
    } else if (line.event === 'evaluation') {
      dropFrom(this.#evaluations, step);
      this.#evaluations.push({
        step,
        validationLossNats: numberOf(line.validationLossNats, MAX.loss),
        trainingLossNats: numberOf(line.trainingLossNats, MAX.loss),
        best: line.best === true,
      });
    } else if (line.event === 'sample' && typeof line.text === 'string') {
      dropFrom(this.#samples, step);
      this.#samples.push({ step, text: line.text });
    }
  }

  /** A new list each time. */
  get evaluations(): EvaluationPoint[] {
    return this.#evaluations.map(({ step, validationLossNats }) => ({ ...this.#momentAt(step), validationLossNats }));
  }

  /** The newest evaluation. Null if nothing was evaluated. */
  get lastEvaluation(): EvaluationPoint | null {
    const last = this.#evaluations.at(-1);
    return last === undefined ? null : { ...this.#momentAt(last.step), validationLossNats: last.validationLossNats };
  }

  /** The verdict on the whole run. Null if nothing was evaluated. */
  get verdict(): Verdict | null {
    const evaluations = this.#evaluations.flatMap(({ validationLossNats, trainingLossNats, ...evaluation }) =>
      validationLossNats === null
        ? []
        : {
            ...evaluation,
            validationLossNats,
            // In logs of earlier versions, only the reports have the training loss.
            trainingLossNats: trainingLossNats ?? lastUpTo(this.reports, evaluation.step)?.lossNats ?? null,
          },
    );
    const step = Math.max(this.reports.at(-1)?.step ?? 0, this.#evaluations.at(-1)?.step ?? 0);
    return verdictOf({
      evaluations,
      options: this.#options,
      step,
      epoch: this.#momentAt(step).epoch,
      reason: this.end,
    });
  }

  /** The samples of the run, oldest first, with the losses at that time. */
  get stages(): Stage[] {
    return this.#samples.map((sample) => ({
      ...this.#momentAt(sample.step),
      ...sample,
      lossNats: lastUpTo(this.reports, sample.step)?.lossNats ?? null,
      validationLossNats: lastUpTo(this.#evaluations, sample.step)?.validationLossNats ?? null,
    }));
  }

  #addReport(step: number, line: LogLine): void {
    dropFrom(this.reports, step);
    // An evaluation or a sample of this step comes before its report, or comes again.
    dropFrom(this.#evaluations, step + 1);
    dropFrom(this.#samples, step + 1);
    const epoch = numberOf(line.epoch);
    this.reports.push({
      step,
      epoch,
      elapsedMs: numberOf(line.elapsedMs),
      characters:
        epoch === null || this.#trainCharacters === null ? null : numberOf(Math.round(epoch * this.#trainCharacters)),
      lossNats: numberOf(line.lossNats, MAX.loss),
      gradientNorm: numberOf(line.gradientNorm, MAX.gradientNorm),
      learningRate: numberOf(line.learningRate),
      charactersPerSecond: numberOf(line.charactersPerSecond),
    });
  }

  /**
   * Interpolates between two reports by steps, because evaluations and samples do not record the
   * time.
   */
  #momentAt(step: number): Moment {
    if (this.reports.length === 0) return { step, epoch: null, elapsedMs: null, characters: null };
    const index = this.reports.findLastIndex((report) => report.step <= step);
    const last = this.reports[index] ?? { step: 0, epoch: 0, elapsedMs: 0, characters: 0 };
    const next = this.reports[index + 1] ?? last;
    const share = next === last ? 0 : (step - last.step) / (next.step - last.step);
    const between = (a: number | null, b: number | null): number | null =>
      a === null || b === null ? null : a + (b - a) * share;
    const characters = between(last.characters, next.characters);
    return {
      step,
      epoch: between(last.epoch, next.epoch),
      elapsedMs: between(last.elapsedMs, next.elapsedMs),
      characters: characters === null ? null : Math.round(characters),
    };
  }
}

/** Removes the moments at a step and after it. */
function dropFrom(moments: AtStep[], step: number): void {
  while (moments.length > 0 && moments.at(-1)!.step >= step) moments.pop();
}

function lastUpTo<Kind extends AtStep>(moments: readonly Kind[], step: number): Kind | null {
  return moments.findLast((moment) => moment.step <= step) ?? null;
}

/** A larger number is damage, not a measurement. A number below MIN is zero. */
const MAX = { any: 1e15, loss: 1e9, gradientNorm: 1e60 };
const MIN = 1e-60;

function numberOf(value: unknown, max = MAX.any): number | null {
  if (typeof value !== 'number' || !(Math.abs(value) <= max)) return null;
  return Math.abs(value) < MIN ? 0 : value;
}
