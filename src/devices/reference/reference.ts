// The reference device: programs evaluated in float64 on the calling thread. Minutes where the
// others take a second.
import { type Program, countParameters } from '../../program/value.ts';
import type { Call, CallResult, Device, Executable, Job, Resident, Workload } from '../device.ts';
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

class ReferenceExecutable implements Executable {
  readonly memoryBytes = 0;
  readonly description = DESCRIPTION;
  readonly #workload: Workload;
  readonly #count: number;
  readonly #vectors = new Map<string, Matrix>();
  readonly #states = new Map<string, Map<string, Matrix>>();
  readonly #programs = new Map<string, Program>();

  constructor(workload: Workload) {
    this.#workload = workload;
    this.#count = countParameters(workload.parameters);
    for (const { name, stateOf = name } of workload.jobs)
      this.#states.set(name, this.#states.get(stateOf) ?? new Map());
  }

  run(name: string, calls: readonly Call[]): Promise<readonly CallResult[]> {
    const job = this.#workload.jobs.find((candidate) => candidate.name === name)!;
    const results: CallResult[] = [];
    for (const call of calls) {
      const result = this.#call(job, call);
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
    const copy = Float64Array.from(values);
    if (resident.kind === 'state') this.#states.get(resident.job)!.set(resident.name, copy);
    else this.#vectors.set(keyOf(resident), copy);
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #vector(resident: Resident): Matrix {
    if (resident.kind !== 'state') return this.#vectors.get(keyOf(resident)) ?? new Float64Array(this.#count);
    const job = this.#workload.jobs.find((candidate) => candidate.name === resident.job)!;
    const value = this.#programOf(job).values.find((each) => each.kind === 'state' && each.name === resident.name)!;
    return this.#states.get(resident.job)!.get(resident.name) ?? new Float64Array(value.rows * value.columns);
  }

  #call(job: Job, call: Call): CallResult {
    const program = this.#programOf(job);
    const state = this.#states.get(job.name)!;
    if (call.reset) state.clear();
    const inputs = new Map([
      ['ids', Float64Array.from(call.ids)],
      ['targets', Float64Array.from(call.targets ?? [])],
    ]);
    const { values, lossNats } = evaluate(program, {
      parameters: this.#parameters(),
      inputs,
      state,
      dropoutKey: call.dropoutKey,
    });

    const gradients = new Float64Array(this.#count);
    let offset = 0;
    for (const { name, rows, columns } of this.#workload.parameters) {
      const gradient = program.gradients.get(name);
      if (gradient) gradients.set(values.get(gradient)!, offset);
      offset += rows * columns;
    }
    this.#vectors.set('gradients', gradients);
    const gradientNorm = program.gradients.size > 0 ? Math.sqrt(gradients.reduce((sum, g) => sum + g * g, 0)) : NaN;
    const updated = call.update !== undefined && Number.isFinite(lossNats) && Number.isFinite(gradientNorm);
    if (updated) this.#update(call.update, gradientNorm);
    const outputs = Object.fromEntries(
      [...program.outputs].map(([name, value]) => [name, Float32Array.from(values.get(value)!)]),
    );
    return { lossNats, gradientNorm, updated, outputs };
  }

  #programOf({ name, build, batch }: Job): Program {
    const program = this.#programs.get(name) ?? build(batch);
    this.#programs.set(name, program);
    return program;
  }

  #parameters(): Map<string, Matrix> {
    const vector = this.#vector({ kind: 'parameters' });
    let offset = 0;
    return new Map(
      this.#workload.parameters.map(({ name, rows, columns }) => [
        name,
        vector.subarray(offset, (offset += rows * columns)),
      ]),
    );
  }

  #update(scalars: Readonly<Record<string, number>>, gradientNorm: number): void {
    const rule = this.#workload.update!;
    const program = rule.build(this.#count);
    const gradientScale = rule.clipNorm > 0 ? Math.min(1, rule.clipNorm / gradientNorm) : 1;
    const inputs = new Map<string, Matrix>([
      ['parameters', this.#vector({ kind: 'parameters' })],
      ['gradients', this.#vector({ kind: 'gradients' })],
      ['gradientScale', Float64Array.of(gradientScale)],
      ...rule.slots.map((name): [string, Matrix] => [name, this.#vector({ kind: 'slot', name })]),
      ...rule.scalars.map((name): [string, Matrix] => [name, Float64Array.of(scalars[name])]),
    ]);
    const { values } = evaluate(program, { parameters: new Map(), inputs, state: new Map() });
    this.#vectors.set('parameters', values.get(program.outputs.get('parameters')!)!.slice());
    for (const name of rule.slots) this.#vectors.set(`slot ${name}`, values.get(program.outputs.get(name)!)!.slice());
  }
}

function keyOf(resident: Resident): string {
  return resident.kind === 'slot' ? `slot ${resident.name}` : resident.kind;
}
