// The reference device: programs evaluated in float64 on the calling thread. Minutes where the
// others take a second.
import { type Program, countParameters } from '../../program/value.ts';
import type { Call, CallResult, Device, Executable, Resident, Workload } from '../device.ts';
import { type Matrix, evaluate } from './evaluate.ts';

const DESCRIPTION = 'reference: float64 loops, for checking';

export function openReference(): Device {
  return {
    name: 'reference',
    description: DESCRIPTION,
    estimate: async (workload) =>
      workload.jobs.reduce(
        (sum, job) =>
          sum + job.build(job.batch).values.reduce((bytes, { rows, columns }) => bytes + 8 * rows * columns, 0),
        0,
      ),
    compile: (workload) => Promise.resolve(new ReferenceExecutable(workload)),
    close: () => Promise.resolve(),
  };
}

interface Running {
  readonly program: Program;
  readonly trains: boolean;
  /** Jobs may share one. */
  readonly state: Map<string, Matrix>;
}

class ReferenceExecutable implements Executable {
  readonly memoryBytes = 0;
  readonly description = DESCRIPTION;
  readonly #workload: Workload;
  readonly #jobs = new Map<string, Running>();
  /** As long as all weights together. */
  readonly #vectors: Map<string, Matrix>;

  constructor(workload: Workload) {
    const { parameters, jobs, update } = workload;
    this.#workload = workload;
    const names = ['parameters', 'gradients', ...(update?.slots ?? []).map((name) => `slot ${name}`)];
    this.#vectors = new Map(names.map((name) => [name, new Float64Array(countParameters(parameters))]));
    for (const { name, stateOf = name, batch, build } of jobs) {
      const program = build(batch);
      const shared = this.#jobs.get(stateOf)?.state;
      this.#jobs.set(name, { program, trains: program.gradients.size > 0, state: shared ?? clearState(program) });
    }
  }

  run(name: string, calls: readonly Call[]): Promise<readonly CallResult[]> {
    const results: CallResult[] = [];
    for (const call of calls) {
      const result = this.#call(this.#jobs.get(name)!, call);
      results.push(result);
      if (call.update && !result.updated) break;
    }
    return Promise.resolve(results);
  }

  callsPerRun(): number {
    return 1;
  }

  read(resident: Resident): Promise<Float32Array> {
    return Promise.resolve(Float32Array.from(this.#vector(resident)));
  }

  write(resident: Resident, values: Float32Array): Promise<void> {
    if (resident.kind === 'state') this.#jobs.get(resident.job)!.state.set(resident.name, Float64Array.from(values));
    else this.#vector(resident).set(values);
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #vector(resident: Resident): Matrix {
    return resident.kind === 'state'
      ? this.#jobs.get(resident.job)!.state.get(resident.name)!
      : this.#vectors.get(resident.kind === 'slot' ? `slot ${resident.name}` : resident.kind)!;
  }

  #call({ program, trains, state }: Running, call: Call): CallResult {
    if (call.reset) for (const values of state.values()) values.fill(0);
    const inputs = new Map([
      ['ids', Float64Array.from(call.ids)],
      ['targets', Float64Array.from(call.targets ?? [])],
    ]);
    const { values, lossNats } = evaluate(program, {
      parameters: this.#weightsIn('parameters'),
      inputs,
      state,
      dropoutKey: call.dropoutKey,
    });
    for (const [name, gradient] of this.#weightsIn('gradients')) {
      const value = program.gradients.get(name);
      if (value) gradient.set(values.get(value)!);
      else gradient.fill(0);
    }
    const gradients = this.#vectors.get('gradients')!;
    const gradientNorm = trains ? Math.sqrt(gradients.reduce((sum, g) => sum + g * g, 0)) : NaN;
    const updated = call.update !== undefined && Number.isFinite(lossNats) && Number.isFinite(gradientNorm);
    if (updated) this.#update(call.update, gradientNorm);
    const outputs = Object.fromEntries(
      [...program.outputs].map(([name, value]) => [name, Float32Array.from(values.get(value)!)]),
    );
    return { lossNats, gradientNorm, updated, outputs };
  }

  /** The parts of a vector, by the names of the weights. */
  #weightsIn(vector: 'parameters' | 'gradients'): Map<string, Matrix> {
    let offset = 0;
    return new Map(
      this.#workload.parameters.map(({ name, rows, columns }) => [
        name,
        this.#vectors.get(vector)!.subarray(offset, (offset += rows * columns)),
      ]),
    );
  }

  #update(scalars: Readonly<Record<string, number>>, gradientNorm: number): void {
    const { parameters, update } = this.#workload;
    const { clipNorm, slots, scalars: names, build } = update!;
    const program = build(countParameters(parameters));
    const vectorOf = (name: string): Matrix => this.#vectors.get(slots.includes(name) ? `slot ${name}` : name)!;
    const gradientScale = clipNorm > 0 ? Math.min(1, clipNorm / gradientNorm) : 1;
    const inputs = new Map<string, Matrix>([
      ...['parameters', 'gradients', ...slots].map((name) => [name, vectorOf(name)] as const),
      ['gradientScale', Float64Array.of(gradientScale)],
      ...names.map((name) => [name, Float64Array.of(scalars[name])] as const),
    ]);
    const { values } = evaluate(program, { parameters: new Map(), inputs, state: new Map() });
    const results = [...program.outputs].map(([name, value]) => [name, values.get(value)!.slice()] as const);
    for (const [name, result] of results) vectorOf(name).set(result);
  }
}

function clearState({ values }: Program): Map<string, Matrix> {
  const states = values.filter((value) => value.kind === 'state');
  return new Map(states.map(({ name, rows, columns }) => [name, new Float64Array(rows * columns)]));
}
