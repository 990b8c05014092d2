// The memory of an executable, which survives the loss of its GPU: it is restored from a copy, and
// the calls since the copy are repeated. They give the same results, because a call depends only on
// memory and on its inputs.
import { deviceError } from '../../errors.ts';
import { flagOf } from '../../options/flags.ts';
import { type Backend, GpuLostError, type RawCall, type RawResult, type SpaceSizes } from './backend.ts';
import type { Space } from './body.ts';
import type { CompiledJob } from './compile.ts';

/** The size of the log of calls, in bytes, at which the memory is copied again. */
const MOST_LOG_BYTES = 2 ** 25;
/** The bytes of a call in the log, besides its inputs. */
const CALL_BYTES = 1024;

/** A copy of the two spaces that stay between calls. */
type Saved = Readonly<Record<'vectors' | 'call', Float32Array>>;

interface RunOutcome {
  readonly results: readonly RawResult[];
  /** An event that the user should know about. */
  readonly note: string | null;
}

export class Recovery {
  #backend: Backend;
  readonly #open: () => Promise<Backend>;
  readonly #sizes: SpaceSizes;
  #saved: Saved;
  /** The writes and runs since the copy. */
  #log: ((backend: Backend) => Promise<unknown>)[] = [];
  #logBytes = 0;
  /** Pending while a lost GPU is being replaced. */
  #replacing: Promise<void> | null = null;

  constructor(backend: Backend, sizes: SpaceSizes, open: () => Promise<Backend>) {
    this.#backend = backend;
    this.#open = open;
    this.#sizes = sizes;
    this.#saved = { vectors: new Float32Array(sizes.vectors), call: new Float32Array(sizes.call) };
  }

  mostCalls(job: CompiledJob): number {
    return this.#backend.mostCalls(job);
  }

  /** @throws RnnError `device` if the GPU was lost and does not open again */
  async run(job: CompiledJob, calls: readonly RawCall[]): Promise<RunOutcome> {
    if (this.#logBytes > MOST_LOG_BYTES) await this.save();
    const { value: results, wasLost } = await this.#surviving((backend) => backend.run(job, calls));
    this.#log.push((backend) => backend.run(job, calls));
    this.#logBytes += calls.reduce((sum, { inputs }) => sum + CALL_BYTES + inputs.byteLength, 0);
    const steps = calls.length === 1 ? 'a step was' : `${calls.length} steps were`;
    return { results, note: wasLost ? `the GPU was lost and opened again: ${steps} repeated` : null };
  }

  async read(space: Space, offset: number, elements: number): Promise<Float32Array> {
    return (await this.#surviving((backend) => backend.read(space, offset, elements))).value;
  }

  async write(space: Space, offset: number, values: Float32Array): Promise<void> {
    const copy = values.slice();
    await this.#surviving((backend) => backend.write(space, offset, copy));
    this.#log.push((backend) => backend.write(space, offset, copy));
    this.#logBytes += copy.byteLength;
  }

  /** Copies the two spaces that stay between calls. */
  async save(): Promise<Saved> {
    const vectors = await this.read('vectors', 0, this.#sizes.vectors);
    const call = await this.read('call', 0, this.#sizes.call);
    this.#saved = { vectors, call };
    this.#log = [];
    this.#logBytes = 0;
    return this.#saved;
  }

  restore(saved: Saved): Promise<void> {
    return restoreTo(this.#backend, saved);
  }

  times(job: CompiledJob): Promise<readonly number[]> {
    return this.#backend.times(job);
  }

  close(): void {
    this.#backend.close();
  }

  /** Runs work, and repeats it on a new GPU with the same memory if the GPU is lost. */
  async #surviving<Result>(
    work: (backend: Backend) => Promise<Result>,
  ): Promise<{ readonly value: Result; readonly wasLost: boolean }> {
    const backend = this.#backend;
    try {
      return { value: await work(backend), wasLost: false };
    } catch (error) {
      if (!(error instanceof GpuLostError)) throw error;
      try {
        if (this.#backend === backend) await (this.#replacing ??= this.#replace());
        return { value: await work(this.#backend), wasLost: true };
      } catch (cause) {
        throw deviceError(
          'cannot continue on the GPU: it was lost and does not open again',
          `its driver may have been reset or the machine suspended; ${flagOf('device')} cpu goes without it`,
          { cause },
        );
      }
    }
  }

  /** A new GPU with the same memory. */
  async #replace(): Promise<void> {
    try {
      const backend = await this.#open();
      await restoreTo(backend, this.#saved);
      for (const repeat of this.#log) await repeat(backend);
      this.#backend = backend;
    } finally {
      this.#replacing = null;
    }
  }
}

async function restoreTo(backend: Backend, { vectors, call }: Saved): Promise<void> {
  await backend.write('vectors', 0, vectors);
  await backend.write('call', 0, call);
}
