// The pages of curves and stories, in a browser that may load nothing.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chartsOf } from '../../src/reports/charts.ts';
import { curvesPage } from '../../src/reports/curves-page.ts';
import { type NetworkGradients, gradientsPage } from '../../src/reports/gradients.ts';
import { storyPage } from '../../src/reports/story-page.ts';
import { svgOf } from '../../src/reports/svg.ts';
import { isTooWide, keepPicture, looks, noBrowser, openBrowser, openPage } from './browser.ts';
import { curvesOf } from './runs.ts';

const hostile = `</script><img src=x onerror="alert(1)">&'`;
const texts = ['e  tth\n eoa', `The ${hostile}`, 'A long line without an end: '.concat('abc'.repeat(200))];
const a = { name: `sonnets ${hostile}`, curves: curvesOf({ reports: 60, samples: texts }) };
const b = { name: 'a run with a name that is rather long for a narrow screen', curves: curvesOf({ above: 0.5 }) };

const flow = (layer: number, state: string, perStep: number): NetworkGradients['flows'][number] => ({ layer, state, perStep, logNorms: Array.from({ length: 41 }, (_, k) => k * Math.log(perStep)) });
const networks: NetworkGradients[] = [
  { name: `rnn ${hostile}`, flows: [flow(0, 'h', 0.05)], singularValues: [[0.9, 1.1]] },
  { name: 'lstm', flows: [flow(0, 'h', 0.9), flow(0, 'c', 1)], singularValues: [[1.2, 1.3]] },
];

describe('the pages without a browser', () => {
  it('have the numbers of each chart as a table', () => {
    const html = curvesPage([a, b]);
    const tables = [...html.matchAll(/<table>.*?<\/table>/gs)].map(([table]) => table);
    expect(tables).toHaveLength(4);
    const rows = [...tables[0].matchAll(/<tr><th scope="row">([\d,]+)<\/th>(.*?)<\/tr>/g)].map(([, step, cells]) => [step, ...[...cells.matchAll(/<td>(.*?)<\/td>/g)].map(([, cell]) => cell)]);
    expect(rows).toHaveLength(12);
    expect(rows[0]).toEqual(['50', '3.058', '–', '3.558', '–']);
    expect(rows.at(-1)).toEqual(['3,000', '1.500', '1.700', '2.013', '2.213']);
    expect(html).toContain('aria-label="Speed, characters per second. sonnets');
  });

  it('say where the validation loss was lowest', () => {
    expect(curvesPage([{ name: 'a', curves: curvesOf() }])).toContain('<p>1,000 steps; the lowest validation loss is 1.713 nats per character, at step 1,000</p>');
    expect(curvesPage([{ name: 'a', curves: curvesOf({ evaluations: 0 }) }])).toContain('<p>1,000 steps</p>');
  });
});

describe.skipIf(noBrowser !== '')(`the pages in a browser${noBrowser}`, () => {
  let browser: Browser;
  let folder: string;
  const write = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'rnn-pages-'));
    browser = await openBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true });
  });
  const text = (page: Page, selector: string): Promise<string | null> => page.locator(selector).textContent();

  it.each([['curves', () => curvesPage([a, b]), 4], ['story', () => storyPage(a, a.curves.stages), 1], ['gradients', () => gradientsPage(networks, 'verse.txt'), 2]] as const)('%s: whole on wide and narrow screens, light and dark, without a request or a complaint', async (name, html, charts) => {
    const { page, complaints } = await openPage(browser, write(`${name}.html`, html()));
    for (const { width, colorScheme } of looks) {
      await page.setViewportSize({ width, height: 900 });
      await page.emulateMedia({ colorScheme });
      expect(await isTooWide(page)).toBe(false);
      expect(await page.locator('canvas').count()).toBe(charts);
      await keepPicture(page, `${name}-${width}-${colorScheme}`);
    }
    expect(complaints).toEqual({ errors: [], requests: [] });
    await page.close();
  });

  it('are read, zoomed and changed with the keyboard', async () => {
    const { page, complaints } = await openPage(browser, write('keys.html', curvesPage([a, b])));
    expect(await text(page, '#loss-legend')).toBe(`${a.name}, training1.500${a.name}, validation1.700${b.name}, training2.013${b.name}, validation2.213`);
    await page.focus('#loss');
    await page.keyboard.press('Home');
    expect(await text(page, '#loss-reading')).toBe(`50 steps: ${a.name}, training 3.058, ${a.name}, validation none, ${b.name}, training 3.558, ${b.name}, validation none`);
    await page.keyboard.press('ArrowRight');
    expect(await text(page, '#loss-reading')).toMatch(/^100 steps: /);
    // Where the cursor is in one chart, it is in all.
    expect(await text(page, '#rate-legend b >> nth=0')).toBe('0.009667');
    const reset = page.locator('#reset');
    expect(await reset.isDisabled()).toBe(true);
    await page.keyboard.press('+');
    expect(await reset.isDisabled()).toBe(false);
    await page.keyboard.press('End');
    expect(await text(page, '#loss-reading')).toMatch(/^1\.8\d*k steps: /);
    await page.keyboard.press('0');
    expect(await reset.isDisabled()).toBe(true);
    await page.selectOption('#horizontal', 'epoch');
    await page.focus('#speed');
    await page.keyboard.press('End');
    expect(await text(page, '#speed-reading')).toBe(`30 epochs: ${a.name} 53k, ${b.name} 51k`);
    await page.locator('#smoothing').fill('0.9');
    expect(await text(page, '#loss-legend b >> nth=0')).not.toBe('1.500');
    expect(await text(page, '#loss-legend b >> nth=1')).toBe('1.700');
    expect(complaints).toEqual({ errors: [], requests: [] });
    await page.close();
  });

  it('charts that are what they are can be read and zoomed, too', async () => {
    const { page, complaints } = await openPage(browser, write('gradients.html', gradientsPage(networks, 'verse.txt')));
    expect(await text(page, '#flow-legend')).toBe(`rnn ${hostile}, layer 1 h9.09e-53lstm, layer 1 h0.01478lstm, layer 1 c1`);
    await page.focus('#flow');
    await page.keyboard.press('Home');
    await page.keyboard.press('ArrowRight');
    expect(await text(page, '#flow-reading')).toBe(`1 steps back: rnn ${hostile}, layer 1 h 0.05, lstm, layer 1 h 0.9000, lstm, layer 1 c 1`);
    await page.keyboard.press('+');
    await page.keyboard.press('End');
    expect(await text(page, '#flow-reading')).toMatch(/^2\d steps back: /);
    expect(complaints).toEqual({ errors: [], requests: [] });
    await page.close();
  });

  it('zoom where a chart is dragged across', async () => {
    const { page } = await openPage(browser, write('drag.html', curvesPage([a])));
    const box = (await page.locator('#loss .u-over').boundingBox())!;
    const at = (share: number): [number, number] => [box.x + box.width * share, box.y + box.height / 2];
    await page.mouse.move(...at(0.25));
    await page.mouse.down();
    await page.mouse.move(...at(0.5), { steps: 4 });
    await page.mouse.up();
    expect(await page.locator('#reset').isDisabled()).toBe(false);
    await page.focus('#speed');
    await page.keyboard.press('Home');
    expect(Number.parseFloat((await text(page, '#speed-reading'))!)).toBeCloseTo(800, -2);
    await page.locator('#loss .u-over').dblclick();
    expect(await page.locator('#reset').isDisabled()).toBe(true);
    await page.close();
  });

  it('show the texts of a story as they are', async () => {
    const { page } = await openPage(browser, write('texts.html', storyPage(a, a.curves.stages)));
    expect(await page.locator('.timeline pre').allTextContents()).toEqual(texts);
    expect(await page.locator('.timeline p').first().textContent()).toBe('step 1,000 · epoch 10.00 · validation loss 1.747 nats per character');
    await page.close();
  });

  it('pictures are XML', async () => {
    const { page } = await openPage(browser, write('picture.svg', await svgOf(chartsOf([a, b], { horizontal: 'step' }), hostile)));
    expect(await page.evaluate('document.documentElement.tagName + document.querySelectorAll("parsererror, script").length')).toBe('svg0');
    await page.close();
  });
});
