// Opens pages in a browser: Debian's chromium, if it is installed. RNN_SCREENSHOTS=FOLDER keeps
// screenshots.
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, type Page, chromium } from 'playwright-core';

const program = process.env.RNN_CHROMIUM ?? '/usr/bin/chromium';

/** Why pages cannot be opened here, for the names of skipped tests. Empty if they can. */
export const noBrowser = existsSync(program)
  ? ''
  : ` (skipped because ${program} is missing: run apt-get install chromium)`;

export const openBrowser = (): Promise<Browser> =>
  chromium.launch({ executablePath: program, args: ['--no-sandbox', '--disable-gpu'] });

/** Messages of the browser about a page. All should be empty. */
export interface Complaints {
  readonly errors: string[];
  /** Requests other than for the page itself. */
  readonly requests: string[];
}

export interface OpenedPage {
  readonly page: Page;
  readonly complaints: Complaints;
}

export interface Look {
  readonly width?: number;
  readonly colorScheme?: 'light' | 'dark';
  /** A script that runs before the script of the page. */
  readonly before?: string;
}

/** @param file a path or an HTTP URL */
export async function openPage(
  browser: Browser,
  file: string,
  { width = 1280, colorScheme = 'light', before = '' }: Look = {},
): Promise<OpenedPage> {
  const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme, reducedMotion: 'reduce' });
  const complaints: Complaints = { errors: [], requests: [] };
  const url = file.startsWith('http:') ? file : pathToFileURL(file).href;
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.errors.push(message.text());
  });
  page.on('pageerror', (error) => complaints.errors.push(error.message));
  page.on('request', (request) => {
    if (request.url() !== url && !request.url().startsWith('data:')) complaints.requests.push(request.url());
  });
  await page.addInitScript(before);
  await page.goto(url);
  return { page, complaints };
}

/** Widths in pixels of a very narrow and of a usual screen, which pages have to fit. */
export const widths = [400, 1280] as const;

/** Saves a screenshot of the whole page if RNN_SCREENSHOTS names a folder. */
export async function keepPicture(page: Page, name: string): Promise<void> {
  const folder = process.env.RNN_SCREENSHOTS;
  if (folder === undefined) return;
  await mkdir(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}

/** Whether something extends beyond the edge of the page, so that it scrolls sideways. */
export const isTooWide = (page: Page): Promise<boolean> =>
  page.evaluate<boolean>('document.documentElement.scrollWidth > document.documentElement.clientWidth');

/** All widths and colour schemes that a page has to support. */
export const looks = widths.flatMap((width) =>
  (['light', 'dark'] as const).map((colorScheme) => ({ width, colorScheme })),
);
