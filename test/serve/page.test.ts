// The page of the server, in a browser.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { byteVocabulary } from '../../src/corpus/vocabulary.ts';
import { isTooWide, keepPicture, noBrowser, openBrowser, openPage } from '../reports/browser.ts';
import { untrained } from '../sampling/fixture.ts';
import { type OpenServer, withServer } from './fixture.ts';

const completion = async (server: OpenServer, prompt: string, body: object): Promise<string> => {
  const response = await server.post('v1/completions', { prompt, ...body });
  return ((await response.json()) as { choices: { text: string }[] }).choices[0].text;
};

describe.skipIf(noBrowser !== '')(`the page of the server${noBrowser}`, () => {
  let browser: Browser;
  beforeAll(async () => void (browser = await openBrowser()));
  afterAll(() => browser?.close());

  const open = async ({ url }: OpenServer): ReturnType<typeof openPage> => {
    const opened = await openPage(browser, url);
    await opened.page.waitForSelector('#generate:not([disabled])');
    return opened;
  };
  const press = async (page: Page, button: string, fields: Readonly<Record<string, string>> = {}): Promise<string> => {
    for (const [id, value] of Object.entries(fields)) await page.fill(`#${id}`, value);
    await page.click(button);
    await page.waitForSelector('body:not(.busy)');
    return page.innerText('#status');
  };
  const text = async (page: Page): Promise<string> =>
    (await page.locator('#text i').allTextContents()).join('').replaceAll('↵\n', '\n');

  it('samples on the server, and continues from any character', () =>
    withServer(
      async (server) => {
        const { page, complaints } = await open(server);
        expect(await press(page, '#generate', { prompt: 'ab', seed: '5', length: '60' })).toContain(
          '60 characters with seed 5',
        );
        expect(await text(page)).toBe(`ab${await completion(server, 'ab', { max_tokens: 60, seed: 5 })}`);
        for (const at of [1, 30]) {
          await page.locator('#text i').nth(at).hover();
          expect(await page.innerText('#panel')).toMatch(/bits[\s\S]*%/);
        }
        await keepPicture(page, 'served');
        expect(await isTooWide(page)).toBe(false);
        await page.locator('#text i').nth(9).click();
        const start = [...(await text(page))].slice(0, 10).join('');
        expect(await press(page, '#continue', { stop: 'e' })).toContain('up to the stop');
        expect(await text(page)).toBe(
          start + (await completion(server, start, { max_tokens: 60, seed: 5, stop: 'e' })),
        );
        expect(complaints.errors).toEqual([]);
        const before = await text(page);
        expect(await press(page, '#generate', { prompt: 'É' })).toMatch(/É/);
        expect(await text(page)).toBe(before);
        await page.fill('#length', '70');
        await page.focus('#prompt');
        await page.keyboard.press('Control+Enter');
        expect(await page.innerText('#status')).toMatch(/^Length: .*60/);
        expect(complaints.requests.every((url) => url === `${server.url}v1/completions`)).toBe(true);
        await page.close();
      },
      { maxLength: 60 },
    ));

  it('asks for the token of the server, and keeps it while the tab is open', () =>
    withServer(
      async (server) => {
        const { page } = await open(server);
        await page.focus('#prompt');
        await page.keyboard.press('Control+Enter');
        expect(await page.innerText('#status')).toMatch(/^Token of the server: /);
        expect(await press(page, '#generate', { token: 'another-token' })).toContain('the token is missing or wrong');
        expect(await press(page, '#generate', { token: 'secret-token', length: '20' })).toContain('20 characters');
        await page.reload();
        expect(await press(page, '#generate', { length: '30' })).toContain('30 characters');
        await page.close();
      },
      { token: 'secret-token' },
    ));

  it('shows the text of a model of bytes, with the bits of each character', () =>
    withServer(
      async (server) => {
        const { page } = await open(server);
        await press(page, '#generate', { prompt: 'é€', seed: '1', length: '1', stop: '' });
        expect((await text(page)).slice(0, 2)).toBe('é€');
        await page.locator('#text i').nth(1).hover();
        expect(await page.innerText('#panel')).toMatch(/^€ [\d.]+ bits/);
        await page.close();
      },
      {},
      untrained(byteVocabulary().data),
    ));
});
