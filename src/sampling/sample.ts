// From a model to text: feeds each drawn symbol back as the next input. Knows programs and devices, no files and no terminal.
import { setImmediate } from 'node:timers/promises';
import { type TrainedModel, parameterVector } from '../checkpoint/store.ts';
import { Vocabulary } from '../corpus/vocabulary.ts';
import type { Device, Executable } from '../devices/device.ts';
import type { ModelConfiguration } from '../model/configuration.ts';
import { samplingProgram } from '../model/network.ts';
import { parameterShapes } from '../model/parameters.ts';
import { Random } from '../random.ts';
import { type SamplingOptions, SymbolSampler } from './filters.ts';

export interface SampleRequest {
  readonly prime: string;
  /** Characters to draw. */
  readonly length: number;
  /** Ends the text once it has been written. */
  readonly stop: string | null;
  readonly seed: number;
  readonly options: SamplingOptions;
}

/** Characters drawn within this time are handed on together: handing on costs as much as drawing one from a small model. */
const FLUSH_MS = 8;

/**
 * The model of a checkpoint, ready to write any number of texts.
 * @throws RnnError `checkpoint` if its tensors are not those of its model
 */
export async function openSampler(checkpoint: TrainedModel, device: Device): Promise<Sampler> {
  const parameters = parameterVector(checkpoint);
  const sampler = await Sampler.open(checkpoint.model, new Vocabulary(checkpoint.vocabulary), device);
  await sampler.load(parameters);
  return sampler;
}

/** A model ready to write, whose weights may be replaced: training takes its samples with one. */
export class Sampler {
  readonly #model: ModelConfiguration;
  readonly #vocabulary: Vocabulary;
  readonly #executable: Executable;

  private constructor(model: ModelConfiguration, vocabulary: Vocabulary, executable: Executable) {
    this.#model = model;
    this.#vocabulary = vocabulary;
    this.#executable = executable;
  }

  static async open(model: ModelConfiguration, vocabulary: Vocabulary, device: Device): Promise<Sampler> {
    const job = { name: 'sample', steps: 1, batch: 1, build: (rows: number) => samplingProgram(model, rows) };
    return new Sampler(model, vocabulary, await device.compile({ parameters: parameterShapes(model), jobs: [job], update: null, interactive: true }));
  }

  async load(parameters: Float32Array): Promise<void> {
    await this.#executable.write({ kind: 'parameters' }, parameters);
  }

  /**
   * A text, piece by piece as it is drawn; the prime is not repeated. The request is checked here and now, before the first piece is
   * asked for, so that nobody shows a prime that is then refused.
   *
   * @throws RnnError `corpus` for characters in the prime that the model does not know, `usage` for options out of range
   */
  text({ prime, length, stop, seed, options }: SampleRequest): AsyncGenerator<string> {
    const { unknown } = this.#vocabulary.data;
    const symbols = new SymbolSampler(this.#model.vocabulary, { ...options, never: [...(options.never ?? []), ...(unknown === null ? [] : [unknown])] });
    const primed = this.#vocabulary.encode(prime);
    const context = primed.length > 0 ? primed : Int32Array.of(startSymbol(this.#vocabulary));
    return this.#draw(context, length, new Stop(stop), symbols, new Random(seed));
  }

  async close(): Promise<void> {
    await this.#executable.close();
  }

  async *#draw(context: Int32Array, length: number, stop: Stop, symbols: SymbolSampler, random: Random): AsyncGenerator<string> {
    const decoder = this.#vocabulary.decoder();
    let logits: Float32Array = new Float32Array(0);
    let reset = true;
    for (const id of context) {
      logits = await this.#feed(id, reset);
      reset = false;
    }

    let pending = '';
    let flushed = performance.now();
    for (let drawn = 0; drawn < length; drawn++) {
      const id = symbols.draw(logits, random);
      const piece = decoder.push(id);
      const after = stop.charactersAfter(piece);
      if (after !== null) {
        yield pending + piece.slice(0, piece.length - after);
        return;
      }
      pending += piece;
      if (drawn === 0 || performance.now() - flushed > FLUSH_MS) {
        if (pending !== '') yield pending;
        pending = '';
        await setImmediate(); // lets signals and the output stream have their turn
        flushed = performance.now();
      }
      if (drawn + 1 < length) logits = await this.#feed(id, false);
    }
    const rest = pending + decoder.end();
    if (rest !== '') yield rest;
  }

  async #feed(id: number, reset: boolean): Promise<Float32Array> {
    const [{ outputs }] = await this.#executable.run('sample', [{ ids: Int32Array.of(id), reset }]);
    return outputs['logits'];
  }
}

/** What an unprimed text follows: a line's end if the model knows one, else a space, else the first symbol. */
function startSymbol(vocabulary: Vocabulary): number {
  const { symbols, unit } = vocabulary.data;
  const candidates = unit === 'byte' ? ['0a', '20'] : ['\n', ' '];
  return candidates.map((symbol) => symbols.indexOf(symbol)).find((id) => id >= 0) ?? 0;
}

/** Looks for the text that ends a text, in pieces of which one may hold several characters: a byte completes what came before it. */
class Stop {
  readonly #stop: string | null;
  /** The end of what was written, one character too short for the stop. */
  #tail = '';

  constructor(stop: string | null) {
    this.#stop = stop;
  }

  /** How many characters of this piece follow the stop, or null while that has not been written. */
  charactersAfter(piece: string): number | null {
    if (this.#stop === null || piece === '') return null;
    const written = this.#tail + piece;
    const at = written.indexOf(this.#stop);
    if (at >= 0) return written.length - at - this.#stop.length;
    this.#tail = written.slice(Math.max(0, written.length - this.#stop.length + 1));
    return null;
  }
}
