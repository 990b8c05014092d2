// A browser to look at pages with: Debian's chromium, if it is there. RNN_SCREENSHOTS=FOLDER keeps
// what it saw.
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, type Page, chromium } from 'playwright-core';

const program = process.env.RNN_CHROMIUM ?? '/usr/bin/chromium';

/**
 * Why pages cannot be looked at here, for the name of the tests that are left out; empty if they
 * can.
 */
export const noBrowser = existsSync(program) ? '' : ` (skipped: there is no ${program}; apt-get install chromium)`;

export const openBrowser = (): Promise<Browser> =>
  chromium.launch({ executablePath: program, args: ['--no-sandbox', '--disable-gpu'] });

/** What the browser said of a page, besides showing it; all of it should be empty. */
export interface Complaints {
  readonly errors: string[];
  /** Whatever the page asked for, but itself. */
  readonly requests: string[];
}

export interface OpenedPage {
  readonly page: Page;
  readonly complaints: Complaints;
}

export interface Look {
  readonly width?: number;
  readonly colorScheme?: 'light' | 'dark';
}

export async function openPage(
  browser: Browser,
  file: string,
  { width = 1280, colorScheme = 'light' }: Look = {},
): Promise<OpenedPage> {
  const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme, reducedMotion: 'reduce' });
  const complaints: Complaints = { errors: [], requests: [] };
  const url = pathToFileURL(file).href;
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.errors.push(message.text());
  });
  page.on('pageerror', (error) => complaints.errors.push(error.message));
  page.on('request', (request) => {
    if (request.url() !== url && !request.url().startsWith('data:')) complaints.requests.push(request.url());
  });
  await page.goto(url);
  return { page, complaints };
}

/** Of the narrowest and of a usual screen, which a page has to suit; in pixels. */
export const widths = [400, 1280] as const;

/** The whole page as a picture, if RNN_SCREENSHOTS names a folder for it. */
export async function keepPicture(page: Page, name: string): Promise<void> {
  const folder = process.env.RNN_SCREENSHOTS;
  if (folder === undefined) return;
  await mkdir(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}

/** Whether something reaches beyond the page's edge, so that it scrolls sideways. */
export const isTooWide = (page: Page): Promise<boolean> =>
  page.evaluate<boolean>('document.documentElement.scrollWidth > document.documentElement.clientWidth');

/** Every width and scheme that a page has to suit. */
export const looks = widths.flatMap((width) =>
  (['light', 'dark'] as const).map((colorScheme) => ({ width, colorScheme })),
);
