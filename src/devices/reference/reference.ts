// The reference device evaluates programs in float64 on the calling thread. It takes minutes where
// other devices take a second.
import { type Program, countParameters } from '../../program/value.ts';
import type { Call, CallResult, Device, Executable, ResidentVector, Workload } from '../device.ts';
import { type Matrix, evaluateProgram } from './evaluate.ts';

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
    compile: async (workload) => compile(workload),
    async close() {},
  };
}

interface Running {
  readonly program: Program;
  readonly trains: boolean;
  /** Jobs may share a state. */
  readonly state: Map<string, Matrix>;
}

function compile({ parameters, jobs, update }: Workload): Executable {
  const count = countParameters(parameters);
  const slots = update?.slots ?? [];
  const slot = (name: string): string => `slot ${name}`;
  /** Vectors of the length of all weights together. */
  const vectors = new Map(
    ['parameters', 'gradients', ...slots.map(slot)].map((name) => [name, new Float64Array(count)]),
  );
  const running = new Map<string, Running>();
  for (const { name, sharesStateWith = name, batch, build } of jobs) {
    const program = build(batch);
    const shared = running.get(sharesStateWith)?.state;
    running.set(name, { program, trains: program.gradients.size > 0, state: shared ?? clearState(program) });
  }

  const vector = (resident: ResidentVector): Matrix =>
    resident.kind === 'state'
      ? running.get(resident.job)!.state.get(resident.name)!
      : vectors.get(resident.kind === 'slot' ? slot(resident.name) : resident.kind)!;

  /** The parts of a vector, by the names of their weights. */
  const weightsIn = (name: 'parameters' | 'gradients'): Map<string, Matrix> => {
    let offset = 0;
    return new Map(
      parameters.map((shape) => [
        shape.name,
        vectors.get(name)!.subarray(offset, (offset += shape.rows * shape.columns)),
      ]),
    );
  };

  const applyUpdate = (scalars: Readonly<Record<string, number>>, gradientNorm: number): void => {
    const { clipNorm, scalars: names, build } = update!;
    const program = build(count);
    const vectorOf = (name: string): Matrix => vectors.get(slots.includes(name) ? slot(name) : name)!;
    const gradientScale = clipNorm > 0 ? Math.min(1, clipNorm / gradientNorm) : 1;
    const inputs = new Map<string, Matrix>([
      ...['parameters', 'gradients', ...slots].map((name) => [name, vectorOf(name)] as const),
      ['gradientScale', Float64Array.of(gradientScale)],
      ...names.map((name) => [name, Float64Array.of(scalars[name])] as const),
    ]);
    const { values } = evaluateProgram(program, { parameters: new Map(), inputs, state: new Map() });
    const results = [...program.outputs].map(([name, value]) => [name, values.get(value)!.slice()] as const);
    for (const [name, result] of results) vectorOf(name).set(result);
  };

  const runCall = ({ program, trains, state }: Running, call: Call): CallResult => {
    // Not in place: a state may be the array of a parameter.
    if (call.reset) for (const [name, { length }] of state) state.set(name, new Float64Array(length));
    const inputs = new Map([
      ['ids', Float64Array.from(call.ids)],
      ['targets', Float64Array.from(call.targets ?? [])],
    ]);
    const { values, lossNats } = evaluateProgram(program, {
      parameters: weightsIn('parameters'),
      inputs,
      state,
      dropoutKey: call.dropoutKey,
    });
    for (const [name, gradient] of weightsIn('gradients')) {
      const value = program.gradients.get(name);
      if (value) gradient.set(values.get(value)!);
      else gradient.fill(0);
    }
    const gradients = vectors.get('gradients')!;
    const gradientNorm = trains ? Math.sqrt(gradients.reduce((sum, g) => sum + g * g, 0)) : NaN;
    const updated = call.update !== undefined && Number.isFinite(lossNats) && Number.isFinite(gradientNorm);
    if (updated) applyUpdate(call.update, gradientNorm);
    const outputs = Object.fromEntries(
      [...program.outputs].map(([name, value]) => [name, Float32Array.from(values.get(value)!)]),
    );
    return { lossNats, gradientNorm, updated, outputs };
  };

  return {
    memoryBytes: 0,
    description: DESCRIPTION,
    callsPerRun: () => 1,
    async run(name, calls) {
      const results: CallResult[] = [];
      for (const call of calls) {
        const result = runCall(running.get(name)!, call);
        results.push(result);
        if (call.update && !result.updated) break;
      }
      return results;
    },
    read: async (resident) => Float32Array.from(vector(resident)),
    async write(resident, values) {
      if (resident.kind === 'state') running.get(resident.job)!.state.set(resident.name, Float64Array.from(values));
      else vector(resident).set(values);
    },
    async close() {},
  };
}

function clearState({ values }: Program): Map<string, Matrix> {
  const states = values.filter((value) => value.kind === 'loadState');
  return new Map(states.map(({ name, rows, columns }) => [name, new Float64Array(rows * columns)]));
}
