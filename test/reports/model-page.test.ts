// The page of a model, in a browser that cannot load anything else.
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { byteVocabulary } from '../../src/corpus/vocabulary.ts';
import { builtUrl } from '../../src/devices/artifacts.ts';
import { openCpu } from '../../src/devices/cpu/cpu.ts';
import { floatFormats, halvesOf } from '../../src/formats/floats.ts';
import type { ExportOptions } from '../../src/formats/trained.ts';
import type { KernelChoice } from '../../src/options/choices.ts';
import { html } from '../../src/reports/model-page.ts';
import { type TrainedModel, parameterCountOf } from '../../src/runs/store.ts';
import { type SampledTextRequest, openSampler } from '../../src/sampling/sample.ts';
import { randomModel } from '../formats/models.ts';
import { isTooWide, keepPicture, looks, noBrowser, openBrowser, openPage } from './browser.ts';

const hostile = `</script><img src=x onerror="alert(1)">&'`;
const lstm = randomModel({ cell: 'lstm', layers: 2 });
const trained: TrainedModel = {
  ...lstm,
  training: { ...lstm.training, options: { textStarts: true }, corpus: { name: `verse ${hostile}` } },
};
const pageOf = (model: TrainedModel, options?: ExportOptions): string =>
  Buffer.from(html.write(model, options)).toString();

/** The text of `rnn sample` with these kernels. */
async function sampled(
  model: TrainedModel,
  request: Partial<SampledTextRequest>,
  kernels: KernelChoice = 'wasm',
): Promise<string> {
  const device = await openCpu({ threads: 1, kernels });
  const sampler = await openSampler(model, device);
  let text = request.prime === undefined ? '' : (request.prime as string);
  const rules = { prime: '', stop: null, options: {}, seed: 3, length: 120, ...request };
  for await (const piece of sampler.text(rules)) text += piece;
  await sampler.close();
  await device.close();
  return text;
}

describe('the page of a model', () => {
  it.each([
    ['float32', 4],
    ['float16', 2],
  ] as const)('in %s is at most 95 kB larger than its weights', (precision, bytes) => {
    const length = (4 / 3) * bytes * parameterCountOf(trained);
    expect(Buffer.byteLength(pageOf(trained, { precision })) - length).toBeLessThan(95_000);
  });

  it('names the text, the loss and the size of the model', () => {
    const [header] = pageOf(trained, { title: `A <title>` }).split('<main>');
    expect(header).toContain('<title>A &lt;title&gt;</title>');
    expect(header).toMatch(
      /<p>lstm, 2 × 24, trained on verse &lt;\/script[^<]*, 3\.607 bpc on validation text, 11,097 parameters, 44.kB in float32<\/p>/,
    );
  });

  it('refuses weights that are too large for float16', () => {
    const tensors = trained.tensors.map((tensor, at) =>
      at === 0 ? { ...tensor, data: tensor.data.map((x, index) => (index === 5 ? 70_000 : x)) } : tensor,
    );
    expect(() => pageOf({ ...trained, tensors }, { precision: 'float16' })).toThrow(
      'cannot write the weights as float16: weight 5 is 70000',
    );
  });
});

describe('float16', () => {
  it('rounds to the nearest number, and to even between two', () => {
    const exact = [0, -0, 1, -1.5, 65_504, 2 ** -24, 2 ** -14, 2 ** -14 - 2 ** -24, 0.333251953125];
    const rounded: [number, number][] = [
      [1 + 2 ** -11, 1], // a tie
      [1 + 3 * 2 ** -11, 1 + 2 ** -9], // a tie
      [1 + 2 ** -11 + 2 ** -20, 1 + 2 ** -10],
      [2047.9, 2048], // a carry into the exponent
      [2 ** -25, 0],
      [2 ** -25 * 1.1, 2 ** -24],
      [65_519, 65_504],
      [65_520, Infinity],
    ];
    const numbers = Float32Array.from([...exact, ...rounded.map(([from]) => from)]);
    const halves = halvesOf(numbers);
    const back = floatFormats['F16'].decode(new Uint8Array(halves.buffer as ArrayBuffer));
    expect([...back]).toEqual([...exact, ...rounded.map(([, to]) => to)]);
  });
});

describe.skipIf(noBrowser !== '')(`the page of a model in a browser${noBrowser}`, () => {
  let browser: Browser;
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'rnn-model-'));
    browser = await openBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true });
  });

  const open = async (model: TrainedModel, options: ExportOptions = {}, before = ''): ReturnType<typeof openPage> => {
    const file = join(folder, 'model.html');
    writeFileSync(file, pageOf(model, options));
    const opened = await openPage(browser, file, { before });
    await opened.page.waitForSelector('#generate:not([disabled])');
    return opened;
  };
  /** Fills the fields, presses a button, and waits for the end. */
  const press = async (
    page: Page,
    button: string,
    fields: Readonly<Record<string, string | number>> = {},
  ): Promise<string> => {
    for (const [id, value] of Object.entries(fields)) await page.fill(`#${id}`, String(value));
    await page.click(button);
    await page.waitForSelector('body:not(.busy)');
    return page.innerText('#status');
  };
  const text = async (page: Page): Promise<string> =>
    (await page.locator('#text i').allTextContents())
      .map((each) => each.replace('↵\n', '\n').replace('→\t', '\t'))
      .join('');

  /** A browser without relaxed SIMD and without shared memory. */
  const older = `
    const { instantiate } = WebAssembly;
    WebAssembly.validate = () => false;
    WebAssembly.instantiate = (bytes, imports) => {
      if (bytes.length === ${statSync(builtUrl('cpu/kernels-relaxed.wasm')).size}) throw new Error('relaxed SIMD');
      return instantiate(bytes, imports);
    };
    delete globalThis.SharedArrayBuffer;`;

  it.each([
    ['relaxed SIMD', '', 'wasm'],
    ['portable SIMD', older, 'wasm-portable'],
  ] as const)('samples the same text as rnn sample, with %s', async (_, before, kernels) => {
    const { page, complaints } = await open(trained, {}, before);
    expect(await press(page, '#generate', { seed: 3, length: 120, prompt: 'So ß' })).toContain(
      '120 characters with seed 3',
    );
    expect(await text(page)).toBe(await sampled(trained, { prime: 'So ß' }, kernels));
    await press(page, '#generate', { prompt: '', temperature: 0.7, 'top-p': 0.8, stop: 'a', length: 500 });
    const options = { temperature: 0.7, topP: 0.8 };
    const expected = await sampled(trained, { options, stop: 'a', length: 500 }, kernels);
    expect(await text(page)).toBe(expected);
    expect(expected.endsWith('a')).toBe(true);
    expect(complaints).toEqual({ errors: [], requests: [] });
    await page.close();
  });

  it('samples with float16 as the model of the rounded weights does', async () => {
    const round = (data: Float32Array): Float32Array =>
      floatFormats['F16'].decode(new Uint8Array(halvesOf(data).buffer as ArrayBuffer));
    const rounded = { ...trained, tensors: trained.tensors.map((each) => ({ ...each, data: round(each.data) })) };
    const { page } = await open(trained, { precision: 'float16' });
    await press(page, '#generate', { seed: 5, length: 120 });
    expect(await text(page)).toBe(await sampled(rounded, { seed: 5 }));
    await page.close();
  });

  it('continues at the end with the next random numbers, and from any character', async () => {
    const { page, complaints } = await open(trained);
    await press(page, '#generate', { prompt: 'I', seed: 3, length: 60 });
    const half = await text(page);
    await press(page, '#continue');
    const whole = await sampled(trained, { prime: 'I' });
    expect([half, await text(page)]).toEqual([whole.slice(0, half.length), whole]);
    const characters = [...whole];
    await page.locator('#text i').nth(40).click();
    expect(await page.innerText('#status')).toContain('after character 41');
    expect(await page.locator('#text .replaced').count()).toBe(characters.length - 41);
    const lines = await page
      .locator('#text i')
      .evaluateAll((each) => new Set(each.map((one) => one.getClientRects()[0].top)).size);
    expect(lines).toBeLessThan(20);
    await press(page, '#continue');
    expect(await text(page)).toBe(await sampled(trained, { prime: characters.slice(0, 41).join(''), length: 60 }));
    await page.focus('#text');
    await page.keyboard.press('Home');
    await page.keyboard.press('Enter');
    await press(page, '#continue');
    expect(await text(page)).toBe(await sampled(trained, { prime: 'I', length: 60 }));
    expect(complaints.errors).toEqual([]);
    await page.close();
  });

  it('stops, and continues as if it had not stopped', async () => {
    const { page } = await open(trained);
    await page.fill('#seed', '3');
    await page.fill('#length', '100000');
    await page.click('#generate');
    await page.waitForSelector('#text i:nth-child(20)');
    await page.keyboard.press('Escape');
    await page.waitForSelector('body:not(.busy)');
    expect(await page.innerText('#status')).toContain('stopped');
    const { length } = [...(await text(page))];
    await press(page, '#continue', { length: 50 });
    expect(await text(page)).toBe(await sampled(trained, { length: length + 50 }));
    await page.close();
  });

  it('shows predictions, surprisal and the activations of units', async () => {
    const { page, complaints } = await open(trained);
    await press(page, '#generate', { seed: 3, length: 100, temperature: 2 });
    await page.selectOption('#shading', 'surprisal');
    await page.waitForSelector('body:not(.busy)');
    const shades = (): Promise<string[]> =>
      page.$$eval('#text i', (pieces) => pieces.map((piece) => piece.className.split(' ')[0]));
    const bits: number[] = [];
    for (const at of [0, 70, 33]) {
      await page.locator('#text i').nth(at).hover();
      const panel = await page.innerText('#panel');
      bits[at] = Number(/([\d.]+) bits/.exec(panel)![1]);
      const own = /([\d.]+) %/.exec(await page.innerText('#panel .own'))!;
      expect(Number(own[1]) / 100).toBeCloseTo(2 ** -bits[at], 2);
      expect((await shades())[at]).toBe(`s${Math.round(2 * Math.min(8, bits[at]))}`);
    }
    await page.selectOption('#shading', '1.c.7');
    await page.waitForSelector('body:not(.busy)');
    expect(new Set(await shades()).size).toBeGreaterThan(4);
    await page.locator('#text i').nth(99).hover();
    const value = /unit 1\.c\.7 (-?[\d.]+)/.exec(await page.innerText('#panel'))![1];
    await press(page, '#continue', { length: 40 });
    await page.locator('#text i').nth(99).hover();
    expect(await page.innerText('#panel')).toContain(`unit 1.c.7 ${value}`);
    expect(complaints.errors).toEqual([]);
    await page.close();
  });

  it('reads the text again for a unit, but not for surprisal', async () => {
    const counting = `
      const { instantiate } = WebAssembly;
      WebAssembly.instantiate = async (bytes, imports) => {
        const { exports } = (await instantiate(bytes, imports)).instance;
        return { instance: { exports: { ...exports, run: (base) => (globalThis.steps++, exports.run(base)) } } };
      };
      globalThis.steps = 0;`;
    const { page } = await open(trained, {}, counting);
    const steps = (): Promise<number> => page.evaluate<number>('steps');
    await press(page, '#generate', { seed: 3, length: 300, prompt: 'S' });
    const sampling = await steps();
    for (const shading of ['surprisal', 'none']) {
      await page.selectOption('#shading', shading);
      await page.waitForSelector('body:not(.busy)');
    }
    expect([sampling, await steps()]).toEqual([302, 302]);
    await page.selectOption('#shading', '0.h.2');
    await page.waitForSelector('body:not(.busy)');
    expect(await steps()).toBe(302 + 302);
    await page.close();
  });

  it('takes keys before there is a text, and copies the text', async () => {
    const { page, complaints } = await open(trained);
    await page.focus('#text');
    for (const key of ['ArrowDown', 'ArrowUp', 'End', 'Enter']) await page.keyboard.press(key);
    await page.fill('#prompt', 'So');
    await page.focus('#prompt');
    await page.keyboard.press('Control+Enter');
    await page.waitForSelector('#text i:nth-child(100)');
    await page.waitForSelector('body:not(.busy)');
    expect(await page.getAttribute('#text', 'aria-valuemax')).toBe('502');
    await page.click('#copy');
    await page.locator('#status', { hasText: /copied|selected/ }).waitFor();
    expect(complaints.errors).toEqual([]);
    await page.close();
  });

  it('says which field or character is wrong, and keeps the text', async () => {
    const { page, complaints } = await open(trained);
    await press(page, '#generate', { seed: 3, length: 50 });
    const before = await text(page);
    expect(await press(page, '#generate', { prompt: 'I Ω' })).toMatch(/never seen.*Ω/);
    expect(await text(page)).toBe(before);
    await page.fill('#temperature', '-1');
    await page.click('#continue');
    expect(await page.innerText('#status')).toMatch(/^Temperature: /);
    expect(await text(page)).toBe(before);
    expect(complaints.errors).toEqual([]);
    await page.close();
  });

  it('ends the text of a model of records at the end token', async () => {
    const model = { ...trained, vocabulary: { ...trained.vocabulary, end: 0 } };
    const { page } = await open(model);
    expect(await press(page, '#generate', { seed: 3, length: 5000 })).toContain('to the end of the record');
    expect(await text(page)).toBe(await sampled(model, { length: 5000 }));
    await page.close();
  });

  it('shows the text of a model of bytes', async () => {
    const bytes = byteVocabulary().data;
    const model = { ...randomModel({ cell: 'gru', vocabulary: 256, learnedState: true }), vocabulary: bytes };
    const { page } = await open(model);
    await press(page, '#generate', { seed: 3, length: 200, prompt: 'é€' });
    const expected = await sampled(model, { prime: 'é€', length: 200 });
    // The last character may be incomplete.
    expect(expected.startsWith(await text(page))).toBe(true);
    expect([...(await text(page))].length).toBeGreaterThan(100);
    await page.close();
  });

  it('fits wide and narrow screens, light and dark', async () => {
    const { page, complaints } = await open(trained);
    await press(page, '#generate', { seed: 3, prompt: 'So I' });
    await page.locator('#text i').nth(9).hover();
    for (const { width, colorScheme } of looks) {
      await page.setViewportSize({ width, height: 900 });
      await page.emulateMedia({ colorScheme });
      expect(await isTooWide(page)).toBe(false);
      await keepPicture(page, `model-${width}-${colorScheme}`);
    }
    expect(complaints).toEqual({ errors: [], requests: [] });
    await page.close();
  });
});
