import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chartsOf, smooth, unitOfTime } from '../../src/reports/charts.ts';
import { thinRows } from '../../src/reports/thin.ts';
import { curvesOf } from './runs.ts';

const a = { name: 'a', curves: curvesOf() };
const b = { name: 'b', curves: curvesOf({ evaluations: 0, reports: 5 }) };

describe('charts of runs', () => {
  it('are four for one run, with a colour for each line', () => {
    const charts = chartsOf([a], { horizontal: 'step' });
    expect(charts.map(({ name, horizontal }) => [name, horizontal])).toEqual([
      ['loss', 'steps'],
      ['gradient', 'steps'],
      ['rate', 'steps'],
      ['speed', 'steps'],
    ]);
    expect(charts[0].series.map(({ name, colour, dash, points }) => [name, colour, dash, points.length])).toEqual([
      ['training', 0, 0, 20],
      ['validation', 1, 1, 4],
    ]);
    expect(charts[0].series[0].points[1]).toEqual([100, 1.5 + 2 * Math.exp(-0.5)]);
    expect(charts[2].series.map(({ name }) => name)).toEqual(['a']);
  });

  it('have a colour for each of several runs, and no empty lines', () => {
    const [loss, gradient] = chartsOf([a, b], { horizontal: 'step' });
    expect(loss.series.map(({ name, run, colour }) => [name, run, colour])).toEqual([
      ['a, training', 0, 0],
      ['a, validation', 0, 0],
      ['b, training', 1, 1],
    ]);
    expect(gradient.series.map(({ name, colour }) => [name, colour])).toEqual([
      ['a', 0],
      ['b', 1],
    ]);
  });

  it('can have steps, epochs, time and characters as the horizontal axis', () => {
    const lastX = (horizontal: 'epoch' | 'time' | 'characters') =>
      chartsOf([a], { horizontal, only: ['loss'] }).map((chart) => [
        chart.horizontal,
        ...chart.series.map(({ points }) => points.at(-1)![0]),
      ]);
    expect(lastX('epoch')).toEqual([['epochs', 10, 10]]);
    expect(lastX('time')).toEqual([['seconds', 100, 100]]);
    expect(lastX('characters')).toEqual([['characters read', 100_000, 100_000]]);
    expect([119_999, 120_000, 7_199_999, 7_200_000].map(unitOfTime)).toEqual([
      'seconds',
      'minutes',
      'minutes',
      'hours',
    ]);
  });

  it('are per byte for a byte-level model, and per token if models of both levels share a chart', () => {
    const bytes = { name: 'bytes', curves: curvesOf() };
    bytes.curves.level = 'byte';
    const units = (...runs: readonly (typeof a)[]) =>
      chartsOf(runs, { horizontal: 'characters' }).map(({ unit, horizontal }) => [unit, horizontal]);
    expect(units(bytes)[0]).toEqual(['nats per byte', 'bytes read']);
    expect(units(bytes)[3]).toEqual(['bytes per second', 'bytes read']);
    expect(units(a, bytes)[0]).toEqual(['nats per token', 'tokens read']);
  });

  it('have gaps for missing numbers, and for numbers without a logarithm', () => {
    const curves = curvesOf({ reports: 2, evaluations: 0 });
    curves.add({
      event: 'report',
      step: 150,
      lossNats: null,
      gradientNorm: 0,
      learningRate: 0,
      charactersPerSecond: 1,
    });
    const charts = chartsOf([{ name: 'a', curves }], { horizontal: 'step' });
    expect(charts.map(({ series: [{ points }] }) => points.at(-1))).toEqual([
      [150, null],
      [150, null],
      [150, 0],
      [150, 1],
    ]);
    expect(chartsOf([{ name: 'a', curves: curvesOf({ reports: 0, evaluations: 0 }) }], { horizontal: 'step' })).toEqual(
      [],
    );
  });

  it('have gaps on a logarithmic axis for values that are not positive', () => {
    const curves = curvesOf({ reports: 2, evaluations: 1 });
    for (const [step, value] of [
      [150, 0],
      [200, -1],
    ] as const) {
      curves.add({ event: 'report', step, lossNats: value, gradientNorm: value });
      curves.add({ event: 'evaluation', step, validationLossNats: value });
    }
    const ends = (logarithmicLoss: boolean) =>
      chartsOf([{ name: 'a', curves }], { horizontal: 'step', only: ['loss', 'gradient'], logarithmicLoss }).flatMap(
        ({ series }) => series.map(({ points }) => points.slice(-2).map(([, y]) => y)),
      );
    expect(ends(true)).toEqual([
      [null, null],
      [null, null],
      [null, null],
    ]);
    expect(ends(false)).toEqual([
      [0, -1],
      [0, -1],
      [null, null],
    ]);
  });

  it('smooth only the training loss', () => {
    expect(smooth([4, 2, null, 2], 0.5)).toEqual([4, (4 * 0.5 + 2) / 1.5, null, (4 * 0.25 + 2 * 0.5 + 2) / 1.75]);
    const [plain, calm] = [0, 0.9].map((smoothing) => chartsOf([a], { horizontal: 'step', smoothing }));
    expect(calm[0].series[0].points[5][1]).toBeGreaterThan(plain[0].series[0].points[5][1]!);
    expect(calm[0].series[1]).toEqual(plain[0].series[1]);
    expect(calm.slice(1)).toEqual(plain.slice(1));
  });
});

describe('a thinned table', () => {
  const column = fc.array(fc.option(fc.integer(), { freq: 5 }), { maxLength: 300 });

  it('keeps the first and the last row, the extremes of every column, and gaps', () => {
    fc.assert(
      fc.property(column, column, fc.integer({ min: 1, max: 40 }), (first, second, stretches) => {
        const rows = first.map((a, index) => ({ index, a, b: second[index] ?? null }));
        const kept = thinRows(rows, ['a', 'b'], stretches);
        expect(kept.length).toBeLessThanOrEqual(Math.max(stretches, stretches * 7 + 1));
        expect(kept.map(({ index }) => index)).toEqual(kept.map(({ index }) => index).toSorted((x, y) => x - y));
        expect([kept.at(0), kept.at(-1)]).toEqual([rows.at(0), rows.at(-1)]);
        for (const name of ['a', 'b'] as const) {
          const [all, left] = [rows, kept].map((some) => some.map((row) => row[name]));
          expect(left.includes(null)).toBe(all.includes(null));
          const numbers = (values: (number | null)[]): number[] => values.filter((value) => value !== null);
          expect(Math.max(...numbers(left))).toBe(Math.max(...numbers(all)));
          expect(Math.min(...numbers(left))).toBe(Math.min(...numbers(all)));
        }
      }),
    );
  });

  it('has fewer rows', () => {
    expect(
      thinRows(
        Array.from({ length: 10_000 }, (_, index) => ({ a: index })),
        ['a'],
        100,
      ),
    ).toHaveLength(200);
  });
});
