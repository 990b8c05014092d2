import { describe, expect, it } from 'vitest';
import { Curves } from '../../src/training/curves.ts';

const curvesOf = (...lines: Record<string, unknown>[]): Curves => {
  const curves = new Curves();
  for (const line of lines) curves.add(line);
  return curves;
};
const start = { event: 'start', corpus: { train: 1000 } };
const report = (step: number, lossNats: number | null = step / 100) => ({
  event: 'report',
  step,
  epoch: step / 100,
  elapsedMs: step * 10,
  lossNats,
  gradientNorm: 1,
  learningRate: 0.1,
  charactersPerSecond: 5,
});
const evaluation = (step: number, validationLossNats: number | null = 2) => ({
  event: 'evaluation',
  step,
  validationLossNats,
});
const sample = (step: number, text = 'text') => ({ event: 'sample', step, text });

describe('the curves of a run', () => {
  it('list its reports, each with the number of characters read', () => {
    const { reports, end } = curvesOf(start, report(100), report(250), { event: 'end', reason: 'patience', step: 250 });
    expect(reports).toEqual([
      {
        step: 100,
        epoch: 1,
        elapsedMs: 1000,
        characters: 1000,
        lossNats: 1,
        gradientNorm: 1,
        learningRate: 0.1,
        charactersPerSecond: 5,
      },
      {
        step: 250,
        epoch: 2.5,
        elapsedMs: 2500,
        characters: 2500,
        lossNats: 2.5,
        gradientNorm: 1,
        learningRate: 0.1,
        charactersPerSecond: 5,
      },
    ]);
    expect(end).toBe('patience');
    expect(curvesOf(start, { event: 'end', reason: 'signal' }, start).end).toBe(null);
  });

  it('interpolate evaluations between reports, and place later evaluations at the last report', () => {
    const { evaluations } = curvesOf(
      start,
      evaluation(50),
      report(100),
      evaluation(100),
      evaluation(150),
      report(200),
      evaluation(220),
    );
    expect(evaluations.map(({ step, epoch, elapsedMs, characters }) => [step, epoch, elapsedMs, characters])).toEqual([
      [50, 0.5, 500, 500],
      [100, 1, 1000, 1000],
      [150, 1.5, 1500, 1500],
      [220, 2, 2000, 2000],
    ]);
    const [{ characters: half }] = curvesOf(
      { ...start, corpus: { train: 333 } },
      evaluation(50),
      report(100),
    ).evaluations;
    expect(half).toBe(167);
    expect(curvesOf(evaluation(50)).evaluations).toEqual([
      { step: 50, epoch: null, elapsedMs: null, characters: null, validationLossNats: 2 },
    ]);
  });

  it('give each sample the losses of the model at that time', () => {
    const { stages: samples } = curvesOf(
      start,
      sample(10, 'a'),
      report(100),
      evaluation(100, 3),
      evaluation(200, 2),
      sample(200, 'b'),
      report(300),
    );
    expect(samples).toMatchObject([
      { step: 10, text: 'a', lossNats: null, validationLossNats: null },
      { step: 200, text: 'b', lossNats: 1, validationLossNats: 2 },
    ]);
  });

  it('drop everything after the step to which a run went back', () => {
    const { reports, evaluations, stages } = curvesOf(
      report(100),
      evaluation(100),
      sample(100),
      report(200),
      evaluation(200),
      evaluation(250),
      sample(250),
      report(150, 9),
      evaluation(150),
      evaluation(150, 7),
      sample(150, 'x'),
    );
    expect(reports.map(({ step }) => step)).toEqual([100, 150]);
    expect(evaluations.map(({ step, validationLossNats }) => [step, validationLossNats])).toEqual([
      [100, 2],
      [150, 7],
    ]);
    expect(stages.map(({ step }) => step)).toEqual([100, 150]);
    expect(curvesOf(report(100), evaluation(250), sample(250), report(150))).toMatchObject({
      evaluations: [],
      stages: [],
    });
  });

  it('keep evaluations and samples of the same step as a report', () => {
    expect(curvesOf(evaluation(100), sample(100), report(100))).toMatchObject({
      evaluations: [{ step: 100 }],
      stages: [{ step: 100 }],
    });
  });

  it('have gaps where a run diverged, and ignore invalid lines', () => {
    const { reports, evaluations, stages } = curvesOf(
      {},
      { event: 'start', corpus: null },
      report(1, null),
      { ...report(2), step: '2' },
      { event: 'report' },
      { ...report(3), gradientNorm: 'NaN' },
      evaluation(3, null),
      { event: 'sample', step: 3, text: 7 },
    );
    expect(
      reports.map(({ step, lossNats, gradientNorm, characters }) => [step, lossNats, gradientNorm, characters]),
    ).toEqual([
      [1, null, 1, null],
      [3, 0.03, null, null],
    ]);
    expect(evaluations).toMatchObject([{ validationLossNats: null }]);
    expect(stages).toEqual([]);
  });

  it('ignore values that no run could have written', () => {
    const { reports, evaluations, stages, end } = curvesOf(
      report(1e308),
      report(-5),
      report(1.5),
      evaluation(2 ** 60),
      sample(1e300),
      { ...report(1, 1e308), elapsedMs: 1e300, gradientNorm: 1e61, learningRate: 5e-324 },
      { ...report(2, -1e308), charactersPerSecond: 1e200 },
      evaluation(2, 1e10),
    );
    expect(
      reports.map(({ step, lossNats, elapsedMs, gradientNorm, learningRate, charactersPerSecond }) => [
        step,
        lossNats,
        elapsedMs,
        gradientNorm,
        learningRate,
        charactersPerSecond,
      ]),
    ).toEqual([
      [1, null, null, null, 0, 5],
      [2, null, 20, 1, 0.1, null],
    ]);
    expect(evaluations).toMatchObject([{ step: 2, validationLossNats: null }]);
    expect({ stages, end }).toEqual({ stages: [], end: null });
    for (const reason of [{ toString: 1 }, 7, null, ['patience']])
      expect(curvesOf({ event: 'end', reason }).end).toBe(null);
  });
});
