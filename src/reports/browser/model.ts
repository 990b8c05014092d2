// The script of the page of a model: samples a text, continues it from any character, shades it and
// shows the predictions of the model.
import { printableToken } from '../../evaluation/scored-text.ts';
import { unescape } from '../../options/escapes.ts';
import type { ModelPageData } from '../model-page.ts';
import { bars, escapeHtml } from '../html.ts';
import { pieces as shown, readText, selectPiece } from './caret.ts';
import { LocalModel } from './local-model.ts';
import { element, onKeys, pageData } from './page.ts';
import { ServerModel } from './server-model.ts';
import type { Settings, TextModel } from './text-model.ts';

const data = pageData<ModelPageData>();
const [text, status, spoken, panel] = ['text', 'status', 'spoken', 'panel'].map((id) => element(id));
const shading = element<HTMLSelectElement>('shading');
const valueOf = (id: string): string => element<HTMLInputElement>(id).value;
/** The number of the highest shade in the style sheet, and where surprisal reaches it. */
const [TOP, HIGHEST_BITS] = [16, 8];
/** Characters of a block, which ends with a line. */
const BLOCK = 1000;
/** While the model samples, the text is shown at such intervals, because each takes a layout. */
const RENDER_MS = 80;
/** Characters at most that a screen reader reads at once. */
const SPOKEN = 1000;

let model: TextModel;
/** The text after this piece is replaced when the user continues. Null for the whole text. */
let mark: number | null = null;
/** The activation that has the highest shade. */
let highest = 1;
let seed = 0;
/** The text has reached a stop, so continuing begins with new random numbers. */
let isOver = false;
let running = new AbortController();
let finished = Promise.resolve();

const shadeOf = (piece: number): number => {
  if (shading.value === 'surprisal')
    return Math.round(TOP * Math.min(1, (model.pieces[piece].bits ?? 0) / HIGHEST_BITS));
  return shading.value === 'none' ? 0 : Math.round(TOP * Math.max(-1, Math.min(1, model.activation(piece) / highest)));
};
const withSign = (piece: string): string => piece.replace('\n', '↵\n').replace('\t', '→\t');

/** Shows pieces that are not shown yet, and scrolls to the end if the end was visible. */
function render(): void {
  const isAtEnd = text.scrollTop + text.clientHeight >= text.scrollHeight - 40;
  let block = text.lastElementChild!;
  for (let at = shown.length; at < model.pieces.length; at++) {
    if (block.childElementCount >= BLOCK && model.pieces[at - 1].text.endsWith('\n')) {
      block = text.appendChild(document.createElement('div'));
    }
    const piece = document.createElement('i');
    piece.textContent = withSign(model.pieces[at].text);
    piece.className = classOf(at);
    shown.push(block.appendChild(piece));
  }
  text.ariaValueMax = String(shown.length);
  if (isAtEnd) text.scrollTop = text.scrollHeight;
}

const classOf = (piece: number): string => `s${shadeOf(piece)}${model.pieces[piece].isPrompt ? ' prompt' : ''}`;

function removeFrom(piece: number): void {
  for (const each of shown.splice(piece)) each.remove();
  for (const block of [...text.children].slice(1)) if (block.childElementCount === 0) block.remove();
}

/** Shows where the model continues, and the text that it replaces. */
function showMark(): void {
  for (const [at, piece] of shown.entries()) {
    piece.classList.toggle('mark', at === mark);
    piece.classList.toggle('after', mark !== null && at > mark);
  }
}

/** Marks where to continue, or no place if it was marked. */
function setMark(piece: number | null): void {
  mark = piece === mark ? null : piece;
  showMark();
  if (piece !== null)
    tell(
      mark === null
        ? 'Continue adds to the end of the text.'
        : `Continue replaces the text after character ${mark + 1}, ${printableToken(model.pieces[mark].text)}.`,
    );
}

const tell = (message: string, isError = false): void => {
  status.textContent = message;
  status.classList.toggle('error', isError);
};

/** Ends the current work, and then does other work that can be ended. */
function start(work: (signal: AbortSignal) => Promise<void>): void {
  running.abort();
  running = new AbortController();
  finished = perform(work, running, finished);
}

async function perform(
  work: (signal: AbortSignal) => Promise<void>,
  control: AbortController,
  earlier: Promise<void>,
): Promise<void> {
  await earlier;
  document.body.classList.add('busy');
  try {
    if (!control.signal.aborted) await work(control.signal);
  } catch (error) {
    tell((error as Error).message, true);
  }
  if (control === running) document.body.classList.remove('busy');
}

/** @throws Error that names the field */
function settings(): Settings {
  for (const field of document.querySelectorAll<HTMLInputElement>('#controls input'))
    if (!field.checkValidity()) {
      field.focus();
      throw new Error(`${field.labels![0].firstChild!.textContent!.trim()}: ${field.validationMessage}`);
    }
  const [length, temperature, topP] = ['length', 'temperature', 'top-p'].map((id) => Number(valueOf(id)));
  return { length, temperature, topP, seed, stop: unescape(valueOf('stop'), 'char') };
}

async function sample(signal: AbortSignal): Promise<void> {
  const how = settings();
  const [before, began] = [model.pieces.length, performance.now()];
  tell('Sampling …');
  let next = 0;
  const ending = await model.sample(how, signal, () => {
    const start = performance.now();
    if (start < next) return;
    render();
    const end = performance.now();
    next = end + Math.max(RENDER_MS, 5 * (end - start)); // a long line takes long to lay out
  });
  isOver = ending === 'stop' || ending === 'end';
  const seconds = (performance.now() - began) / 1000;
  render();
  const written = model.pieces.slice(before).map((piece) => piece.text);
  const reason = { length: '', stop: ', up to the stop', end: ', to the end of the record', user: ', stopped' }[ending];
  const speed = seconds > 0.2 ? `, ${Math.round(written.length / seconds).toLocaleString('en')} per second` : '';
  tell(`${written.length.toLocaleString('en')} characters with seed ${seed}${reason}${speed}.`);
  spoken.textContent = written.slice(-SPOKEN).join('');
}

/** Replaces the text by the prompt. */
async function read(signal: AbortSignal): Promise<void> {
  setMark(null);
  removeFrom(0);
  try {
    await model.read(valueOf('prompt'), signal);
  } finally {
    render();
  }
}

function generate(): void {
  start(async (signal) => {
    seed = newSeed();
    await read(signal);
    if (!signal.aborted) await sample(signal);
  });
}

function continueText(): void {
  start(async (signal) => {
    const isNew = model.pieces.length === 0;
    if (isNew) await read(signal);
    if (isNew || isOver || mark !== null || valueOf('seed') !== '') seed = newSeed();
    if (mark !== null) {
      const kept = mark + 1;
      setMark(null);
      model.cut(kept);
      removeFrom(kept);
    }
    await sample(signal);
  });
}

const newSeed = (): number =>
  valueOf('seed') === '' ? crypto.getRandomValues(new Uint32Array(1))[0] : Number(valueOf('seed'));

function describe(piece: number): string {
  const { text: own, bits } = model.pieces[piece];
  const expected = model.expectations(piece);
  const name = printableToken(own);
  const rows = expected.map(({ token, probability }) => ({
    name: token,
    share: probability,
    value: `${(100 * probability).toFixed(1)} %`,
    isHighlighted: token === name,
  }));
  if (rows.length > 0 && bits !== null && !rows.some((row) => row.isHighlighted))
    rows.push({ name, share: 2 ** -bits, value: `${(100 * 2 ** -bits).toFixed(1)} %`, isHighlighted: true });
  const unit = shading.selectedIndex > 1 ? `, unit ${shading.value} ${model.activation(piece).toFixed(2)}` : '';
  panel.innerHTML = `<p><b>${escapeHtml(name)}</b> ${bits === null ? 'not predicted' : `${bits.toFixed(2)} bits`}${unit}</p>${bars(rows)}`;
  return `${name}: ${panel.innerText}`;
}

async function shade(signal: AbortSignal): Promise<void> {
  const isUnit = shading.selectedIndex > 1;
  await model.watch(isUnit ? shading.value : null, signal);
  if (signal.aborted) return;
  if (isUnit) highest = shown.reduce((most, _, at) => Math.max(most, Math.abs(model.activation(at))), 1e-6);
  for (const [at, piece] of shown.entries()) piece.className = classOf(at);
  showMark();
}

async function copy(): Promise<void> {
  const whole = model.pieces.map((piece) => piece.text).join('');
  try {
    await navigator.clipboard.writeText(whole);
    tell('The text is copied.');
  } catch {
    getSelection()?.selectAllChildren(text);
    tell('The text is selected: copy it with the keys of your system.');
  }
}

async function open(): Promise<void> {
  model = data.model === null ? new ServerModel() : await LocalModel.open(data.model);
  for (const unit of model.units) shading.add(new Option(`unit ${unit}`, unit));
  for (const button of document.querySelectorAll('button')) button.disabled = false;
  element('controls').addEventListener('submit', (event) => {
    event.preventDefault();
    generate();
  });
  element('stop-sampling').addEventListener('click', () => running.abort());
  element('continue').addEventListener('click', continueText);
  element('copy').addEventListener('click', () => void copy());
  shading.addEventListener('change', () => start(shade));
  readText(describe, { Enter: (from) => (setMark(from), from) });
  text.addEventListener('click', ({ target }) => {
    const piece = shown.indexOf((target as Element).closest('i')!);
    if (piece < 0) return;
    selectPiece(piece);
    setMark(piece);
  });
  element('prompt').addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) generate();
  });
  onKeys(document, { Escape: () => running.abort() });
  tell('');
}

open().catch((error: unknown) => tell(`This browser cannot run the model: ${(error as Error).message}`, true));
