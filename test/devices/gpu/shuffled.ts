// The GPU device over a GPU of JavaScript: it runs the source of the kernels in float64, the threads
// of a dispatch in a random order, each to its end. A thread that reads a result of another thread
// of its dispatch, for which it does not wait, or memory that the call has not written, gives a wrong
// result.
import type { Device, Workload } from '../../../src/devices/device.ts';
import {
  type Backend,
  type RawCall,
  type RawResult,
  type SpaceSizes,
  packRows,
} from '../../../src/devices/gpu/backend.ts';
import type { Body, Place, Space } from '../../../src/devices/gpu/body.ts';
import type { CompiledJob, Dispatch } from '../../../src/devices/gpu/compile.ts';
import { GpuExecutable } from '../../../src/devices/gpu/executable.ts';
import { reportNumbers } from '../../../src/devices/gpu/finish.ts';
import { compileWorkload } from '../../../src/devices/gpu/compile.ts';
import { argumentsOf, functionsOf, sumText } from '../../../src/devices/gpu/source.ts';
import { Random } from '../../../src/random.ts';

type Thread = (this: { readonly thread: { readonly x: number; readonly y: number } }, ...operands: unknown[]) => void;

class ShuffledGpu implements Backend {
  readonly #memory: Readonly<Record<Space, Float64Array>>;
  readonly #random: Random;
  readonly #threads = new Map<string, Thread>();
  readonly #operands = new Map<Body, readonly unknown[]>();
  readonly #rows = new Map<string, readonly Float64Array[]>();

  constructor({ arena, vectors, call }: SpaceSizes, random: Random) {
    this.#memory = {
      arena: new Float64Array(arena),
      vectors: new Float64Array(vectors),
      call: new Float64Array(call),
    };
    this.#random = random;
  }

  mostCalls(): number {
    return 3;
  }

  async run(job: CompiledJob, calls: readonly RawCall[]): Promise<readonly RawResult[]> {
    return calls.map((call) => this.#call(job, call));
  }

  async read(space: Space, offset: number, elements: number): Promise<Float32Array> {
    return Float32Array.from(this.#memory[space].subarray(offset, offset + elements));
  }

  async write(space: Space, offset: number, values: Float32Array): Promise<void> {
    this.#memory[space].set(values, offset);
  }

  async times({ dispatches }: CompiledJob): Promise<readonly number[]> {
    return dispatches.map(() => 0);
  }

  close(): void {}

  #call(job: CompiledJob, { inputs, reset, updates }: RawCall): RawResult {
    const { arena, call } = this.#memory;
    // The GPU does not clear it.
    arena.fill(NaN);
    call.set(inputs, job.call.ids);
    if (reset) for (const { offset, elements } of job.states.values()) call.fill(0, offset, offset + elements);
    for (const dispatch of job.dispatches) if (updates || !dispatch.isUpdate) this.#dispatch(dispatch);
    const { report } = job.call;
    return {
      report: Float32Array.from(call.subarray(report, report + reportNumbers.length)),
      outputs: Object.fromEntries(
        [...job.outputs].map(([name, { place, rows, columns }]) => {
          const values = Float32Array.from(this.#memory[place.space].subarray(place.offset));
          return [name, packRows(values, rows, columns, place.stride)];
        }),
      ),
    };
  }

  #dispatch({ planes, isByRow }: Dispatch): void {
    const threads = (body: Body, y: number): (() => void)[] =>
      Array.from({ length: body.columns }, (_, x) => () => {
        this.#threadOf(body).call({ thread: { x, y } }, ...this.#operandsOf(body));
      });
    const ofRows = planes.flatMap((body) => Array.from({ length: body.rows }, (_, y) => [body, y] as const));
    if (!isByRow) this.#run(ofRows.flatMap(([body, y]) => threads(body, y)));
    // The threads of a row wait for each other after each body.
    else
      this.#run(
        ofRows.map(
          ([body, y]) =>
            () =>
              body.inTurn.forEach((each) => this.#run(threads(each, y))),
        ),
      );
  }

  /** Runs tasks in a random order. */
  #run(tasks: (() => void)[]): void {
    for (let end = tasks.length - 1; end > 0; end--) {
      const other = this.#random.uint32() % (end + 1);
      [tasks[end], tasks[other]] = [tasks[other], tasks[end]];
    }
    for (const task of tasks) task();
  }

  #threadOf(body: Body): Thread {
    const known = this.#threads.get(body.key);
    if (known) return known;
    const stores = body.stores.map(({ operand, value }) => `x${operand}[this.thread.y][this.thread.x] = ${value};`);
    const source = [sumText(body), body.text, ...stores].join('\n');
    const functions = functionsOf(source, true).map((each) => (each as { source: string }).source);
    // oxlint-disable-next-line typescript/no-implied-eval -- as gpu.js does in its mode cpu
    const thread = new Function(
      [...functions, `return function (${argumentsOf(body).join(', ')}) { ${source} };`].join('\n'),
    )() as Thread;
    this.#threads.set(body.key, thread);
    return thread;
  }

  #operandsOf(body: Body): readonly unknown[] {
    const known = this.#operands.get(body) ?? [...body.places.map((place) => this.#matrix(place)), ...body.integers];
    this.#operands.set(body, known);
    return known;
  }

  /** The rows of a matrix. Each ends at the end of the memory. */
  #matrix({ space, offset, stride }: Place): readonly Float64Array[] {
    const key = `${space} ${offset} ${stride}`;
    const memory = this.#memory[space];
    const known =
      this.#rows.get(key) ??
      Array.from({ length: Math.ceil((memory.length - offset) / stride) }, (_, row) =>
        memory.subarray(offset + row * stride),
      );
    this.#rows.set(key, known);
    return known;
  }
}

/** @param seed of the orders of the threads */
export function openShuffledGpu(seed: number): Device {
  const description = 'a GPU of JavaScript';
  return {
    name: 'shuffled',
    description,
    estimate: async () => 0,
    compile(workload: Workload) {
      const { jobs, sizes } = compileWorkload(workload);
      const open = async (): Promise<Backend> => new ShuffledGpu(sizes, new Random(seed));
      return GpuExecutable.open(workload, jobs, { description, memoryBytes: 0, sizes, open });
    },
    close: async () => {},
  };
}
