// Samples the texts of all requests in one batch. Texts that arrive together advance together.
import { setImmediate } from 'node:timers/promises';
import type { Device } from '../devices/device.ts';
import type { TrainedModel } from '../runs/checkpoint.ts';
import { parameterVector } from '../runs/store.ts';
import { BatchSampler, type TextToSample } from '../sampling/batch.ts';
import { type ModelText, modelTextOf } from '../sampling/model-text.ts';
import { Network } from '../sampling/network.ts';

/** The numbers of rows that advance together. Few texts use few rows, which is faster. */
const WIDTHS = [1, 4, 16, 64];

/** A text of a client. */
export interface ServedText extends TextToSample {
  /** Texts of different clients take turns. */
  readonly client: object;
  /** Called with each part of the text, in the code units of `ModelText`. */
  onPiece(piece: string): void;
}

interface QueuedText extends ServedText {
  /** Called once, when the text has ended. Null unless it failed. */
  onEnd(error: unknown): void;
}

/** A model that is ready to serve. */
export class Engine {
  readonly text: ModelText;
  readonly #network: Network;
  readonly #device: Device;
  readonly #waiting = new Set<QueuedText>();
  readonly #running = new Set<QueuedText>();
  readonly #batch: BatchSampler;
  /** When a text of a client last began, as the number of texts that began before it. */
  readonly #lastBegun = new WeakMap<object, number>();
  #begun = 0;
  #loop: Promise<void> | null = null;

  private constructor(model: TrainedModel, network: Network, device: Device) {
    this.text = modelTextOf(model);
    this.#network = network;
    this.#device = device;
    this.#batch = new BatchSampler(network, () => this.#begin());
  }

  /**
   * @param device is closed with the engine
   * @throws RnnError `checkpoint` if the tensors do not fit the model
   */
  static async open(model: TrainedModel, device: Device): Promise<Engine> {
    const parameters = parameterVector(model);
    const network = await Network.open(model.model, device, ...WIDTHS);
    await network.load(parameters);
    return new Engine(model, network, device);
  }

  /** Texts that wait for a row. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Texts that are being sampled. */
  get active(): number {
    return this.#running.size;
  }

  /** Samples a text up to its end. The caller may end it earlier. */
  sample(text: ServedText): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.add({ ...text, onEnd: (error) => (error === null ? resolve() : reject(error as Error)) });
      this.#loop ??= this.#run().finally(() => (this.#loop = null));
    });
  }

  /** Waits until all texts have ended, and frees the device. */
  async close(): Promise<void> {
    while (this.#loop !== null) await this.#loop;
    await this.#network.close();
    await this.#device.close();
  }

  /** Takes a text of the client that has waited longest since one of its texts began. */
  #begin(): QueuedText | null {
    const turnOf = ({ client }: QueuedText): number => this.#lastBegun.get(client) ?? 0;
    let [next = null] = this.#waiting;
    for (const each of this.#waiting) if (turnOf(each) < turnOf(next!)) next = each;
    if (next === null) return null;
    this.#waiting.delete(next);
    this.#running.add(next);
    this.#lastBegun.set(next.client, ++this.#begun);
    return next;
  }

  async #run(): Promise<void> {
    await setImmediate(); // requests that arrive in the same moment begin together
    while (this.#waiting.size + this.#running.size > 0) {
      let failure: unknown = null;
      try {
        await this.#batch.sample();
      } catch (error) {
        failure = error;
      }
      for (const each of this.#running) this.#deliver(each, failure);
      for (const each of this.#waiting) if (each.text.isAbandoned) this.#end(each, null);
      await setImmediate(); // sockets are read and written
    }
  }

  #deliver(served: QueuedText, failure: unknown): void {
    const { text } = served;
    let error = failure;
    try {
      const piece = text.takeText();
      if (piece !== '') served.onPiece(piece);
    } catch (failed) {
      error ??= failed;
    }
    if (error !== null || (text.isEnded && this.#batch.isFree(text))) this.#end(served, error);
  }

  #end(served: QueuedText, error: unknown): void {
    this.#waiting.delete(served);
    this.#running.delete(served);
    served.text.end();
    served.onEnd(error);
  }
}
