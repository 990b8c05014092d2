// The page of the server, in a browser.
import { expect, it } from 'vitest';
import { isTooWide, keepPicture, noBrowser, openBrowser, openPage } from '../reports/browser.ts';
import { type OpenServer, withServer } from './fixture.ts';

const completion = async (server: OpenServer, prompt: string, body: object): Promise<string> => {
  const response = await server.post('v1/completions', { prompt, ...body });
  return ((await response.json()) as { choices: { text: string }[] }).choices[0].text;
};

it.skipIf(noBrowser !== '')(`the page of the server samples on the server${noBrowser}`, async () => {
  await withServer(
    async (server) => {
      const browser = await openBrowser();
      try {
        const { page, complaints } = await openPage(browser, server.url);
        await page.waitForSelector('#generate:not([disabled])');
        const press = async (button: string): Promise<string> => {
          await page.click(button);
          await page.waitForSelector('body:not(.busy)');
          return page.innerText('#status');
        };
        const text = async (): Promise<string> =>
          (await page.locator('#text i').allTextContents()).join('').replaceAll('↵\n', '\n');
        await page.fill('#prompt', 'ab');
        await page.fill('#seed', '5');
        await page.fill('#length', '60');
        expect(await press('#generate')).toContain('60 characters with seed 5');
        expect(await text()).toBe(`ab${await completion(server, 'ab', { max_tokens: 60, seed: 5 })}`);
        await page.locator('#text i').nth(30).hover();
        expect(await page.innerText('#panel')).toMatch(/bits[\s\S]*%/);
        await keepPicture(page, 'served');
        expect(await isTooWide(page)).toBe(false);
        await page.locator('#text i').nth(9).click();
        await page.fill('#stop', 'e');
        const start = [...(await text())].slice(0, 10).join('');
        expect(await press('#continue')).toContain('up to the stop');
        expect(await text()).toBe(start + (await completion(server, start, { max_tokens: 60, seed: 5, stop: 'e' })));
        expect(complaints.errors).toEqual([]);
        await page.fill('#prompt', 'É');
        expect(await press('#generate')).toMatch(/É/);
        await page.fill('#prompt', 'a');
        await page.fill('#length', '70');
        await page.fill('#stop', '');
        expect(await press('#generate')).toContain('max_tokens is 70: expected at most 60');
        expect(complaints.requests.every((url) => url === `${server.url}v1/completions`)).toBe(true);
      } finally {
        await browser.close();
      }
    },
    { length: 60 },
  );
});
