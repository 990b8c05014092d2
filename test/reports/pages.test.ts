// The pages of curves and stories, in a browser that cannot load anything else.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chartsOf } from '../../src/reports/charts.ts';
import { curvesPage } from '../../src/reports/curves-page.ts';
import { type NetworkGradients, gradientCharts, gradientsPage } from '../../src/reports/gradients.ts';
import { storyPage } from '../../src/reports/story-page.ts';
import { svgOf } from '../../src/reports/svg.ts';
import { isTooWide, keepPicture, noBrowser, type OpenedPage, openBrowser, openPage, widths } from './browser.ts';
import { Curves } from '../../src/training/curves.ts';
import { curvesOf } from './runs.ts';

const hostile = `</script><img src=x onerror="alert(1)">&'`;
const texts = ['e  tth\n eoa', `The ${hostile}`, 'A long line without an end: '.concat('abc'.repeat(200))];
const a = { name: `sonnets ${hostile}`, curves: curvesOf({ reports: 60, samples: texts }) };
const b = { name: 'a run with a name that is rather long for a narrow screen', curves: curvesOf({ above: 0.5 }) };

const flow = (layer: number, state: string, perStep: number): NetworkGradients['flows'][number] => ({
  layer,
  state,
  perStep,
  logNorms: Array.from({ length: 41 }, (_, k) => k * Math.log(perStep)),
});
const networks: NetworkGradients[] = [
  { name: `rnn ${hostile}`, flows: [flow(0, 'h', 0.05)], singularValues: [[0.9, 1.1]] },
  { name: 'lstm', flows: [flow(0, 'h', 0.9), flow(0, 'c', 1)], singularValues: [[1.2, 1.3]] },
];

describe('the pages without a browser', () => {
  it('have the numbers of each chart as a table', () => {
    const html = curvesPage([a, b]);
    const tables = [...html.slice(0, html.indexOf('<script')).matchAll(/<table>.*?<\/table>/gs)].map(
      ([table]) => table,
    );
    expect(tables).toHaveLength(4);
    const rows = [...tables[0].matchAll(/<tr><th scope="row">([\d,]+)<\/th>(.*?)<\/tr>/g)].map(([, step, cells]) => [
      step,
      ...[...cells.matchAll(/<td>(.*?)<\/td>/g)].map(([, cell]) => cell),
    ]);
    expect(rows).toHaveLength(12);
    expect(rows[0]).toEqual(['50', '3.058', '–', '3.558', '–']);
    expect(rows.at(-1)).toEqual(['3,000', '1.500', '1.700', '2.013', '2.213']);
    expect(html).toContain('aria-label="Speed, characters per second. sonnets');
  });

  it('distinguish the lines of a network', () => {
    const looks = (some: readonly NetworkGradients[]) =>
      gradientCharts(some).map(({ series }) => series.map(({ colour, dash }) => [colour, dash]));
    const deep = {
      name: 'deep',
      flows: [flow(0, 'h', 0.9), flow(0, 'c', 1), flow(1, 'h', 0.8)],
      singularValues: [[1], [2]],
    };
    expect(looks([deep])).toEqual([
      [
        [0, 0],
        [1, 0],
        [2, 0],
      ],
      [
        [0, 0],
        [1, 0],
      ],
    ]);
    expect(looks([networks[0], deep])).toEqual([
      [
        [0, 0],
        [1, 0],
        [1, 1],
        [1, 2],
      ],
      [
        [0, 0],
        [1, 0],
        [1, 1],
      ],
    ]);
  });

  it('show where the validation loss was lowest', () => {
    expect(curvesPage([{ name: 'a', curves: curvesOf() }])).toContain(
      '<p>1,000 steps. The lowest validation loss is 1.713 nats, 2.472 bpc, at step 1,000</p>',
    );
    expect(curvesPage([{ name: 'a', curves: curvesOf({ evaluations: 0 }) }])).toContain('<p>1,000 steps</p>');
  });
});

describe.skipIf(noBrowser !== '')(`the pages in a browser${noBrowser}`, () => {
  let browser: Browser;
  let folder: string;
  /** Opened once, because opening a page takes as long as using it. */
  let curves: OpenedPage;
  let story: OpenedPage;
  let gradients: OpenedPage;
  const open = (name: string, text: string): Promise<OpenedPage> => {
    writeFileSync(join(folder, name), text);
    return openPage(browser, join(folder, name));
  };
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'rnn-pages-'));
    browser = await openBrowser();
    curves = await open('curves.html', curvesPage([a, b]));
    story = await open('story.html', storyPage(a, a.curves.stages));
    gradients = await open('gradients.html', gradientsPage(networks, 'verse.txt'));
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true });
  });
  const text = (selector: string): Promise<string | null> => curves.page.locator(selector).textContent();
  const colour = 'getComputedStyle(document.querySelector(".plot .line-0")).stroke';
  const soon = { timeout: 20_000 };
  /** Whether the horizontal axis begins at a value other than 0. */
  const isZoomed = async (): Promise<boolean> =>
    (await curves.page.locator('#loss text:not([text-anchor])').first().textContent()) !== '0';

  it('fit wide and narrow screens, light and dark', async () => {
    for (const [name, { page }, charts] of [
      ['curves', curves, 4],
      ['story', story, 1],
      ['gradients', gradients, 2],
    ] as const) {
      for (const width of widths) {
        await page.setViewportSize({ width, height: 900 });
        // A chart is as wide as its element.
        await expect
          .poll(
            () =>
              page.evaluate(
                'document.querySelector(".plot").clientWidth - document.querySelector(".plot svg").viewBox.baseVal.width',
              ),
            soon,
          )
          .toBe(0);
        for (const colorScheme of ['dark', 'light'] as const) {
          const drawn = await page.evaluate<string>(colour);
          await page.emulateMedia({ colorScheme });
          await expect.poll(() => page.evaluate(colour), soon).not.toBe(drawn);
          expect(await isTooWide(page)).toBe(false);
          expect(await page.locator('.plot > svg').count()).toBe(charts);
          await keepPicture(page, `${name}-${width}-${colorScheme}`);
        }
      }
    }
    await curves.page.setViewportSize({ width: widths[1], height: 900 });
  });

  it('are read, zoomed and changed with the keyboard', async () => {
    const { page } = curves;
    expect(await text('#loss-legend')).toBe(
      `${a.name}, training1.500${a.name}, validation1.700${b.name}, training2.013${b.name}, validation2.213`,
    );
    await page.focus('#loss');
    await page.keyboard.press('Home');
    expect(await text('#loss-reading')).toBe(
      `50 steps: ${a.name}, training 3.058, ${a.name}, validation none, ${b.name}, training 3.558, ${b.name}, validation none`,
    );
    await page.keyboard.press('ArrowRight');
    expect(await text('#loss-reading')).toMatch(/^100 steps: /);
    // All charts share the cursor.
    expect(await text('#rate-legend b >> nth=0')).toBe('0.009667');
    expect(await isZoomed()).toBe(false);
    await page.keyboard.press('+');
    expect(await isZoomed()).toBe(true);
    await page.keyboard.press('End');
    expect(await text('#loss-reading')).toMatch(/^1\.8\d*k steps: /);
    await page.keyboard.press('0');
    expect(await isZoomed()).toBe(false);
    await page.selectOption('[name=horizontal]', 'epoch');
    await page.focus('#speed');
    await page.keyboard.press('End');
    expect(await text('#speed-reading')).toBe(`30 epochs: ${a.name} 53k, ${b.name} 51k`);
    await page.locator('[name=smoothing]').fill('0.9');
    expect(await text('#loss-legend b >> nth=0')).not.toBe('1.500');
    expect(await text('#loss-legend b >> nth=1')).toBe('1.700');
  });

  it('zoom when the user drags across a chart', async () => {
    const { page } = curves;
    await page.selectOption('[name=horizontal]', 'step');
    const over = page.locator('#loss');
    await over.scrollIntoViewIfNeeded();
    const box = (await over.boundingBox())!;
    await page.mouse.move(box.x + box.width / 4, box.y + 50);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width / 2, box.y + 60, { steps: 4 });
    await page.mouse.up();
    expect(await isZoomed()).toBe(true);
    await page.focus('#speed');
    await page.keyboard.press('Home');
    expect(Number.parseFloat((await text('#speed-reading'))!)).toBeCloseTo(650, -2);
    await over.dblclick();
    expect(await isZoomed()).toBe(false);
  });

  it('describe their charts for each axis, and hide an empty chart', async () => {
    const some = new Curves();
    for (const step of [10, 20, 30]) some.add({ event: 'report', step, lossNats: 40 / step, elapsedMs: step * 1000 });
    some.add({ event: 'report', step: 40, gradientNorm: 1 });
    const opened = await open('some.html', curvesPage([{ name: 'a', curves: some }]));
    const { page } = opened;
    const areVisible = () =>
      Promise.all(['#loss', '#gradient', '#nothing'].map((selector) => page.locator(selector).isVisible()));
    const seen = async () => [
      await page.locator('#loss').getAttribute('aria-label'),
      await page.locator('#loss-table th[scope=col]').first().textContent(),
      await page.locator('#loss-table tbody').textContent(),
      ...(await areVisible()).slice(1),
    ];
    expect(await seen()).toEqual([
      'Loss, nats per character. training: 4 at 10 steps, 1.333 at 30.',
      'steps',
      '104202301.33340–',
      true,
      false,
    ]);
    await page.selectOption('[name=horizontal]', 'time');
    expect(await seen()).toEqual([
      'Loss, nats per character. training: 4 at 10 seconds, 1.333 at 30.',
      'seconds',
      '104202301.333',
      false,
      false,
    ]);
    await page.locator('[name=smoothing]').fill('0.5');
    expect(await page.locator('#loss-table tbody').textContent()).toBe('104202.667301.905');
    await page.selectOption('[name=horizontal]', 'epoch');
    expect(await areVisible()).toEqual([false, false, true]);
    await page.selectOption('[name=horizontal]', 'step');
    expect(await areVisible()).toEqual([true, true, false]);
    expect(opened.complaints).toEqual({ errors: [], requests: [] });
  });

  it('show a single report as visible points, and have ticks at whole steps', async () => {
    const { page } = await open(
      'one.html',
      curvesPage(
        [1, 2].map((reports) => ({ name: `${reports}`, curves: curvesOf({ reports, every: 1, evaluations: 0 }) })),
      ),
    );
    await page.emulateMedia({ colorScheme: 'dark' });
    const seen = `[...document.querySelectorAll('#loss .line-0 circle')].map((circle) => [Math.round(circle.getBoundingClientRect().width), getComputedStyle(circle).fill])`;
    expect(await page.evaluate(seen)).toEqual([[9, 'rgb(98, 174, 240)']]);
    expect((await page.locator('#loss text').allTextContents()).slice(-4)).toEqual(['0', '1', '2', 'steps']);
  });

  it('reach below the smallest float32, where gradients vanish', async () => {
    const { page } = gradients;
    expect(await page.locator('#flow-legend').textContent()).toBe(
      `rnn ${hostile}, layer 0 h9.09e-53lstm, layer 0 h0.01478lstm, layer 0 c1`,
    );
    await page.focus('#flow');
    await page.keyboard.press('Home');
    await page.keyboard.press('ArrowRight');
    const reading = (): Promise<string | null> => page.locator('#flow-reading').textContent();
    expect(await reading()).toBe(
      `1 steps back: rnn ${hostile}, layer 0 h 0.05, lstm, layer 0 h 0.9000, lstm, layer 0 c 1`,
    );
    await page.keyboard.press('+');
    await page.keyboard.press('End');
    expect(await reading()).toMatch(/^2\d steps back: /);
  });

  it('show the texts of a story unchanged', async () => {
    expect(await story.page.locator('.timeline pre').allTextContents()).toEqual(texts);
    expect(await story.page.locator('.timeline p').first().textContent()).toBe(
      'step 1,000 · epoch 10.00 · validation loss 1.747 nats, 2.520 bpc',
    );
  });

  it('cause no requests and no console messages during any action of the user', () => {
    for (const { complaints } of [curves, story, gradients]) expect(complaints).toEqual({ errors: [], requests: [] });
  });

  it('pictures are valid XML', async () => {
    const { page } = await open('picture.svg', svgOf(chartsOf([a, b], { horizontal: 'step' }), hostile));
    expect(
      await page.evaluate('document.documentElement.tagName + document.querySelectorAll("parsererror, script").length'),
    ).toBe('svg0');
  });
});
