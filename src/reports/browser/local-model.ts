// A model that runs in the page: one time step of its network as WebAssembly, with the same sampling as in
// `rnn sample`.
import type { StandaloneLayout, StandaloneModules } from '../../devices/cpu/standalone.ts';
import { floatFormats } from '../../formats/floats.ts';
import { mapValues } from '../../group.ts';
import { likeliestTokens } from '../../sampling/likeliest.ts';
import type { ModelText } from '../../sampling/model-text.ts';
import { type SampledText, logProbabilityOf } from '../../sampling/text.ts';
import type { LocalModelData } from '../model-page.ts';
import { EXPECTED, type Ending, type Settings, type TextModel, type TextTokens, type Token } from './text-model.ts';

/** Tokens between stored states. Going back in the text reads at most as many tokens again. */
const STORED_EVERY = 32;

type KernelExports = WebAssembly.Exports & { packPanels(...operands: readonly number[]): void };

export class LocalModel implements TextModel {
  unit: string | null = null;
  readonly units: readonly string[];
  readonly #text: ModelText;
  /** Reads a token. */
  readonly #advance: (id: number) => void;
  readonly #logits: Float32Array; // (V)
  /** The carried states in memory, by their names. */
  readonly #states: Readonly<Record<string, Float32Array>>;
  /** The tokens that the network has read. */
  #ids: number[] = [];
  /** The states after 0, STORED_EVERY, 2 · STORED_EVERY, … tokens. */
  #stored: Readonly<Record<string, Float32Array>>[];
  #sampled: { readonly text: SampledText; readonly settings: string } | null = null;

  private constructor(text: ModelText, layout: StandaloneLayout, buffer: ArrayBuffer, advance: (id: number) => void) {
    const viewOf = ([address, length]: readonly [number, number]) => new Float32Array(buffer, address, length);
    this.#text = text;
    this.#advance = advance;
    this.#logits = viewOf(layout.outputs['logits']);
    this.#states = mapValues(layout.states, viewOf);
    this.#stored = [this.#copyOfStates()];
    this.units = Object.entries(this.#states).flatMap(([name, { length }]) =>
      name.startsWith('layer') ? Array.from({ length }, (_, unit) => `${name.slice(5)}.${unit}`) : [],
    );
  }

  /** @throws Error if the browser cannot run the program */
  static async open(text: ModelText, data: LocalModelData): Promise<LocalModel> {
    const { layout, modules } = data;
    const variant = WebAssembly.validate(bytesOf(modules.relaxed.kernels)) ? 'relaxed' : 'portable';
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
    for (const { source, sourceColumns, K, N, transposed, address, columns } of layout.panels)
      kernels.packPanels(source, sourceColumns, K, N, Number(transposed), address, 0, Math.ceil(N / columns));
    const ids = new Int32Array(memory.buffer, layout.ids);
    return new LocalModel(text, layout, memory.buffer, (id) => {
      ids[0] = id;
      run(layout.base);
    });
  }

  *read({ ids, hidden }: TextTokens): Generator<Token, Ending> {
    this.#goBack(0);
    for (const [at, id] of ids.entries()) {
      const token = this.#step(id);
      if (at >= hidden) yield token;
    }
    return 'length';
  }

  *sample({ ids, hidden }: TextTokens, { length, seed, stop, ...options }: Settings): Generator<Token, Ending> {
    const settings = JSON.stringify([seed, stop, options]);
    // The same text continues with its next random numbers.
    if (!this.#moveTo(ids) || this.#sampled?.settings !== settings || this.#sampled.text.isEnded) {
      const rules = { length: Infinity, stop: stop === '' ? null : stop, options };
      this.#sampled = { text: this.#text.textsOf(rules)(seed, ids.length > hidden), settings };
    }
    const { text } = this.#sampled;
    for (let tokens = 0; tokens < length; tokens++) {
      const id = text.sampleToken(this.#logits);
      text.takeText(); // throws the error of a broken model
      if (id === this.#text.vocabulary.end) return 'end';
      yield this.#step(id);
      if (text.isEnded) return 'stop';
    }
    return 'length';
  }

  /** Reads a token, and returns it with the predictions in its place. */
  #step(id: number): Token {
    const isFirst = this.#ids.length === 0;
    const expected = isFirst ? [] : likeliestTokens(this.#logits, EXPECTED);
    const nats = expected.find((each) => each.id === id)?.nats ?? -logProbabilityOf(id, this.#logits);
    this.#advance(id);
    if (this.#ids.push(id) % STORED_EVERY === 0) this.#stored.push(this.#copyOfStates());
    const [layer, state, unit] = this.unit?.split('.') ?? [];
    const activation = this.unit === null ? null : this.#states[`layer${layer}.${state}`][Number(unit)];
    return { id, bits: isFirst ? null : nats / Math.LN2, expected, activation };
  }

  /**
   * Reads tokens until the logits predict the token after a text.
   *
   * @returns whether the network had read exactly this text
   */
  #moveTo(ids: readonly number[]): boolean {
    const other = this.#ids.findIndex((id, at) => id !== ids[at]);
    if (other >= 0) this.#goBack(Math.floor(Math.min(other, ids.length - 1) / STORED_EVERY)); // stored states have no logits
    const isSame = this.#ids.length === ids.length;
    for (const id of ids.slice(this.#ids.length)) this.#step(id);
    return isSame;
  }

  #copyOfStates(): Record<string, Float32Array> {
    return mapValues(this.#states, (state) => state.slice());
  }

  #goBack(stored: number): void {
    for (const [name, state] of Object.entries(this.#states)) state.set(this.#stored[stored][name]);
    this.#stored.length = stored + 1;
    this.#ids.length = stored * STORED_EVERY;
  }
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < bytes.length; at++) bytes[at] = text.charCodeAt(at);
  return bytes;
}
