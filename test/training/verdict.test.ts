// Judges runs by their evaluations, and advises options.
import { describe, expect, it } from 'vitest';
import type { LogLine } from '../../src/runs/store.ts';
import { Curves } from '../../src/training/curves.ts';
import type { TrainingOptions } from '../../src/options/training.ts';
import { type RunToJudge, type Verdict, verdictOf } from '../../src/training/verdict.ts';
import { corpusOf, optionsOf, train, verses } from './fixture.ts';

const LENGTH = 1000;
const options = (given: Partial<TrainingOptions> = {}): TrainingOptions =>
  optionsOf(verses, { epochs: 10, hidden: 64, ...given });

/** Validation and training losses at steps that are evenly spread over a run of 1000. */
const run = (
  losses: readonly (readonly [validation: number, training: number | null])[],
  given: Partial<RunToJudge> = {},
): RunToJudge => ({
  evaluations: losses.map(([validationLossNats, trainingLossNats], index) => ({
    step: ((index + 1) * LENGTH) / losses.length,
    validationLossNats,
    trainingLossNats,
    best: losses.slice(0, index).every(([before]) => before > validationLossNats),
  })),
  options: options(),
  step: LENGTH,
  epoch: 10,
  reason: 'epochs',
  ...given,
});

const overfitted = [[2, 1.9], [1.8, 1.6], [1.85, 1.4], [1.9, 1.2], [1.95, 1]] as const; // prettier-ignore
const underfitted = [[2.6, 2.6], [2.3, 2.28], [2.2, 2.18], [2.15, 2.13], [2.14, 2.12]] as const; // prettier-ignore
const falling = [[2.6, 2.3], [2.4, 2.1], [2.2, 1.9], [2.0, 1.7], [1.8, 1.5]] as const; // prettier-ignore
const good = [[2.2, 2.1], [1.8, 1.6], [1.71, 1.5], [1.7, 1.45], [1.702, 1.44]] as const; // prettier-ignore

describe('a verdict', () => {
  it('shows when the validation loss was lowest, and how far the training loss was below it', () => {
    const { best, riseNats } = verdictOf(run(overfitted))!;
    expect(best).toMatchObject({ step: 400, epoch: 4, fraction: 0.4, validationLossNats: 1.8, trainingLossNats: 1.6 });
    expect(best.gapNats).toBeCloseTo(0.2, 10);
    expect(riseNats).toBeCloseTo(0.1, 10); // the median of the last three
  });

  it.each([
    ['overfitted', overfitted],
    ['underfitted', underfitted],
    ['underfitted', falling],
    ['good', good],
    [null, overfitted.slice(0, 2)],
    [null, overfitted.map(([validation]) => [validation, null] as const)],
    [null, overfitted.map(([validation]) => [validation, validation - 0.2] as const)],
  ])('is %s for the losses %j', (fit, losses) => {
    expect(verdictOf(run(losses))!.fit).toBe(fit);
  });

  it('does not mistake noise for a rise', () => {
    const noisy = good.map(
      ([validation, training], index) => [validation + [0, 0.03, 0, 0.04, 0.03][index], training] as const,
    );
    expect(verdictOf(run(noisy))).toMatchObject({ fit: 'good', riseNats: expect.closeTo(0.022, 6) });
  });

  it('has only the known facts about a run that was stopped', () => {
    for (const reason of ['signal', 'max-time', 'output-closed', null] as const) {
      expect(verdictOf(run(underfitted, { reason }))).toMatchObject({ fit: null, advice: [], best: { step: LENGTH } });
      expect(verdictOf(run(overfitted, { reason }))!.fit).toBe('overfitted');
    }
    expect(verdictOf(run(overfitted, { reason: 'diverged' }))!.fit).toBeNull();
    expect(verdictOf(run([]))).toBeNull();
  });

  it('ignores losses of another validation text', () => {
    const before = run([[1, 0.9]]).evaluations.map((evaluation) => ({ ...evaluation, step: 1 }));
    const { evaluations } = run(overfitted);
    expect(verdictOf(run(overfitted, { evaluations: [...before, ...evaluations] }))!.best.validationLossNats).toBe(1.8);
  });
});

describe('advice', () => {
  const adviceFor = (losses: Parameters<typeof run>[0], given: Partial<TrainingOptions>): Verdict['advice'] =>
    verdictOf(run(losses, { options: options(given) }))!.advice;

  it.each<[Partial<TrainingOptions>, string[]]>([
    [{}, ['--dropout 0.3', '--weight-decay 0.1']],
    [{ dropout: 0.3 }, ['--dropout 0.5', '--weight-decay 0.1']],
    [{ dropout: 0.5 }, ['--weight-decay 0.1', '--hidden 32']],
    [{ dropout: 0.5, weightDecay: 0.2 }, ['--hidden 32', '--patience 5']],
    [{ dropout: 0.5, weightDecay: 0.2, hidden: 16, evaluateEvery: 10, patience: 3 }, []],
  ])('for a model that overfitted with %j is %j', (given, advice) => {
    expect(adviceFor(overfitted, { evaluateEvery: 10, ...given })).toEqual(advice);
  });

  it.each<[Partial<TrainingOptions>, string[]]>([
    [{}, ['--epochs 20', '--hidden 128']],
    [{ epochs: 1.5, hidden: 1024 }, ['--epochs 3', '--layers 2']],
    [{ hidden: 1024, dropout: 0.5 }, ['--epochs 20', '--dropout 0.25']],
    [{ epochs: null as never, maxSteps: 1000 }, ['--max-steps 2000', '--hidden 128']],
    [{ epochs: null as never, budgetMs: 90_000 }, ['--budget 180s']],
  ])('for a model that underfitted with %j is %j', (given, advice) => {
    expect(adviceFor(underfitted, given)).toEqual(advice);
  });

  it('is missing if the options are not known, or the model fits well', () => {
    expect(verdictOf(run(overfitted, { options: null }))).toMatchObject({ fit: 'overfitted', advice: [] });
    expect(verdictOf(run(good))!.advice).toEqual([]);
  });
});

describe('a run', () => {
  it('ends with the verdict that its log has', async () => {
    const lines: LogLine[] = [];
    const { events } = await train(verses, { maxSteps: 60, evaluateEvery: 20 });
    const curves = new Curves();
    for (const event of events) lines.push(JSON.parse(JSON.stringify(event)) as LogLine);
    for (const line of lines) curves.add(line);
    const { verdict } = lines.at(-1)!;
    expect(verdict).toMatchObject({
      best: { step: 60, fraction: 1, trainingLossNats: expect.any(Number) },
      advice: expect.any(Array),
    });
    expect(curves.verdict).toEqual(verdict);
  });

  it('without a validation part ends without a verdict', async () => {
    const { events } = await train(corpusOf('abcd'.repeat(50), ''), { maxSteps: 3, evaluateEvery: 1 });
    expect(events.at(-1)).toMatchObject({ event: 'end', verdict: null });
  });

  it('of an earlier version is judged by the training losses of its reports', () => {
    const curves = new Curves();
    curves.add({ event: 'start', options: { hidden: 3 } });
    for (const [index, [validationLossNats, lossNats]] of overfitted.entries()) {
      const step = 100 * (index + 1);
      curves.add({ event: 'report', step, lossNats, epoch: index + 1 });
      curves.add({ event: 'evaluation', step, validationLossNats, best: index < 2 });
    }
    curves.add({ event: 'end', reason: 'epochs', step: 500 });
    expect(curves.verdict).toMatchObject({
      fit: 'overfitted',
      advice: [],
      best: { step: 200, epoch: 2, trainingLossNats: 1.6 },
    });
  });
});
