// ONNX Runtime (WebAssembly, one thread), which reads the files that we write.
import * as ort from 'onnxruntime-web';

ort.env.wasm.numThreads = 1;

export class OnnxSession {
  readonly #session: ort.InferenceSession;

  private constructor(session: ort.InferenceSession) {
    this.#session = session;
  }

  static async open(file: Uint8Array): Promise<OnnxSession> {
    return new OnnxSession(await ort.InferenceSession.create(file));
  }

  /** Names and shapes of the inputs and outputs. */
  get inputs(): Record<string, readonly (number | string)[]> {
    return shapesOf(this.#session.inputMetadata);
  }

  get outputs(): Record<string, readonly (number | string)[]> {
    return shapesOf(this.#session.outputMetadata);
  }

  /**
   * @param ids (N)
   * @param states by the names of inputs. Missing states are zeros
   */
  async run(ids: readonly number[], states: ReadonlyMap<string, Float32Array>): Promise<Map<string, Float32Array>> {
    const N = ids.length;
    const feeds: Record<string, ort.Tensor> = {};
    for (const [name, [, columns]] of Object.entries(this.inputs)) {
      feeds[name] =
        name === 'ids'
          ? new ort.Tensor('int64', BigInt64Array.from(ids, BigInt), [N])
          : new ort.Tensor('float32', states.get(name) ?? new Float32Array(N * Number(columns)), [N, Number(columns)]);
    }
    const results = await this.#session.run(feeds);
    return new Map(Object.entries(results).map(([name, tensor]) => [name, tensor.data as Float32Array]));
  }

  close(): Promise<void> {
    return this.#session.release();
  }
}

function shapesOf(
  metadata: readonly ort.InferenceSession.ValueMetadata[],
): Record<string, readonly (number | string)[]> {
  return Object.fromEntries(metadata.map((value) => [value.name, value.isTensor ? value.shape : []]));
}

/** The states for the next call, from the results of this call. */
export function carried(results: ReadonlyMap<string, Float32Array>): Map<string, Float32Array> {
  const states = [...results].filter(([name]) => name.startsWith('next.'));
  return new Map(states.map(([name, data]) => [name.replace('next.', 'state.'), data]));
}

/** Infinite if lengths differ, or if a value is not a number. */
export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity;
  let most = 0;
  for (let at = 0; at < a.length; at++) {
    const difference = Math.abs(a[at] - b[at]);
    if (!(difference <= most)) most = Number.isNaN(difference) ? Infinity : difference;
  }
  return most;
}
