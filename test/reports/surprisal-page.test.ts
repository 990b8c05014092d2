import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Vocabulary, characterVocabulary, byteVocabulary } from '../../src/corpus/vocabulary.ts';
import { scoredCharactersOf, tokenTexts } from '../../src/evaluation/scored-text.ts';
import { SurprisalRecord } from '../../src/evaluation/surprisal.ts';
import { Random } from '../../src/random.ts';
import { type SurprisalData, surprisalPage } from '../../src/reports/surprisal-page.ts';
import { isTooWide, keepPicture, noBrowser, openBrowser, openPage, widths } from './browser.ts';

/**
 * A page of a model that always prefers e: the logit of e is 3, and all other logits are below 1.
 */
function pageOf(
  text: string,
  vocabulary: Vocabulary = characterVocabulary(text, false),
  shown = Infinity,
  run = 'a <b>run</b>',
): string {
  const ids = Uint8Array.from(vocabulary.encode(text));
  const surprisal = new SurprisalRecord(Math.min(shown, ids.length - 1), vocabulary.size);
  const random = new Random(3);
  for (let at = 0; at < surprisal.characters; at++) {
    const logits = Float32Array.from({ length: vocabulary.size }, () => random.uniform());
    logits[Math.max(0, vocabulary.find(vocabulary.unit === 'char' ? 'e' : '65'))] = 3;
    surprisal.put(at, logits, 0, ids[at + 1]);
  }
  return surprisalPage({
    run,
    text: 'verse.txt',
    model: { cell: 'lstm', layers: 2, hidden: 64 },
    unit: vocabulary.unit === 'byte' ? 'byte' : 'character',
    characters: ids.length - 1,
    bits: 2.5,
    accuracy: 0.25,
    others: [
      ['gzip', 3.5],
      ['3-gram', 2.25],
    ],
    pieces: [...scoredCharactersOf(ids, vocabulary, surprisal)],
    surprisal,
    ids,
    symbols: tokenTexts(vocabulary),
  });
}

const verse =
  "</i><script>alert(1)</script> & Shall I compare thee\n\tto a summer's day?\n\u0007 Thou art more lovely\n".repeat(
    12,
  );
const shadedOf = (html: string): string =>
  /<div id="text".*?>(.*?)<\/div>\n<aside/s
    .exec(html)![1]
    .replace(/<[^>]*>/g, '')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&');

describe('the page of surprisal', () => {
  it('has the whole text, with visible signs for invisible characters', () => {
    expect(shadedOf(pageOf(verse))).toBe(
      verse.replaceAll('\n', '↵\n').replaceAll('\t', '→\t').replaceAll('\u0007', '␇'),
    );
    expect(pageOf(verse)).not.toContain('<b>run');
  });

  it('of bytes has characters, each with the surprisal of all its bytes', () => {
    const text = 'aéü世e';
    const html = pageOf(text, byteVocabulary());
    expect(shadedOf(html)).toBe(text);
    const data = JSON.parse(/id="data">(.*?)<\/script>/s.exec(html)![1]) as SurprisalData;
    expect(data.scored.map(({ length }) => length)).toEqual([0, 2, 2, 3, 1]);
    const costs = data.scored.flat().map(([bits]) => bits);
    expect(costs[7]).toBeLessThan(Math.min(...costs.slice(0, 7)) - 2);
    const levels = [...html.matchAll(/<i class="s(\d+)">[^<\d]/g)].map(([, level]) => Number(level));
    expect(levels).toEqual([0, 16, 16, 16, expect.any(Number)]);
  });

  it('of bytes says so, omits the note on an excerpt if it has all bytes, and compares bits per byte', () => {
    const text = 'ä 🦊 fährt über die See.\n'.repeat(40);
    const [html] = pageOf(text, byteVocabulary()).split('<script');
    const bytes = Buffer.byteLength(text) - 1;
    expect(html).toContain(`<dt>bytes</dt><dd>${bytes.toLocaleString('en')}</dd>`);
    expect(html).toContain('<dt>bits per byte</dt>');
    expect(html).toContain('Bits per byte, compared');
    expect(html).toContain('Along the text <small>bits per byte (click a point to go to it in the text)</small>');
    expect(html).not.toContain('per character');
    expect(html).not.toContain('The first');
    expect(html).toMatch(/\d\.\d bits\. The model expected <q>e<\/q>/);
    const [, first] = /<i( class="[^"]*")?>ä/.exec(html)!;
    expect(first).toMatch(/s1\d/); // its second byte
  });

  it('highlights only the model, even if a baseline has the same name', () => {
    const highlighted = (run: string): string[] =>
      [
        ...pageOf(verse, undefined, undefined, run).matchAll(
          /<tr class="own"><th scope="row">(.*?)<.*?(\d\.\d+)<\/td>/g,
        ),
      ].map(([, name, bits]) => `${name} ${bits}`);
    expect(highlighted('gzip')).toEqual(['gzip 2.5000']);
  });

  it('shows ten characters after each of the least expected characters', () => {
    const [, after] = /<\/b>([^<]*)<\/button>/.exec(pageOf('e'.repeat(100) + 'x' + 'e'.repeat(100)))!;
    expect(after).toHaveLength(10);
  });

  it('of an excerpt shows its length', () => {
    const [text, vocabulary] = ['🦊'.repeat(30), byteVocabulary()];
    expect(pageOf(text, vocabulary, 50)).toContain('The first 47 bytes are shown below.');
    expect(pageOf(verse, undefined, 50)).toContain('The first 50 characters are shown below.');
    expect(pageOf(verse)).not.toContain('are shown below');
  });

  it('of 10,000 characters is small for any model', () => {
    expect(Buffer.byteLength(pageOf(verse.repeat(9).slice(0, 10_001)))).toBeLessThan(1e6);
  });
});

describe.skipIf(noBrowser !== '')(`in a browser${noBrowser}`, () => {
  let browser: Browser;
  let folder: string;
  let file: string;
  beforeAll(async () => {
    browser = await openBrowser();
    folder = await mkdtemp(join(tmpdir(), 'rnn-surprisal-'));
    file = join(folder, 'page.html');
    await writeFile(file, pageOf(verse));
    await writeFile(join(folder, 'long.html'), pageOf(verse.repeat(8)));
    await writeFile(join(folder, 'bytes.html'), pageOf('äx 🦊e', byteVocabulary()));
  });
  afterAll(async () => {
    await browser.close();
    await rm(folder, { recursive: true });
  });

  const symbolsShown = (page: Page): Promise<string[]> => page.locator('#panel th').allTextContents();
  const told = (page: Page): Promise<string | null> => page.locator('#text').getAttribute('aria-valuetext');
  const at = (text: string): number => [...verse].indexOf(text);

  it('fits wide and narrow screens, light and dark, shows the predictions at the pointer, and causes no console messages', async () => {
    const { page, complaints } = await openPage(browser, file);
    for (const width of widths) {
      await page.setViewportSize({ width, height: 900 });
      await page.locator('#text i').nth(at('p')).hover();
      await page.locator('#text i').nth(at('S')).hover();
      expect((await symbolsShown(page))[0]).toBe('e');
      expect(await symbolsShown(page)).toHaveLength(6); // S is not among the five
      expect(await page.locator('#panel .own th').textContent()).toBe('S');
      expect(await isTooWide(page)).toBe(false);
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        await keepPicture(page, `surprisal-${width}-${colorScheme}`);
      }
    }
    expect(complaints).toEqual({ errors: [], requests: [] });
    await page.close();
  });

  it('of bytes shows the surprisal, the rank and the most likely tokens of each byte of a character', async () => {
    const { page, complaints } = await openPage(browser, join(folder, 'bytes.html'));
    await page.locator('#text').focus();
    await page.keyboard.press('Home');
    expect(await told(page)).toMatch(
      /^ä: The first byte has no prediction: the model only reads it\.\s+\\xa4: \d\.\d\d bits, rank \d+\s+e\s/,
    );
    expect(await page.locator('#panel').textContent()).toMatch(
      /The first byte has no prediction: the model only reads it\.\\xa4: \d\.\d\d bits, rank \d+/,
    );
    expect(await page.locator('#panel .own th').textContent()).toBe(String.raw`\xa4`);
    for (const width of widths) {
      await page.setViewportSize({ width, height: 900 });
      await page.locator('#text i').nth(3).click();
      const costs = (await page.locator('#panel p:not(.all)').allTextContents()).map((each) =>
        /^(\\x\w\w): (\d+\.\d\d) bits, rank \d+$/.exec(each)!,
      );
      expect(costs.map(([, byte]) => byte)).toEqual(['f0', '9f', 'a6', '8a'].map((hex) => `\\x${hex}`));
      const [all] = await page.locator('#panel .all').allTextContents();
      expect(all).toMatch(/^\d+\.\d\d bits, of 4 bytes$/);
      expect(Number.parseFloat(all)).toBeCloseTo(
        costs.reduce((sum, [, , cost]) => sum + Number(cost), 0),
        1,
      );
      expect(await page.locator('#panel .own th').allTextContents()).toEqual(costs.map(([, byte]) => byte));
      expect(await page.locator('#panel table').count()).toBe(4);
      expect(await isTooWide(page)).toBe(false);
      await keepPicture(page, `surprisal-bytes-${width}`);
    }
    await page.locator('#text').press('ArrowRight');
    expect(await told(page)).toMatch(/^e: e: \d\.\d\d bits, rank 1\s+e\s/);
    expect(complaints).toEqual({ errors: [], requests: [] });
    await page.close();
  });

  it('moves with the keyboard by character, by line and to the next surprising character, and announces it to screen readers', async () => {
    const { page, complaints } = await openPage(browser, file);
    await page.locator('#text').focus();
    const press = async (...keys: string[]): Promise<string | null> => {
      for (const key of keys) await page.keyboard.press(key);
      return told(page);
    };
    expect(await press('Home')).toBe('<: The first character has no prediction: the model only reads it.');
    expect(await press('ArrowRight')).toMatch(/^\/: \/: \d\.\d\d bits, rank \d+\s+e\s+\d+\.\d\d %\s/);
    expect(await press('ArrowLeft', 'ArrowLeft')).toMatch(/^<: /); // no character before it
    const here = (): Promise<number> =>
      page.evaluate<number>(
        "[...document.querySelectorAll('#text i')].findIndex((each) => each.classList.contains('here'))",
      );
    await press('ArrowDown');
    expect(await here()).toBe([...verse].indexOf('\n') + 1);
    expect(await press('ArrowDown', 'ArrowUp', 'ArrowUp')).toMatch(/^<: /);
    await press('n');
    const dear = await here();
    expect(dear).toBeGreaterThan(0);
    expect(Number.parseFloat((await page.locator('#panel p').textContent())!.split(': ')[1])).toBeGreaterThan(5);
    await press('n', 'p');
    expect(await here()).toBe(dear);
    expect(await press('End')).toMatch(/^↵\n: /);
    expect(complaints).toEqual({ errors: [], requests: [] });
    await page.close();
  });

  it('moves to where the user taps or clicks: in the text, in the chart, and in the list of the least expected characters', async () => {
    const context = await browser.newContext({
      hasTouch: true,
      viewport: { width: 400, height: 800 },
      reducedMotion: 'reduce',
    });
    const page = await context.newPage();
    await page.goto(`file://${join(folder, 'long.html')}`);
    await page.locator('#text i').nth(at('p')).tap();
    expect(await told(page)).toMatch(/^p: /);
    const button = page.locator('.dearest button').last();
    await button.click();
    expect(await told(page)).toMatch(
      new RegExp(`: ${Number.parseFloat((await page.locator('.dearest li > span').last().textContent())!).toFixed(0)}`),
    );
    const { y } = (await page.locator('#text .here').boundingBox())!;
    const panel = (await page.locator('#panel').boundingBox())!;
    expect(y).toBeGreaterThan(0);
    expect(y).toBeLessThan(panel.y);
    expect(panel.y + panel.height).toBeLessThanOrEqual(800);
    await page.locator('#along').click({ position: { x: 1, y: 10 } });
    expect(
      await page
        .locator('#text .here')
        .evaluate((each) => [...each.closest('#text')!.querySelectorAll('i')].indexOf(each as never)),
    ).toBeLessThan(60);
    await context.close();
  });
});
