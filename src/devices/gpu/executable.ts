// A workload on a GPU. Weights, optimizer slots and carried states stay on the GPU between calls.
import { groupBy } from '../../group.ts';
import { countParameters } from '../../program/value.ts';
import { dropoutSeed } from '../../random.ts';
import type { Call, CallCost, CallResult, Executable, OperationTime, ResidentVector, Workload } from '../device.ts';
import type { Backend, RawCall, RawResult, SpaceSizes } from './backend.ts';
import type { Space } from './body.ts';
import { numbersOf } from './call.ts';
import { type CompiledJob, kernelKey } from './compile.ts';
import { reportNumbers, vectorElements } from './finish.ts';
import { Recovery } from './recovery.ts';

/** How long a run of calls should take, so that a user sees progress, and Ctrl-C has an effect. */
const RUN_SECONDS = 0.5;

interface ExecutableOptions {
  readonly description: string;
  readonly memoryBytes: number;
  readonly sizes: SpaceSizes;
  /** Makes memory and kernels, at the start and after the GPU was lost. */
  readonly open: () => Promise<Backend>;
}

export class GpuExecutable implements Executable {
  readonly memoryBytes: number;
  readonly description: string;
  readonly #workload: Workload;
  readonly #jobs: ReadonlyMap<string, CompiledJob>;
  readonly #recovery: Recovery;
  readonly #callsPerRun = new Map<string, number>();
  /** Jobs that have run, and whose kernels the driver has compiled. */
  readonly #warm = new Set<string>();
  /** Elements of a vector of all weights on the GPU, and P. */
  readonly #length: number;
  readonly #count: number;
  /** Vectors with numbers that are not finite, which a GPU may turn into finite numbers. */
  readonly #unsound = new Set<string>();
  #closed = false;

  static async open(
    workload: Workload,
    jobs: readonly CompiledJob[],
    options: ExecutableOptions,
  ): Promise<GpuExecutable> {
    return new GpuExecutable(workload, jobs, options, await options.open());
  }

  private constructor(
    workload: Workload,
    jobs: readonly CompiledJob[],
    { description, memoryBytes, sizes, open }: ExecutableOptions,
    backend: Backend,
  ) {
    this.#workload = workload;
    this.#jobs = new Map(jobs.map((each) => [each.job.name, each]));
    this.description = description;
    this.memoryBytes = memoryBytes;
    this.#length = vectorElements(workload.parameters);
    this.#count = countParameters(workload.parameters);
    this.#recovery = new Recovery(backend, sizes, open);
  }

  callsPerRun(job: string): number {
    return this.#callsPerRun.get(job) ?? 1;
  }

  cost(job: string): CallCost {
    return this.#jobs.get(job)!.cost;
  }

  async run(name: string, calls: readonly Call[]): Promise<readonly CallResult[]> {
    if (this.#closed) throw new Error('a closed executable runs nothing');
    const job = this.#jobs.get(name)!;
    const results: CallResult[] = [];
    while (results.length < calls.length) {
      const together = calls.slice(results.length, results.length + this.#recovery.mostCalls(job));
      const sound = together.map((call) => this.#isSound(job, call));
      const raw = together.map((call, index) => this.#rawCall(job, call, index > 0, sound[index]));
      const started = performance.now();
      const { results: done, note } = await this.#recovery.run(job, raw);
      this.#chooseCallsPerRun(job, together.length, (performance.now() - started) / 1000);
      const made = done.map((result, index) => callResult(job, result, together[index], sound[index]));
      const refused = made.findIndex(({ updated }, index) => together[index].update !== undefined && !updated);
      const kept = refused < 0 ? made : made.slice(0, refused + 1);
      if (note !== null) kept[0] = { ...kept[0], note };
      results.push(...kept);
      if (refused >= 0) break;
    }
    return results;
  }

  async profile(name: string): Promise<readonly OperationTime[]> {
    const job = this.#jobs.get(name)!;
    const saved = await this.#recovery.save();
    const times = await this.#recovery.times(job);
    await this.#recovery.restore(saved);
    const timed = job.dispatches.map((dispatch, index) => ({ ...dispatch, time: times[index] }));
    const byKernel = groupBy(timed, ({ planes }) => kernelKey(planes));
    const profile = [...byKernel.values()].map((same) => {
      const [{ planes, isUpdate }] = same;
      const [{ rows, columns }] = planes;
      const multiplyAdds = planes.reduce((sum, body) => sum + body.multiplyAdds, 0);
      return {
        kind: isUpdate ? 'update' : multiplyAdds > 0 ? 'product' : 'chain',
        shape: { rows, columns, planes: planes.length },
        count: same.length,
        microseconds: (1000 * same.reduce((sum, { time }) => sum + time, 0)) / same.length,
        multiplyAdds,
      };
    });
    return profile.toSorted((a, b) => b.count * b.microseconds - a.count * a.microseconds);
  }

  async read(resident: ResidentVector, into?: Float32Array): Promise<Float32Array> {
    const { space, offset, elements } = this.#placeOf(resident);
    const values = await this.#recovery.read(space, offset, elements);
    if (!into) return values;
    into.set(values);
    return into;
  }

  async write(resident: ResidentVector, values: Float32Array): Promise<void> {
    const { space, offset } = this.#placeOf(resident);
    const key = `${space} ${offset}`;
    if (resident.kind === 'gradients' || values.every(Number.isFinite)) this.#unsound.delete(key);
    else this.#unsound.add(key);
    await this.#recovery.write(space, offset, values);
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#recovery.close();
    return Promise.resolve();
  }

  #placeOf(resident: ResidentVector): { space: Space; offset: number; elements: number } {
    if (resident.kind === 'state') {
      const state = this.#jobs.get(resident.job)!.states.get(resident.name)!;
      return { space: 'call', ...state };
    }
    const vectors = ['parameters', 'gradients', ...(this.#workload.update?.slots ?? [])];
    const index = vectors.indexOf(resident.kind === 'slot' ? resident.name : resident.kind);
    return { space: 'vectors', offset: index * this.#length, elements: this.#count };
  }

  /** False if the caller has written a weight, a slot or a carried state that is not finite. */
  #isSound({ states }: CompiledJob, { reset }: Call): boolean {
    if (this.#unsound.size === 0) return true;
    for (const { offset } of reset ? states.values() : []) this.#unsound.delete(`call ${offset}`);
    const read = new Set([...states.values()].map(({ offset }) => `call ${offset}`));
    return ![...this.#unsound].some((key) => key.startsWith('vectors') || read.has(key));
  }

  #rawCall(compiled: CompiledJob, call: Call, continues: boolean, isSound: boolean): RawCall {
    const { job, call: layout, scatterRows } = compiled;
    const inputs = new Float32Array(layout.inputs);
    const at = (offset: number): number => offset - layout.ids;
    inputs.set(call.ids, 0);
    inputs.set(call.targets ?? new Int32Array(job.steps * job.batch), at(layout.targets));
    if (scatterRows > 0) {
      const { positions, firsts } = sortById(call.ids, scatterRows);
      inputs.set(positions, at(layout.sortedPositions));
      inputs.set(firsts, at(layout.firstPositions));
    }
    const seedOf = (site: number): number => dropoutSeed(call.dropoutKey ?? 0, site);
    for (const [name, value] of numbersOf(compiled.masks, call.update ?? {}, continues, seedOf))
      inputs[at(layout.numbers.get(name)!)] = value;
    return { inputs, reset: call.reset ?? false, updates: call.update !== undefined && isSound };
  }

  /** How many calls a run should have, from how long one took that compiled nothing. */
  #chooseCallsPerRun(job: CompiledJob, calls: number, seconds: number): void {
    const { name } = job.job;
    if (this.#warm.has(name)) {
      const wanted = Math.floor((calls * RUN_SECONDS) / seconds);
      this.#callsPerRun.set(
        name,
        Math.max(1, Math.min(wanted, this.#recovery.mostCalls(job), 4 * this.callsPerRun(name))),
      );
    }
    this.#warm.add(name);
  }
}

/** The positions of ids, sorted by id (a counting sort), and for each id the first of its positions. */
export function sortById(ids: Int32Array, rows: number): { positions: Int32Array; firsts: Int32Array } {
  const firsts = new Int32Array(rows + 1);
  for (const id of ids) firsts[id + 1]++;
  for (let id = 0; id < rows; id++) firsts[id + 1] += firsts[id];
  const next = firsts.slice();
  const positions = new Int32Array(ids.length);
  for (const [position, id] of ids.entries()) positions[next[id]++] = position;
  return { positions, firsts };
}

function callResult(
  { trains, hasLoss }: CompiledJob,
  { report, outputs }: RawResult,
  { update }: Call,
  isSound: boolean,
): CallResult {
  const [loss, norm, refused] = reportNumbers.map((_, index) => report[index]);
  return {
    lossNats: !hasLoss ? 0 : isSound ? loss : NaN,
    gradientNorm: trains ? norm : NaN,
    updated: update !== undefined && isSound && refused === 0,
    outputs,
  };
}
