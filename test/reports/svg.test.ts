import { describe, expect, it } from 'vitest';
import { chartsOf } from '../../src/reports/charts.ts';
import { svgOf } from '../../src/reports/svg.ts';
import { curvesOf } from './runs.ts';

const curves = curvesOf();
curves.add({ event: 'report', step: 1050, lossNats: null, gradientNorm: 1, learningRate: 0, charactersPerSecond: 1 });
curves.add({ event: 'report', step: 1100, lossNats: 3, gradientNorm: 1, learningRate: 0, charactersPerSecond: 1 });
curves.add({ event: 'report', step: 1150, lossNats: 2.9, gradientNorm: 1, learningRate: 0, charactersPerSecond: 1 });
const name = `<script>"&'`;

describe('a picture of curves', () => {
  it('has a line for each series, with gaps, in colours for light and dark', () => {
    const svg = svgOf(chartsOf([{ name: 'a', curves }], { horizontal: 'step' }), 'a');
    const paths = [...svg.matchAll(/<g [^>]*class="line-(\d)"[^>]*><path d="([^"]+)"/g)].map(([, colour, d]) => ({
      colour,
      pieces: d.match(/M/g)!.length,
    }));
    // The loss is drawn first, and training above validation.
    expect(paths).toEqual([
      { colour: '1', pieces: 1 },
      { colour: '0', pieces: 2 },
      ...Array.from({ length: 3 }, () => ({ colour: '0', pieces: 1 })),
    ]);
    expect(svg).toContain('class="line-0" color="#0068b5" stroke="currentColor"');
    expect(svg).toMatch(/color-scheme: light dark.*\.line-0 \{ color: light-dark\(#0068b5, #62aef0\) \}.*<\/style>/);
    for (const label of ['Loss, nats per character', 'Gradient norm', 'steps', 'validation'])
      expect(svg).toContain(`>${label}</text>`);
  });

  it('shows a single report as a point, and a single chart alone', () => {
    const svg = svgOf(
      chartsOf([{ name: 'a', curves: curvesOf({ reports: 1, evaluations: 0 }) }], {
        horizontal: 'step',
        only: ['speed'],
      }),
      'a',
    );
    expect(svg.match(/<circle/g)).toHaveLength(1);
    expect(svg).not.toContain('Loss');
    expect(svg).not.toContain('NaN');
  });

  it('has dashes for lines of one colour, points for lone values, and ticks at whole steps', () => {
    const points = [
      [0, 1],
      [1, null],
      [2, 2],
      [3, 3],
    ] as const;
    const series = [0, 1, 2, 3].map((dash) => ({ name: `s${dash}`, run: 0, colour: 0, dash, points }));
    const svg = svgOf(
      [{ name: 'flow', title: 'Flow', unit: '', isLogarithmic: false, hasZero: false, horizontal: 'steps', series }],
      'a',
    );
    expect(
      [...svg.matchAll(/<line [^>]*class=[^>]*\/>/g)].map(([line]) => /dasharray="([^"]+)"/.exec(line)?.[1]),
    ).toEqual([undefined, '6 4', '2 3', '10 3 2 3']);
    expect(svg.match(/<circle[^>]* r="4\.5"/g)).toHaveLength(4);
    expect([...svg.matchAll(/>([\d.]+)<\/text>/g)].map(([, tick]) => tick).slice(-4)).toEqual(['0', '1', '2', '3']);
    expect(svg).not.toContain('>0.5</text>');
  });

  it('is refused without charts', () => {
    expect(() => svgOf([], 'a')).toThrow('cannot draw the charts: no line has a point');
  });

  it('escapes names', () => {
    const svg = svgOf(
      chartsOf(
        [
          { name, curves },
          { name: 'b', curves },
        ],
        { horizontal: 'time' },
      ),
      name,
    );
    expect(svg).not.toContain('<script');
    expect(svg).toContain('&lt;script&gt;&quot;&amp;&#39;, training');
    expect(svg).not.toMatch(/https?:(?!\/\/www\.w3\.org\/2000\/svg)/);
  });
});
