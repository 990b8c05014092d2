import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Chart, chartsOf } from '../../src/reports/charts.ts';
import { tickText, valueText } from '../../src/reports/numbers.ts';
import { Raster } from '../../src/reports/raster.ts';
import { terminalCharts, type TextLook } from '../../src/reports/terminal.ts';
import { Curves } from '../../src/training/curves.ts';
import { curvesOf } from './runs.ts';

const plain = (text: string): string => text;
const look: TextLook = { columns: 40, rows: 5, bold: plain, dim: plain, series: null };
const coloured: TextLook = { ...look, series: [(text) => `<a>${text}</a>`, (text) => `<b>${text}</b>`] };
const chart = (...lines: (readonly [number, number | null])[][]): Chart => ({
  name: 'loss',
  title: 'Loss',
  unit: 'nats',
  isLogarithmic: false,
  hasZero: false,
  horizontal: 'steps',
  series: lines.map((points, run) => ({ name: `run ${run}`, run, colour: run, dash: 0, points })),
});

describe('a raster', () => {
  const text = (raster: Raster): string[] => raster.rows().map((pieces) => pieces.map((piece) => piece.text).join(''));

  it('has eight dots per character', () => {
    const raster = new Raster(2, 2, null);
    raster.line(0, [
      [0, 0],
      [1, 1],
    ]);
    expect(text(raster)).toEqual([' ⡜', '⡜ ']);
  });

  it('leaves gaps, and shows a lone point', () => {
    const raster = new Raster(5, 1, ['*']);
    raster.line(0, [[0, 0], [0.25, 0], null, [1, 0], null]);
    expect(text(raster)).toEqual(['**  *']);
  });

  it('draws a lone point as four dots, wherever it is in its character', () => {
    for (const [x, y, shown] of [
      [0, 1, '⠛ '],
      [1 / 3, 2 / 3, '⠶ '],
      [2 / 3, 1 / 3, ' ⣤'],
      [1, 0, ' ⣤'],
    ] as const) {
      const raster = new Raster(2, 1, null);
      raster.line(0, [null, [x, y], null]);
      expect(text(raster)).toEqual([shown]);
    }
  });

  it('draws dotted and dashed lines in all directions', () => {
    const drawn = (
      to: readonly [number, number],
      pattern: string,
      [columns, rows]: readonly [number, number],
    ): string[] => {
      const raster = new Raster(columns, rows, null);
      // Points within one dot do not fill its gaps.
      raster.line(0, [[0, 0], [0.001, 0.001], to], pattern);
      return text(raster);
    };
    expect(drawn([1, 0], '#.', [4, 1])).toEqual(['⡀⡀⡀⡀']);
    expect(drawn([1, 0], '#####...', [4, 1])).toEqual(['⣀⣀⡀ ']);
    expect(drawn([0, 1], '#.', [1, 2])).toEqual(['⡂', '⡂']);
    expect(drawn([1, 1], '#.', [2, 1])).toEqual(['⡀⠂']);
  });

  it('draws later lines over earlier ones', () => {
    const raster = new Raster(3, 1, ['a', 'b']);
    raster.line(0, [
      [0, 0],
      [1, 0],
    ]);
    raster.line(1, [[0.5, 0]]);
    expect(raster.rows()).toEqual([
      [
        { text: 'a', series: 0 },
        { text: 'b', series: 1 },
        { text: 'a', series: 0 },
      ],
    ]);
  });
});

describe('charts in a terminal', () => {
  it('have axes with round numbers and a legend with the last value of each line', () => {
    expect(
      terminalCharts(
        [
          chart(
            [
              [0, 3],
              [50, 2.2],
              [100, 2],
            ],
            [
              [0, 2],
              [100, 3],
            ],
          ),
        ],
        look,
      ),
    ).toEqual([
      'Loss, nats   * run 0 2   o run 1 3',
      '   3┤***                           ooooo',
      '    │   ******             oooooooo     ',
      ' 2.5┤         ******ooooooo             ',
      '    │     oooooooo  ***********         ',
      '   2┤ooooo                     *********',
      '    └┬────────────────┬────────────────┬',
      '     0               50            steps',
    ]);
  });

  it('of one line use Braille even without colours', () => {
    expect(
      terminalCharts(
        [
          chart([
            [0, 1],
            [60, null],
            [80, 2],
            [100, 2],
          ]),
        ],
        { ...look, rows: 3 },
      ),
    ).toEqual([
      'Loss, nats   ━━ run 0 2',
      '   2┤                           ⠈⠉⠉⠉⠉⠉⠉⠉',
      ' 1.5┤                                   ',
      '   1┤⣤                                  ',
      '    └┬────────────────┬────────────────┬',
      '     0               50            steps',
    ]);
  });

  it('colour each line and its legend entry', () => {
    const lines = terminalCharts(
      [
        chart(
          [
            [0, 1],
            [100, 1],
          ],
          [
            [0, 2],
            [100, 2],
          ],
        ),
      ],
      coloured,
    );
    expect(lines[0]).toBe('Loss, nats   <a>━━</a> run 0 1   <b>━━</b> run 1 2');
    expect(lines.filter((line) => line.includes('<a>'))).toHaveLength(2);
    expect(lines.join('\n')).toMatch(/┤<b>⠉+<\/b>/);
  });

  it('dash the second lines of a colour, and their legend entries', () => {
    const [first, second] = chart(
      [
        [0, 1],
        [100, 1],
      ],
      [
        [0, 2],
        [100, 2],
      ],
    ).series;
    const lines = terminalCharts(
      [
        {
          ...chart([]),
          series: [
            first,
            { ...second, colour: 0, dash: 1 },
            {
              ...second,
              name: 'run 2',
              colour: 0,
              dash: 2,
              points: [
                [0, 3],
                [100, 3],
              ],
            },
          ],
        },
      ],
      { ...coloured, columns: 60 },
    );
    expect(lines[0]).toBe('Loss, nats   <a>━━</a> run 0 1   <a>╌╌</a> run 1 2   <a>╍╍</a> run 2 3');
    expect(lines.join('\n')).toMatch(/<a>⠉⠉⠁<\/a> <a>⠉⠉⠁<\/a> .*\n[^]*<a>⠄{50,}<[^]*<a>⣀{50,}</);
  });

  it('have a mark for each of any number of lines, the same for a run in each chart', () => {
    const runs = Array.from({ length: 60 }, (_, index) => ({
      name: `r${index}`,
      curves: curvesOf({ reports: 3, evaluations: index === 0 ? 0 : 2, above: index }),
    }));
    const lines = terminalCharts(chartsOf(runs, { horizontal: 'step' }), { ...look, columns: 200, rows: 300 });
    const legend = lines
      .slice(
        0,
        lines.findIndex((line) => line.includes('┤')),
      )
      .join('   ');
    const marks = [...legend.matchAll(/(?<=   )(\S) r\d+, (?:training|validation)/g)].map(([, mark]) => mark);
    expect(marks).toHaveLength(119);
    expect(new Set(marks).size).toBe(119);
    const two = terminalCharts(
      chartsOf(
        [
          { name: 'a', curves: curvesOf() },
          { name: 'b', curves: curvesOf({ above: 1 }) },
        ],
        { horizontal: 'step', only: ['loss', 'speed'] },
      ),
      { ...look, columns: 150 },
    );
    expect(two[0]).toMatch(/\* a, training .* \+ b, training/);
    expect(two.slice(8).join('')).not.toContain('o');
  });

  it('have ticks at whole steps', () => {
    const below = (points: [number, number][], change: Partial<Chart> = {}): string =>
      terminalCharts([{ ...chart(points), ...change }], { ...look, columns: 90 })
        .at(-1)!
        .trim();
    expect(below([[1, 2]])).toMatch(/^0 +1 steps$|^0 +steps$/);
    expect(
      below([
        [1, 2],
        [3, 2],
      ]),
    ).toMatch(/^0 +1 +2 +steps$/);
    expect(
      below([
        [0.5, 2],
        [1, 2],
      ]),
    ).toMatch(/^0 +0\.2 /);
  });

  it('support a constant line, one point, zeros and very small numbers', () => {
    for (const points of [
      [
        [1, 5],
        [9, 5],
      ],
      [[7, 0]],
      [
        [1, 1e-7],
        [2, 3e-7],
      ],
    ] as const) {
      for (const change of [{}, { hasZero: true }, ...(points[0][1] > 0 ? [{ isLogarithmic: true }] : [])]) {
        const lines = terminalCharts([{ ...chart([...points]), ...change }], look);
        expect(lines.slice(1, -2).join('')).toMatch(/[⠁-⣿]/);
        expect(lines.join('')).not.toMatch(/NaN|Infinity|undefined/);
      }
    }
  });

  it('are placed side by side below the first chart, or one below the other if there is little room', () => {
    const charts = chartsOf([{ name: 'a', curves: curvesOf() }], { horizontal: 'step' });
    const wide = terminalCharts(charts, { ...look, columns: 79 });
    expect(wide.some((line) => /^Gradient norm 0\.2010 +Learning rate 0 +Speed 51k$/.test(line))).toBe(true);
    const narrow = terminalCharts(charts, { ...look, columns: 50 });
    expect(narrow.filter((line) => /^(Loss|Gradient|Learning|Speed)/.test(line))).toHaveLength(4);
  });

  it('are drawn from any log', () => {
    const value = fc.oneof(
      fc.double(),
      fc.constantFrom(
        0,
        -1,
        1e308,
        -1e308,
        1e15,
        1e9,
        1e9 + 1.2e-7,
        1e-60,
        5e-324,
        1,
        1 + Number.EPSILON,
        '7',
        null,
        {},
      ),
    );
    const line = fc.record({
      event: fc.constantFrom('report', 'evaluation', 'start'),
      step: fc.oneof(fc.nat(), value),
      epoch: value,
      elapsedMs: value,
      lossNats: value,
      gradientNorm: value,
      learningRate: value,
      charactersPerSecond: value,
      validationLossNats: value,
    });
    fc.assert(
      fc.property(
        fc.array(line, { maxLength: 12 }),
        fc.constantFrom('step', 'epoch', 'time', 'characters'),
        fc.boolean(),
        (log, horizontal, logarithmicLoss) => {
          const curves = new Curves();
          for (const each of log) curves.add(each);
          const lines = terminalCharts(chartsOf([{ name: 'a', curves }], { horizontal, logarithmicLoss }), {
            ...look,
            columns: 79,
          });
          expect(Math.max(0, ...lines.map(({ length }) => length))).toBeLessThan(80);
          expect(lines.join('')).not.toMatch(/NaN|Infinity|undefined|\d{8}/);
        },
      ),
      {
        numRuns: 300,
        examples: [
          [
            [
              {
                event: 'report',
                step: 0,
                epoch: 0,
                elapsedMs: 0,
                lossNats: 0,
                gradientNorm: 1e9 + 1.2e-7,
                learningRate: 0,
                charactersPerSecond: -1e-60,
                validationLossNats: 0,
              },
            ],
            'step',
            false,
          ],
          [
            [
              {
                event: 'report',
                step: 0,
                epoch: 0,
                elapsedMs: 0,
                lossNats: 0,
                gradientNorm: 1.005e-60,
                learningRate: 0,
                charactersPerSecond: 1.005e-60,
                validationLossNats: 0,
              },
            ],
            'step',
            false,
          ],
        ],
      },
    );
  });

  it('format large and small numbers briefly', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(Math.max(tickText(value).length, valueText(value).length)).toBeLessThan(11);
      }),
    );
    expect([1e15, -1.5e300, 123_456, 2e-4].map(tickText)).toEqual(['1e15', '-1.5e300', '123.5k', '2e-4']);
  });

  it('never exceed their width', () => {
    const charts = chartsOf(
      [
        { name: 'a', curves: curvesOf() },
        { name: 'a longer name', curves: curvesOf({ above: 1 }) },
      ],
      { horizontal: 'step' },
    );
    fc.assert(
      fc.property(fc.integer({ min: 40, max: 300 }), fc.integer({ min: 1, max: 60 }), (columns, rows) => {
        expect(
          Math.max(...terminalCharts(charts, { ...look, columns, rows }).map((line) => line.length)),
        ).toBeLessThanOrEqual(columns);
      }),
      { numRuns: 60 },
    );
  });
});
