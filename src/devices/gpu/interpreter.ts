// Runs dispatches without a GPU. gpu.js compiles the bodies to JavaScript, which computes one body
// after another over arrays. Tests use it, and you can see the results that a GPU would give.
import { type Backend, type RawCall, type RawResult, type SpaceSizes, packRows } from './backend.ts';
import type { Body, Place } from './body.ts';
import type { CompiledJob, Dispatch } from './compile.ts';
import { reportNumbers } from './finish.ts';
import { GPU, Input } from './gpu-js.ts';
import { MAX_ITERATIONS, argumentsOf, functionsOf, sumText } from './source.ts';

type Kernel = (...operands: unknown[]) => unknown;

/** Elements beyond the end of an operand that a matrix of its stride may include. */
const SLACK = 2 ** 16;

export class Interpreter implements Backend {
  readonly #gpu = new GPU({ mode: 'cpu' });
  readonly #kernels = new Map<string, Kernel>();
  readonly #memory: Readonly<Record<Place['space'], Float32Array>>;
  /** The operands of each body. */
  readonly #operands = new WeakMap<Body, readonly unknown[]>();

  constructor(sizes: SpaceSizes) {
    const array = (elements: number): Float32Array => new Float32Array(elements + SLACK);
    this.#memory = { arena: array(sizes.arena), vectors: array(sizes.vectors), call: array(sizes.call) };
  }

  mostCalls(): number {
    return 1;
  }

  async run(job: CompiledJob, calls: readonly RawCall[]): Promise<readonly RawResult[]> {
    return calls.map((call) => this.#runCall(job, call));
  }

  async read(space: Place['space'], offset: number, elements: number): Promise<Float32Array> {
    return this.#memory[space].slice(offset, offset + elements);
  }

  async write(space: Place['space'], offset: number, values: Float32Array): Promise<void> {
    this.#memory[space].set(values, offset);
  }

  async times({ dispatches }: CompiledJob): Promise<readonly number[]> {
    return dispatches.map((dispatch) => {
      this.#dispatch(dispatch);
      const started = performance.now();
      this.#dispatch(dispatch);
      return performance.now() - started;
    });
  }

  close(): void {
    void this.#gpu.destroy();
  }

  #runCall(job: CompiledJob, { inputs, reset, updates }: RawCall): RawResult {
    const { call } = this.#memory;
    call.set(inputs, job.call.ids);
    if (reset) for (const { offset, elements } of job.states.values()) call.fill(0, offset, offset + elements);
    for (const dispatch of job.dispatches) if (updates || !dispatch.isUpdate) this.#dispatch(dispatch);
    const { report } = job.call;
    const outputs = [...job.outputs].map(([name, { place, rows, columns }]): [string, Float32Array] => {
      return [name, packRows(this.#memory[place.space].subarray(place.offset), rows, columns, place.stride)];
    });
    return { report: call.slice(report, report + reportNumbers.length), outputs: Object.fromEntries(outputs) };
  }

  #dispatch({ planes }: Dispatch): void {
    for (const body of planes.flatMap(({ inTurn }) => inTurn)) this.#runBody(body);
  }

  #runBody(body: Body): void {
    const results = this.#kernelOf(body)(...this.#operandsOf(body)) as Float32Array[] | Float32Array[][];
    body.stores.forEach(({ operand }, store) => {
      const { space, offset, stride } = body.places[operand];
      const rows = (body.stores.length > 1 ? results[store] : results) as Float32Array[];
      for (let row = 0; row < body.rows; row++) this.#memory[space].set(rows[row], offset + row * stride);
    });
  }

  #operandsOf(body: Body): readonly unknown[] {
    const known = this.#operands.get(body);
    if (known) return known;
    // An Input that may end beyond the matrix: the last row may be shorter than the stride.
    const arrays = body.places.map(({ space, offset, stride }) => {
      const value = this.#memory[space].subarray(offset);
      return Object.assign(Object.create(Input.prototype) as object, {
        value,
        size: [stride, Math.floor(value.length / stride)],
      });
    });
    const operands = [...arrays, ...body.integers];
    this.#operands.set(body, operands);
    return operands;
  }

  #kernelOf(body: Body): Kernel {
    const { key } = body;
    const known = this.#kernels.get(key);
    if (known) return known;
    const { stores } = body;
    const results = stores.map(({ value }, i) =>
      i < stores.length - 1 ? `if (this.thread.z === ${i}) { return ${value}; }` : `return ${value};`,
    );
    const source = `function(${argumentsOf(body).join(', ')}) {\n${sumText(body)}\n${body.text}\n${results.join('\n')}\n}`;
    const kernel = this.#gpu.createKernel(source, {
      output: [body.columns, body.rows, ...(stores.length > 1 ? [stores.length] : [])],
      loopMaxIterations: MAX_ITERATIONS,
      functions: functionsOf(source, true),
    } as object) as unknown as Kernel;
    this.#kernels.set(key, kernel);
    return kernel;
  }
}
