// The script of the page of a model: samples a text, continues it from any character, shades it and
// shows the predictions of the model.
import { Vocabulary } from '../../corpus/vocabulary.ts';
import { printableToken, tokenTexts } from '../../evaluation/scored-text.ts';
import { unescape } from '../../options/escapes.ts';
import { ModelText } from '../../sampling/model-text.ts';
import { bars, escapeHtml } from '../html.ts';
import type { ModelPageData } from '../model-page.ts';
import { SHADES, withSigns } from '../shaded-text.ts';
import { pieces as shown, readText, selectPiece } from './caret.ts';
import { LocalModel } from './local-model.ts';
import { element, onKeys, pageData } from './page.ts';
import { ServerModel } from './server-model.ts';
import { type Ending, type Settings, type TextModel, type Token, follow } from './text-model.ts';

/** A character of the text, with the values of its tokens. */
interface Piece extends Token {
  readonly text: string;
  /** It belongs to the prompt. */
  readonly isPrompt: boolean;
  /** Tokens up to its end. */
  readonly end: number;
}

const { vocabulary: vocabularyData, startSymbol, model: local } = pageData<ModelPageData>();
const vocabulary = new Vocabulary(vocabularyData);
const modelText = new ModelText(vocabulary, startSymbol);
const names = tokenTexts(vocabulary).map(printableToken);
const [text, status, spoken, panel] = ['text', 'status', 'spoken', 'panel'].map((id) => element(id));
const shading = element<HTMLSelectElement>('shading');
const field = (id: string): HTMLInputElement => element<HTMLInputElement>(id);
/** The surprisal that has the highest shade. */
const HIGHEST_BITS = 8;
/** Characters of a block, which ends with a line. */
const BLOCK = 1000;
/** Characters at most that a screen reader reads at once. */
const SPOKEN = 1000;

let model: TextModel;
/** The tokens of the text. The first `hidden` are not shown. */
let ids: number[] = [];
let hidden = 0;
const pieces: Piece[] = [];
let decoder = vocabulary.decoder();
/** The tokens of a character that is not complete. */
let incomplete: Token[] = [];
/** The text after this piece is replaced when the user continues. Null for the whole text. */
let mark: number | null = null;
/** The activation that has the highest shade. */
let highest = 1;
let seed = 0;
/** The text has reached a stop, so continuing begins with new random numbers. */
let isOver = false;
let running = new AbortController();
let finished = Promise.resolve();

/** Adds a token to the text. */
function add(token: Token, isPrompt: boolean): void {
  ids.push(token.id);
  incomplete.push(token);
  const piece = decoder.push(token.id);
  if (piece === '') return;
  const bits = incomplete.map((each) => each.bits).reduce((sum, more) => (sum ?? 0) + more!);
  pieces.push({ ...token, text: piece, bits, expected: incomplete[0].expected, isPrompt, end: ids.length });
  incomplete = [];
}

/** Keeps only the first pieces of the text. */
function cut(count: number): void {
  setMark(null);
  pieces.length = count;
  ids.length = pieces.at(-1)?.end ?? hidden;
  decoder = vocabulary.decoder();
  incomplete = [];
  panel.textContent = '';
  for (const piece of shown.splice(count)) piece.remove();
  for (const block of [...text.children].slice(1)) if (block.childElementCount === 0) block.remove();
}

const classOf = ({ bits, activation, isPrompt }: Piece): string => {
  const share = shading.value === 'surprisal' ? (bits ?? 0) / HIGHEST_BITS : (activation ?? 0) / highest;
  const shade = Math.round(SHADES * Math.max(-1, Math.min(1, share)));
  return `s${shading.value === 'none' ? 0 : shade}${isPrompt ? ' prompt' : ''}`;
};

/** Shows pieces that are not shown yet, and scrolls to the end if the end was visible. */
function render(): void {
  const isAtEnd = text.scrollTop + text.clientHeight >= text.scrollHeight - 40;
  let block = text.lastElementChild!;
  for (const piece of pieces.slice(shown.length)) {
    if (block.childElementCount >= BLOCK && shown.at(-1)!.textContent!.endsWith('\n'))
      block = text.appendChild(document.createElement('div'));
    const each = document.createElement('i');
    each.textContent = withSigns(piece.text);
    each.className = classOf(piece);
    shown.push(block.appendChild(each));
  }
  text.ariaValueMax = String(shown.length);
  if (isAtEnd) text.scrollTop = text.scrollHeight;
}

/** Shows where the model continues, and the text that it replaces. */
function showMark(): void {
  for (const [at, piece] of shown.entries()) {
    piece.classList.toggle('mark', at === mark);
    piece.classList.toggle('replaced', mark !== null && at > mark);
  }
}

/** Marks where to continue, or no place if it was marked. */
function setMark(piece: number | null): void {
  mark = piece === mark ? null : piece;
  showMark();
  if (piece === null) return;
  const after = `replaces the text after character ${piece + 1}, ${printableToken(pieces[piece].text)}`;
  tell(`Continue ${mark === null ? 'adds to the end of the text' : after}.`);
}

const tell = (message: string, isError = false): void => {
  status.textContent = message;
  status.classList.toggle('error', isError);
};

/** Ends the current work, and then does other work that can be ended. */
function start(work: (signal: AbortSignal) => Promise<void>): void {
  running.abort();
  const [control, earlier] = [(running = new AbortController()), finished];
  finished = (async () => {
    await earlier;
    document.body.classList.add('busy');
    try {
      if (!control.signal.aborted) await work(control.signal);
    } catch (error) {
      tell((error as Error).message, true);
    }
    if (control === running) document.body.classList.remove('busy');
  })();
}

/** @throws Error that names the field */
function settings(): Settings {
  for (const input of document.querySelectorAll<HTMLInputElement>('#controls input'))
    if (!input.checkValidity()) {
      input.focus();
      throw new Error(`${input.labels![0].firstChild!.textContent!.trim()}: ${input.validationMessage}`);
    }
  const [length, temperature, topP] = ['length', 'temperature', 'top-p'].map((id) => field(id).valueAsNumber);
  return { length, temperature, topP, seed, stop: unescape(field('stop').value, 'char') };
}

async function sample(how: Settings, signal: AbortSignal): Promise<void> {
  const [before, began] = [pieces.length, performance.now()];
  tell('Sampling …');
  let ending: Ending = 'user';
  try {
    ending = await follow(model.sample({ ids, hidden }, how, signal), signal, (token) => add(token, false), render);
  } finally {
    render();
  }
  isOver = ending === 'stop' || ending === 'end';
  const seconds = (performance.now() - began) / 1000;
  const written = pieces.slice(before).map((piece) => piece.text);
  const reason = { length: '', stop: ', up to the stop', end: ', to the end of the record', user: ', stopped' }[ending];
  const speed = seconds > 0.2 ? `, ${Math.round(written.length / seconds).toLocaleString('en')} per second` : '';
  tell(`${written.length.toLocaleString('en')} characters with seed ${seed}${reason}${speed}.`);
  spoken.textContent = written.slice(-SPOKEN).join('');
}

/** Replaces the text by the prompt. */
async function read(signal: AbortSignal): Promise<void> {
  const prompt = modelText.promptOf(field('prompt').value);
  cut(0);
  hidden = prompt.context.length - prompt.ids.length;
  ids = [...prompt.context.subarray(0, hidden)];
  const all = { ids: [...prompt.context], hidden };
  if (prompt.ids.length > 0) await follow(model.read(all, signal), signal, (token) => add(token, true), render);
}

/** Samples after the prompt, or where the user continues. */
function write(isNew: boolean): void {
  start(async (signal) => {
    const isFirst = isNew || pieces.length === 0;
    // A server begins with the first random numbers of a seed each time.
    if (isFirst || isOver || mark !== null || local === null || field('seed').value !== '') seed = newSeed();
    const how = settings();
    if (isFirst) await read(signal);
    else if (mark !== null) cut(mark + 1);
    await sample(how, signal);
  });
}

const newSeed = (): number =>
  field('seed').value === '' ? crypto.getRandomValues(new Uint32Array(1))[0] : field('seed').valueAsNumber;

function describe(at: number): string {
  const { text: own, bits, expected, activation } = pieces[at];
  const name = printableToken(own);
  const rowOf = (token: string, probability: number) => ({
    name: token,
    share: probability,
    value: `${(100 * probability).toFixed(1)} %`,
    isHighlighted: token === name,
  });
  const rows = expected.map(({ id, probability }) => rowOf(names[id], probability));
  if (rows.length > 0 && bits !== null && !rows.some((row) => row.isHighlighted)) rows.push(rowOf(name, 2 ** -bits));
  const unit = activation === null ? '' : `, unit ${shading.value} ${activation.toFixed(2)}`;
  panel.innerHTML = `<p><b>${escapeHtml(name)}</b> ${bits === null ? 'not predicted' : `${bits.toFixed(2)} bits`}${unit}</p>${bars(rows)}`;
  return `${name}: ${panel.innerText}`;
}

/** Shades the text, and reads it again for the activations of a unit. */
async function shade(signal: AbortSignal): Promise<void> {
  model.unit = shading.selectedIndex > 1 ? shading.value : null;
  for (const piece of pieces) piece.activation = null;
  if (model.unit !== null && pieces.length > 0) {
    let [at, end] = [0, hidden];
    await follow(model.read({ ids, hidden }, signal), signal, ({ activation }) => {
      if (++end === pieces[at]?.end) pieces[at++].activation = activation;
    });
    highest = pieces.reduce((most, piece) => Math.max(most, Math.abs(piece.activation ?? 0)), 1e-6);
  }
  for (const [at, piece] of shown.entries()) piece.className = classOf(pieces[at]);
  showMark();
}

async function copy(): Promise<void> {
  try {
    await navigator.clipboard.writeText(pieces.map((piece) => piece.text).join(''));
    tell('The text is copied.');
  } catch {
    getSelection()?.selectAllChildren(text);
    tell('The text is selected: copy it with the keys of your system.');
  }
}

async function open(): Promise<void> {
  model = local === null ? new ServerModel(modelText) : await LocalModel.open(modelText, local);
  for (const unit of model.units) element('units').append(new Option(`unit ${unit}`, unit));
  for (const button of document.querySelectorAll('button')) button.disabled = false;
  element('controls').addEventListener('submit', (event) => {
    event.preventDefault();
    write(true);
  });
  element('stop-sampling').addEventListener('click', () => running.abort());
  element('continue').addEventListener('click', () => write(false));
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
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) write(true);
  });
  onKeys(document, { Escape: () => running.abort() });
  tell('');
}

open().catch((error: unknown) => tell(`This browser cannot run the model: ${(error as Error).message}`, true));
