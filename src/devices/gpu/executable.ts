// A workload on gpu.js: weights, slots and carried state are kept here, on the host, and go through plans of one or of many calls.
import { countParameters } from '../../program/value.ts';
import { dropoutKeeps } from '../../random.ts';
import type { Call, CallResult, Cost, Executable, Job, Resident, Workload } from '../device.ts';
import { RESET, WEIGHTS, maskName } from './lower.ts';
import { type PassList, type Place, carryName } from './passes.ts';
import { type ArgumentValue, type Kernels, Plan, type PlanResults } from './plan.ts';
import { elementsOf, numberArgument } from './writer.ts';

/** How long a run of a plan should take: long enough for what each costs beside its calls, too short for a display's watchdog. */
const RUN_SECONDS = 0.5;
/** Below this a plan is made longer once more. */
const SHORT_SECONDS = 0.15;
/** Passes that one plan may have: tracing and compiling them takes about a second. */
const MOST_PASSES = 20_000;

export interface CompiledJob {
  readonly job: Job;
  readonly list: PassList;
}

interface Running extends CompiledJob {
  single: Plan | null;
  many: Plan | null;
  callsPerRun: number;
  /** What the last call kept, by the argument that brings it to the next. */
  readonly carried: Map<string, Float32Array>;
  /** A plan's first run compiles it, and tells nothing of its speed. */
  measured: boolean;
}

export class GpuExecutable implements Executable {
  readonly memoryBytes: number;
  readonly description: string;
  readonly #workload: Workload;
  readonly #kernels: Kernels;
  readonly #jobs: Map<string, Running>;
  readonly #count: number;
  /** The weights, then each slot. */
  #weights: Float32Array;
  #gradients: Float32Array;

  constructor(workload: Workload, jobs: readonly CompiledJob[], kernels: Kernels, { description, memoryBytes }: { description: string; memoryBytes: number }) {
    this.#workload = workload;
    this.#kernels = kernels;
    this.description = description;
    this.memoryBytes = memoryBytes;
    this.#count = countParameters(workload.parameters);
    this.#weights = new Float32Array(this.#count * (1 + (workload.update?.slots.length ?? 0)));
    this.#gradients = new Float32Array(this.#count);
    this.#jobs = new Map(jobs.map(({ job, list }) => [job.name, {
      job, list, single: null, many: null, callsPerRun: 1, measured: false,
      carried: new Map([...list.states.values()].map(({ pass }) => [carryName(pass), new Float32Array(elementsOf(list.passes[pass].shape))])),
    }]));
  }

  callsPerRun(job: string): number {
    return this.#jobs.get(job)!.callsPerRun;
  }

  cost(job: string): Cost {
    return this.#jobs.get(job)!.list.cost;
  }

  async run(name: string, calls: readonly Call[]): Promise<readonly CallResult[]> {
    const running = this.#jobs.get(name)!;
    const results: CallResult[] = [];
    while (results.length < calls.length) {
      const rest = calls.slice(results.length);
      const many = running.callsPerRun;
      const together = many > 1 && rest.length >= many && rest.slice(0, many).every(({ update }) => (update !== undefined) === (rest[0].update !== undefined));
      const done = together ? await this.#runMany(running, rest.slice(0, many)) : [await this.#runOne(running, rest[0])];
      results.push(...done);
      const last = done[done.length - 1];
      if (calls[results.length - 1].update && !last.updated) break;
    }
    return results;
  }

  read(resident: Resident): Promise<Float32Array> {
    if (resident.kind === 'gradients') return Promise.resolve(this.#gradients.slice());
    if (resident.kind !== 'state') return Promise.resolve(this.#vector(resident).slice());
    const { place, buffer, shape } = this.#stateOf(resident);
    const values = new Float32Array(place.rows * place.columns);
    for (let row = 0; row < place.rows; row++) {
      const at = startOfRow(place, shape, row);
      values.set(buffer.subarray(at, at + place.columns), row * place.columns);
    }
    return Promise.resolve(values);
  }

  write(resident: Resident, values: Float32Array): Promise<void> {
    if (resident.kind === 'gradients') this.#gradients = values.slice();
    else if (resident.kind !== 'state') this.#vector(resident).set(values);
    else {
      const { place, buffer, shape } = this.#stateOf(resident);
      for (let row = 0; row < place.rows; row++) buffer.set(values.subarray(row * place.columns, (row + 1) * place.columns), startOfRow(place, shape, row));
    }
    return Promise.resolve();
  }

  async close(): Promise<void> {
    for (const { single, many } of this.#jobs.values()) {
      await single?.close();
      await many?.close();
    }
  }

  #vector(resident: { kind: 'parameters' } | { kind: 'slot'; name: string }): Float32Array {
    const index = resident.kind === 'parameters' ? 0 : 1 + this.#workload.update!.slots.indexOf(resident.name);
    return this.#weights.subarray(index * this.#count, (index + 1) * this.#count);
  }

  #stateOf({ job, name }: { job: string; name: string }): { place: Place; buffer: Float32Array; shape: { rows: number; columns: number } } {
    const { list, carried } = this.#jobs.get(job)!;
    const place = list.states.get(name)!;
    const { shape } = list.passes[place.pass];
    if (shape.kind === 'vector') throw new Error(`state ${name} is a vector`);
    return { place, buffer: carried.get(carryName(place.pass))!, shape };
  }

  /** A plan of many calls; if it gives a number that is not finite, the same calls once more, one by one, so that the bad one is refused. */
  async #runMany(running: Running, calls: readonly Call[]): Promise<CallResult[]> {
    running.many ??= new Plan(running.list, this.#kernels, calls.length);
    const results = await this.#timed(running, running.many, calls);
    if (calls[0].update !== undefined && !isSound(results)) {
      const singly: CallResult[] = [];
      for (const call of calls) {
        const result = await this.#runOne(running, call);
        singly.push(result);
        if (!result.updated) break;
      }
      return singly;
    }
    this.#keep(running, results, calls[0].update !== undefined);
    return calls.map((call, k) => this.#resultOf(running, results, k, call.update !== undefined));
  }

  async #runOne(running: Running, call: Call): Promise<CallResult> {
    running.single ??= new Plan(running.list, this.#kernels, 1);
    const results = await this.#timed(running, running.single, [call]);
    const updated = call.update !== undefined && isSound(results);
    this.#keep(running, results, updated);
    return this.#resultOf(running, results, 0, updated);
  }

  #resultOf({ list }: Running, results: PlanResults, k: number, updated: boolean): CallResult {
    const { lossNats, gradientNorm, outputs } = results.calls[k];
    return { lossNats, gradientNorm, updated, outputs: Object.fromEntries([...list.outputs].map(([name, place]) => [name, matrixAt(outputs.get(place.pass)!, place, list)])) };
  }

  #keep(running: Running, { carried, gradients }: PlanResults, updated: boolean): void {
    for (const [name, values] of carried) {
      if (name !== WEIGHTS) running.carried.set(name, values);
      else if (updated) this.#weights = values;
    }
    if (gradients) this.#gradients = gradients;
  }

  async #timed(running: Running, plan: Plan, calls: readonly Call[]): Promise<PlanResults> {
    const before = performance.now();
    const results = await plan.run(new Map([...running.carried, [WEIGHTS, this.#weights]]), calls.map((call) => this.#arguments(running, call)));
    await this.#choose(running, plan, (performance.now() - before) / 1000);
    return results;
  }

  /** How many calls a run should have, from how long one took. Rebuilding a plan costs memory: done at most twice. */
  async #choose(running: Running, plan: Plan, seconds: number): Promise<void> {
    if (this.#workload.interactive) return;
    if (!running.measured) {
      running.measured = true;
      return;
    }
    const most = Math.max(1, Math.floor(MOST_PASSES / running.list.passes.length));
    const wanted = Math.max(1, Math.min(most, Math.floor((RUN_SECONDS * plan.calls) / seconds)));
    const better = plan === running.single ? running.many === null : seconds < SHORT_SECONDS && wanted > 2 * plan.calls;
    if (!better || wanted === 1) return;
    await running.many?.close();
    running.many = null;
    running.measured = false;
    running.callsPerRun = wanted;
  }

  #arguments({ job, list }: Running, call: Call): Map<string, ArgumentValue> {
    const given = new Map<string, ArgumentValue>([
      ['ids', Float32Array.from(call.ids)],
      ['targets', Float32Array.from(call.targets ?? new Int32Array(job.steps * job.batch))],
      [RESET, call.reset ? 1 : 0],
    ]);
    for (const name of this.#workload.update?.scalars ?? []) given.set(numberArgument(name), call.update?.[name] ?? 0);
    for (const mask of list.masks) {
      const { rows, columns, rate, site } = mask;
      given.set(maskName(mask), Float32Array.from({ length: rows * columns }, (_, index) => (dropoutKeeps(call.dropoutKey ?? 0, site, index, rate) ? 1 / (1 - rate) : 0)));
    }
    return given;
  }
}

function startOfRow({ plane, row, column }: Place, { rows, columns }: { rows: number; columns: number }, index: number): number {
  return (plane * rows + row + index) * columns + column;
}

function matrixAt(buffer: Float32Array, place: Place, { passes }: PassList): Float32Array {
  const { shape } = passes[place.pass];
  if (shape.kind === 'vector') return buffer;
  const values = new Float32Array(place.rows * place.columns);
  for (let row = 0; row < place.rows; row++) {
    const at = startOfRow(place, shape, row);
    values.set(buffer.subarray(at, at + place.columns), row * place.columns);
  }
  return values;
}

/** Kernels may turn NaN into a number, so every number that comes back is looked at. */
function isSound({ calls, carried }: PlanResults): boolean {
  return calls.every(({ lossNats, gradientNorm }) => Number.isFinite(lossNats) && Number.isFinite(gradientNorm)) && [...carried.values()].every((values) => values.every(Number.isFinite));
}
