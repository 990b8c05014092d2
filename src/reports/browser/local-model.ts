// A model that runs in the page: one time step of its network as WebAssembly, with the same sampling as in
// `rnn sample`.
import type { StandaloneModules } from '../../devices/cpu/standalone.ts';
import { Vocabulary } from '../../corpus/vocabulary.ts';
import { printableToken, tokenTexts } from '../../evaluation/scored-text.ts';
import { floatFormats } from '../../formats/floats.ts';
import { ModelText } from '../../sampling/model-text.ts';
import { likeliestTokens } from '../../sampling/likeliest.ts';
import { type SampledText, logProbabilityOf } from '../../sampling/text.ts';
import type { LocalModelData } from '../model-page.ts';
import type { Ending, Expectation, Piece, Settings, TextModel } from './text-model.ts';

/** Sampling returns to the browser after this time, so that the page responds. */
const SLICE_MS = 12;
/** Tokens between stored states. Going back in the text reads at most as many tokens again. */
const STORED_EVERY = 32;
const EXPECTATIONS = 8;

type KernelExports = WebAssembly.Exports & { packPanels(...operands: readonly number[]): void };

export class LocalModel implements TextModel {
  pieces: (Piece & { /** Tokens up to its end. */ readonly end: number })[] = [];
  readonly units: readonly string[];
  readonly #text: ModelText;
  readonly #tokenTexts: readonly string[];
  readonly #data: LocalModelData;
  readonly #run: (base: number) => void;
  readonly #ints: Int32Array;
  readonly #floats: Float32Array;
  readonly #logits: Float32Array; // (V)
  /** The carried states in memory. */
  readonly #states: readonly Float32Array[];
  /** All tokens of the text, from the start token on. */
  #ids: number[] = [];
  /** Of these, how many are not shown. */
  #hidden = 0;
  /** How many tokens the network has read. */
  #position = 0;
  /** The states after 0, STORED_EVERY, 2 · STORED_EVERY, … tokens. */
  #stored: (readonly Float32Array[])[] = [];
  #decoder: ReturnType<Vocabulary['decoder']>;
  #pendingBits: number | null = null;
  #sampled: { readonly text: SampledText; readonly settings: string } | null = null;
  #isPrompt = true;
  /** The element of the memory with the watched unit, and its value after each token. */
  #watched = -1;
  #activations: number[] = [];

  private constructor(data: LocalModelData, memory: WebAssembly.Memory, run: (base: number) => void) {
    const vocabulary = new Vocabulary(data.vocabulary);
    this.#data = data;
    this.#run = run;
    this.#text = new ModelText(vocabulary, data.startSymbol);
    this.#tokenTexts = tokenTexts(vocabulary);
    this.#decoder = vocabulary.decoder();
    this.#ints = new Int32Array(memory.buffer);
    this.#floats = new Float32Array(memory.buffer);
    const viewOf = ([address, length]: readonly [number, number]): Float32Array =>
      this.#floats.subarray(address / 4, address / 4 + length);
    const { states, outputs } = data.layout;
    this.#logits = viewOf(outputs['logits']);
    this.#states = Object.values(states).map(viewOf);
    this.units = Object.entries(states).flatMap(([name, [, length]]) =>
      length === 1 ? [] : Array.from({ length }, (_, unit) => `${name.replace('layer', '')}.${unit}`),
    );
  }

  /** @throws Error if the browser cannot run the program */
  static async open(data: LocalModelData): Promise<LocalModel> {
    const { layout, modules } = data;
    if (typeof WebAssembly === 'undefined') throw new Error('this browser does not run WebAssembly');
    const relaxed = bytesOf(modules.relaxed.kernels);
    const variant = WebAssembly.validate(relaxed) ? 'relaxed' : 'portable';
    const memory = new WebAssembly.Memory({ initial: layout.pages, maximum: layout.pages });
    const load = async (name: keyof StandaloneModules, kernels: WebAssembly.Exports = {}): Promise<unknown> => {
      const { instance } = await WebAssembly.instantiate(bytesOf(modules[variant][name]), {
        env: { memory },
        kernels: { ...kernels } as WebAssembly.ModuleImports,
      });
      return instance.exports;
    };
    const kernels = (await load('kernels')) as KernelExports;
    const { run } = (await load('program', kernels)) as { readonly run: (base: number) => void };
    new Float32Array(memory.buffer, layout.parameters).set(floatFormats[data.format].decode(bytesOf(data.weights)));
    for (const panels of layout.panels) kernels.packPanels(...panels);
    return new LocalModel(data, memory, run);
  }

  async read(prompt: string, signal: AbortSignal): Promise<void> {
    const { context, isEmpty } = this.#text.promptOf(prompt);
    const slice = new Slice();
    this.#isPrompt = true;
    this.#hidden = isEmpty ? 1 : context.length - this.#text.idsOf(prompt).length;
    this.#ids = [...context.subarray(0, this.#hidden)];
    this.#stored = [this.#states.map((state) => new Float32Array(state.length))];
    this.#activations = [];
    this.#restore(0);
    this.cut(0);
    for (const id of context.subarray(this.#hidden)) {
      if (slice.isOver) await slice.next();
      if (signal.aborted) return;
      this.#append(id);
    }
  }

  cut(pieces: number): void {
    this.pieces.length = pieces;
    const tokens = this.pieces.at(-1)?.end ?? this.#hidden;
    this.#ids.length = tokens;
    this.#activations.length = Math.min(this.#activations.length, tokens);
    this.#stored.length = Math.min(this.#stored.length, 1 + Math.floor(tokens / STORED_EVERY));
    if (this.#position > tokens) this.#restore(0);
    this.#decoder = this.#text.vocabulary.decoder();
    this.#pendingBits = null;
    this.#sampled = null;
  }

  async sample({ length, ...rules }: Settings, signal: AbortSignal, onPieces: () => void): Promise<Ending> {
    const text = this.#sampledText(rules);
    const slice = new Slice();
    this.#isPrompt = false;
    for (let tokens = 0; tokens < length; tokens++) {
      if (slice.isOver) {
        onPieces();
        await slice.next();
        if (signal.aborted) return 'user';
      }
      this.#moveTo(this.#ids.length);
      const id = text.sampleToken(this.#logits);
      text.takeText(); // throws the error of a broken model
      if (id === this.#text.vocabulary.end) return 'end';
      this.#append(id);
      if (text.isEnded) return 'stop';
    }
    return 'length';
  }

  expectations(piece: number): readonly Expectation[] {
    const tokens = this.pieces[piece - 1]?.end ?? this.#hidden;
    if (tokens === 0) return [];
    this.#moveTo(tokens);
    return likeliestTokens(this.#logits, EXPECTATIONS).map(({ id, probability }) => ({
      token: printableToken(this.#tokenTexts[id]),
      probability,
    }));
  }

  async watch(unit: string | null, signal: AbortSignal): Promise<void> {
    this.#watched = -1;
    this.#activations = [];
    if (unit === null) return;
    const [layer, name, number] = unit.split('.');
    this.#watched = this.#data.layout.states[`layer${layer}.${name}`][0] / 4 + Number(number);
    const slice = new Slice();
    if (this.#stored.length > 0) this.#restore(0);
    for (let tokens = 1; tokens <= this.#ids.length; tokens++) {
      if (slice.isOver) await slice.next();
      if (signal.aborted) return;
      this.#moveTo(tokens);
    }
  }

  activation(piece: number): number {
    const { end } = this.pieces[piece];
    if (this.#activations[end - 1] === undefined) this.#moveTo(end);
    return this.#activations[end - 1];
  }

  /** The text that is being sampled, which continues with its next random numbers, or a new one. */
  #sampledText({ seed, stop, temperature, topP }: Omit<Settings, 'length'>): SampledText {
    const settings = JSON.stringify([seed, stop, temperature, topP]);
    if (this.#sampled?.settings === settings && !this.#sampled.text.isEnded) return this.#sampled.text;
    const rules = { length: Infinity, stop: stop === '' ? null : stop, options: { temperature, topP } };
    const text = this.#text.textsOf(rules)(seed, this.pieces.length > 0);
    this.#sampled = { text, settings };
    return text;
  }

  /** Adds a token to the text, and its surprisal. */
  #append(id: number): void {
    const tokens = this.#ids.length;
    if (tokens > 0) {
      this.#moveTo(tokens);
      this.#pendingBits = (this.#pendingBits ?? 0) - logProbabilityOf(id, this.#logits) / Math.LN2;
    }
    this.#ids.push(id);
    const text = this.#decoder.push(id);
    if (text === '') return;
    this.pieces.push({ text, bits: this.#pendingBits, isPrompt: this.#isPrompt, end: tokens + 1 });
    this.#pendingBits = null;
  }

  /** Reads tokens until the logits are those after `tokens` of them, at least one. */
  #moveTo(tokens: number): void {
    // Stored states have no logits, so that at least one token is read after them.
    const stored = Math.min(this.#stored.length - 1, Math.floor((tokens - 1) / STORED_EVERY));
    if (tokens < this.#position || stored * STORED_EVERY > this.#position) this.#restore(stored);
    while (this.#position < tokens) {
      this.#ints[this.#data.layout.ids / 4] = this.#ids[this.#position];
      this.#run(this.#data.layout.base);
      if (this.#watched >= 0) this.#activations[this.#position] = this.#floats[this.#watched];
      this.#position++;
      if (this.#position === this.#stored.length * STORED_EVERY)
        this.#stored.push(this.#states.map((state) => state.slice()));
    }
  }

  #restore(index: number): void {
    for (const [at, state] of this.#states.entries()) state.set(this.#stored[index][at]);
    this.#position = index * STORED_EVERY;
  }
}

/** A short time in which the page computes. */
class Slice {
  #end = performance.now() + SLICE_MS;

  get isOver(): boolean {
    return performance.now() >= this.#end;
  }

  /** Lets the browser do everything that waits. */
  async next(): Promise<void> {
    await new Promise((resolve) => {
      const { port1, port2 } = new MessageChannel();
      port1.addEventListener('message', resolve, { once: true });
      port1.start();
      port2.postMessage(null);
    });
    this.#end = performance.now() + SLICE_MS;
  }
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < bytes.length; at++) bytes[at] = text.charCodeAt(at);
  return bytes;
}
