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

/** A text of a request. */
export interface ServedText extends TextToSample {
  /** Called with each part of the text, in the code units of `ModelText`. */
  onPiece(piece: string): void;
  /** Called once, when the text has ended. Null unless it failed. */
  onEnd(error: unknown): void;
}

/** A queue of texts that takes one text of each client in turn. */
class FairQueue {
  readonly #clients = new Map<unknown, ServedText[]>();
  length = 0;

  push(client: unknown, text: ServedText): void {
    const texts = this.#clients.get(client);
    if (texts === undefined) this.#clients.set(client, [text]);
    else texts.push(text);
    this.length++;
  }

  shift(): ServedText | null {
    for (const [client, texts] of this.#clients) {
      this.#clients.delete(client);
      const text = texts.shift()!;
      if (texts.length > 0) this.#clients.set(client, texts); // behind all other clients
      this.length--;
      return text;
    }
    return null;
  }
}

/** A model that is ready to serve. */
export class Engine {
  readonly model: TrainedModel;
  readonly text: ModelText;
  readonly #network: Network;
  readonly #device: Device;
  readonly #queue = new FairQueue();
  readonly #running = new Set<ServedText>();
  readonly #batch: BatchSampler;
  #loop: Promise<void> | null = null;

  private constructor(model: TrainedModel, network: Network, device: Device) {
    this.model = model;
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
    return this.#queue.length;
  }

  /** Texts that are being sampled. */
  get active(): number {
    return this.#running.size;
  }

  /** Queues a text. To cancel it, end it: `text.text.end()`. */
  submit(client: unknown, text: ServedText): void {
    this.#queue.push(client, text);
    this.#loop ??= this.#run().finally(() => (this.#loop = null));
  }

  /** Waits until all texts have ended, and frees the device. */
  async close(): Promise<void> {
    while (this.#loop !== null) await this.#loop;
    await this.#network.close();
    await this.#device.close();
  }

  #begin(): ServedText | null {
    const next = this.#queue.shift();
    if (next !== null) this.#running.add(next);
    return next;
  }

  async #run(): Promise<void> {
    await setImmediate(); // requests that arrive in the same moment begin together
    while (this.#queue.length + this.#running.size > 0) {
      let failure: unknown = null;
      try {
        await this.#batch.sample();
      } catch (error) {
        failure = error;
      }
      for (const text of this.#running) this.#deliver(text, failure);
      await setImmediate(); // sockets are read and written
    }
  }

  #deliver(served: ServedText, failure: unknown): void {
    const { text } = served;
    let error = failure;
    try {
      const piece = text.takeText();
      if (piece !== '') served.onPiece(piece);
    } catch (failed) {
      error ??= failed;
    }
    if (error === null && !(text.isEnded && this.#batch.isFree(text))) return;
    this.#running.delete(served);
    text.end();
    served.onEnd(error);
  }
}
