// The page of cells, in a browser that cannot load anything else.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Activations } from '../../src/insight/activations.ts';
import { propertiesOf } from '../../src/insight/properties.ts';
import { saturationOf } from '../../src/insight/saturation.ts';
import { searchCells } from '../../src/insight/search.ts';
import { runUninterrupted } from '../../src/sliced-work.ts';
import { Random } from '../../src/random.ts';
import { unitsPage } from '../../src/reports/cells-page.ts';
import { notedText } from '../insight/planted.ts';
import { isTooWide, keepPicture, looks, noBrowser, openBrowser, openPage } from './browser.ts';

const hostile = `</script><img src=x onerror="alert(1)">&'`;
const text = `${hostile}\n${notedText(3, 3000)}`;
const pieces = [...text];

/**
 * Two layers of eight units with random values, except that c of unit 3 in layer 1 tracks
 * quotations, and h of unit 2 tracks comments less well.
 */
function activations(): Activations {
  const [random, hidden] = [new Random(2), 8];
  const told = (name: string): Float32Array => propertiesOf(pieces).find((property) => property.name === name)!.values;
  const [quotes, comments] = [told('quotes'), told('comment')];
  const arrays = [0, 1].flatMap((layer) =>
    ['h', 'c', 'i', 'f', 'o'].map((name) => {
      const isGate = 'ifo'.includes(name);
      const values = Float32Array.from({ length: pieces.length * hidden }, (_, i) => {
        const [at, cell] = [Math.floor(i / hidden), `${layer}.${name}.${i % hidden}`];
        if (cell === '1.c.3') return 4 * quotes[at] - 1;
        return isGate ? random.uniform() ** 3 : random.normal() + (cell === '1.h.2' ? 4 * comments[at] : 0);
      });
      return { layer, name, isGate, values };
    }),
  );
  return { characters: pieces.length, hidden, arrays, device: 'none' };
}

const seen = activations();
const html = unitsPage({
  name: `sonnets ${hostile}`,
  summary: 'lstm 2 × 8',
  pieces,
  activations: seen,
  findings: runUninterrupted(searchCells(seen, propertiesOf(pieces))),
  saturation: saturationOf(seen),
  unit: null,
});

describe('the page of cells', () => {
  it.each([
    [256, 10_000, 3800],
    [16, 10_000, 10_000],
    [64, 50_000, 12_500],
  ])(
    'of two layers of %i units and %i characters shows %i characters in less than 3.5 MB',
    async (hidden, characters, shown) => {
      const values = new Float32Array(characters * hidden);
      const arrays = [0, 1].flatMap((layer) => ['h', 'c'].map((name) => ({ layer, name, isGate: false, values })));
      const saturation = [0, 1].flatMap((layer) =>
        [...'ifo'].map((gate) => ({
          layer,
          gate,
          left: new Float64Array(hidden).fill(0.1234),
          right: new Float64Array(hidden).fill(0.5678),
        })),
      );
      const cells = Array.from({ length: 4 }, (_, unit) => ({ layer: 1, name: 'h', unit, correlation: 0.5 }));
      const findings = propertiesOf(['x']).map((property, index) => ({
        property,
        chance: 0.1,
        neededCharacters: null,
        cells: cells.map((cell) => ({ ...cell, unit: cell.unit + 4 * index })),
      }));
      const page = unitsPage({
        name: 'large',
        summary: 'all of them',
        pieces: new Array<string>(characters).fill('"'),
        activations: { characters, hidden, arrays, device: '' },
        findings,
        saturation,
        unit: null,
      });
      expect(page.match(/<i class="s0">/g)!.length / shown).toBeCloseTo(1, 1);
      expect(page.includes('are shown here')).toBe(characters > shown);
      expect(Buffer.byteLength(page)).toBeLessThan(3.5e6);
    },
  );

  it('has the gates as a table', () => {
    const rows = [...html.matchAll(/<tr><th scope="row">(\d)<\/th><td>(\w)<\/td><td>(.*?)<\/td>/g)].map(
      ([, ...cells]) => cells,
    );
    expect(rows.map(([layer, gate]) => layer + gate)).toEqual(['0i', '0f', '0o', '1i', '1f', '1o']);
    // The cube of a uniform number is below 0.1 if the number is below 0.464.
    for (const [, , shut] of rows) expect(Number.parseFloat(shut)).toBeCloseTo(46.4, -0.5);
  });
});

describe.skipIf(noBrowser !== '')(`the page of cells in a browser${noBrowser}`, () => {
  let browser: Browser;
  let folder: string;
  let file: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'rnn-cells-'));
    file = join(folder, 'cells.html');
    writeFileSync(file, html);
    browser = await openBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true });
  });
  const textOf = (page: Page, selector: string): Promise<string> => page.locator(selector).innerText();
  const chosen = (page: Page): Promise<string> => page.locator('#cell').inputValue();
  /**
   * Values at the first character inside quotation marks, and at the first character of the second
   * line, which is outside.
   */
  const [inside, outside] = [pieces.indexOf('"', hostile.length) + 2, hostile.length + 2];
  const at = (page: Page, place: number): Locator => page.locator('#text i').nth(place - 1);
  const shadeOf = async (page: Page, place: number): Promise<string> =>
    (await at(page, place).getAttribute('class'))!.split(' ')[0];

  it('fits wide and narrow screens, light and dark, without requests or console messages', async () => {
    const { page, complaints } = await openPage(browser, file);
    expect(await at(page, 1).innerText()).toBe('<');
    expect(await page.locator('#text i').count()).toBe(pieces.length);
    for (const { width, colorScheme } of looks) {
      await page.setViewportSize({ width, height: 900 });
      await page.emulateMedia({ colorScheme });
      expect(await isTooWide(page)).toBe(false);
      await keepPicture(page, `cells-${width}-${colorScheme}`);
    }
    expect(complaints).toEqual({ errors: [], requests: [] });
    await page.close();
  });

  it('is shaded by the best unit at first, and shows its property and values', async () => {
    const { page } = await openPage(browser, file);
    expect(await chosen(page)).toBe('1.c.3');
    expect(await page.locator('#found button[aria-pressed="true"]').allInnerTexts()).toContain('1.c.3 AUC 1.00');
    expect([await textOf(page, '#low'), await textOf(page, '#high')]).toEqual(['−1.00', '3.00']);
    expect([await shadeOf(page, inside), await shadeOf(page, outside)]).toEqual(['s16', 's-16']);
    await at(page, inside).hover();
    expect(await textOf(page, '#value')).toBe('3.00');
    await at(page, outside).hover();
    expect(await textOf(page, '#value')).toBe('−1.00');
    await page.close();
  });

  it('shows any unit: from the list, a dot, a found unit, or the next one', async () => {
    const { page, complaints } = await openPage(browser, file);
    const before = await shadeOf(page, inside);
    await page.selectOption('#cell', '1.c.5');
    expect(await page.locator('#found button[aria-pressed="true"]').count()).toBe(0);
    expect(await shadeOf(page, inside)).not.toBe(before);
    await page.click('#found button:has-text("1.h.2")');
    expect(await chosen(page)).toBe('1.h.2');
    expect(await page.locator('#found button[aria-pressed="true"]').first().innerText()).toMatch(/^1\.h\.2/);
    // h has only the units that were found.
    expect((await page.locator('#cell option').allInnerTexts()).filter((name) => name.includes('.h.'))).toEqual([
      '1.h.2',
    ]);
    await page.locator('circle[data-cell="0.c.6"]').first().dispatchEvent('click');
    expect(await chosen(page)).toBe('0.c.6');
    expect(await page.locator('circle[aria-pressed="true"]').count()).toBe(3); // one per gate
    await page.click('#next');
    expect(await chosen(page)).toBe('0.c.7');
    await page.locator('h1').click();
    await page.keyboard.press('ArrowRight');
    expect(await chosen(page)).toBe('1.h.2');
    await page.keyboard.press('ArrowLeft');
    expect(await chosen(page)).toBe('0.c.7');
    expect(complaints).toEqual({ errors: [], requests: [] });
    await page.close();
  });

  it('is read with the keyboard, character by character and line by line', async () => {
    const { page } = await openPage(browser, file);
    const told = (): Promise<string | null> => page.locator('#text').getAttribute('aria-valuetext');
    await page.focus('#text');
    await page.keyboard.press('Home');
    expect(await told()).toBe('<: −1.00');
    await page.keyboard.press('ArrowRight');
    expect(await told()).toBe('/: −1.00');
    await page.keyboard.press('ArrowDown');
    expect(await page.locator('#text').getAttribute('aria-valuenow')).toBe(String(hostile.length + 3));
    await page.keyboard.press('ArrowUp');
    expect(await told()).toBe('/: −1.00');
    expect(await chosen(page)).toBe('1.c.3'); // these keys do not choose a unit here
    await page.keyboard.press('End');
    await page.keyboard.press('ArrowRight');
    expect(await page.locator('#text').getAttribute('aria-valuenow')).toBe(String(pieces.length));
    await page.close();
  });
});
