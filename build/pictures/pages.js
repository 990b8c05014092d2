// Pictures of the pages of `rnn inspect`, `rnn eval` and `rnn export`.
import { join } from 'node:path';
import { picturesOfPage } from './browser.js';
import { rnn, rnnJson, text, trainedRun } from './program.js';

/** The properties whose unit the picture shows: the first of these that a unit tracks. */
const shownProperties = ['quotes', 'line position'];

/** A text shaded by a unit that tracks a property of it. */
export async function inspect(folder) {
  const file = join(folder, 'inspect.html');
  const command = ['inspect', text, '--checkpoint', trainedRun(folder)];
  rnn([...command, '--html', file, '--unit', unitToShow(rnnJson(command))]);
  return named(
    'inspect',
    await picturesOfPage(file, { prepare: async () => {}, part: { from: '#reader-title', below: -14, height: 518 } }),
  );
}

/**
 * The unit that tracks a property best.
 * @param events lines of `rnn inspect --json`
 * @throws if no unit tracks one of the properties
 */
export function unitToShow(events) {
  const found = shownProperties.map((name) =>
    events.find(({ property, cells }) => property === name && cells.length > 0),
  );
  const first = found.find((event) => event !== undefined);
  if (first === undefined) throw new Error(`no unit tracks ${shownProperties.join(' or ')}`);
  return first.cells[0].cell;
}

/** A text shaded by surprisal, with the predictions at a character. */
export async function surprisal(folder) {
  const file = join(folder, 'surprisal.html');
  rnn(['eval', text, '--checkpoint', trainedRun(folder), '--part', 'validation', '--html', file]);
  const prepare = async (page) => {
    await page.focus('#text');
    for (let times = 0; times < 4; times++) await page.keyboard.press('n');
    await page.locator('#text').blur(); // without the outline of the focus
  };
  return named(
    'surprisal',
    await picturesOfPage(file, { prepare, part: { from: '#reader-title', below: -14, height: 418 } }),
  );
}

/** The page in which the model writes, after it has written. */
export async function writes(folder) {
  const file = join(folder, 'writes.html');
  rnn(['export', trainedRun(folder), '--format', 'html', '--out', file]);
  const prepare = async (page) => {
    await page.fill('#prompt', 'Shall I compare');
    await page.fill('#temperature', '0.7');
    await page.fill('#seed', '1');
    await page.click('#generate');
    await page.locator('#status', { hasText: 'with seed 1' }).waitFor();
    await page.locator('#text i').nth(61).hover();
  };
  return named('writes', await picturesOfPage(file, { prepare, part: { from: 'header', below: -16, height: 752 } }));
}

const named = (name, { light, dark }) => ({ [`${name}-light.png`]: light, [`${name}-dark.png`]: dark });
