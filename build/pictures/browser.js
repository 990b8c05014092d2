// Takes pictures of pages, in light and in dark, with the system's Chromium.
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';
import { paletted } from './png.js';

const executablePath = process.env.RNN_CHROMIUM ?? '/usr/bin/chromium';
const schemes = ['light', 'dark'];
/** Wide enough for the panel next to the text. */
const width = 980;
const height = 900;
/** The timeout of each action, generous because a model may write on a busy machine. */
const patienceMs = 300_000;

/**
 * Pictures of a part of a page, at twice the size.
 * @param file of the page
 * @param prepare a function of the page of Playwright, which uses the page as a reader would
 * @param part { from, below, height }: a picture begins `below` pixels under the top of the element
 * `from`
 * @returns { light, dark }: PNG
 */
export async function picturesOfPage(file, { prepare, part }) {
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
  try {
    const taken = {};
    for (const colorScheme of schemes) {
      const page = await browser.newPage({
        viewport: { width, height },
        colorScheme,
        deviceScaleFactor: 2,
        reducedMotion: 'reduce',
      });
      page.setDefaultTimeout(patienceMs);
      await page.goto(pathToFileURL(file).href);
      await prepare(page);
      const { y } = await page.locator(part.from).boundingBox();
      const top = y + (await page.evaluate('scrollY')) + part.below;
      const png = await page.screenshot({
        fullPage: true,
        clip: { x: 16, y: top, width: width - 32, height: part.height },
      });
      taken[colorScheme] = paletted(png);
    }
    return taken;
  } finally {
    await browser.close();
  }
}
