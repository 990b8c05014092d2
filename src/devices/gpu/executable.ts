// A workload on gpu.js: weights, slots and carried state are kept here, on the host, and go through
// the plans of each job.
import { countParameters } from '../../program/value.ts';
import { dropoutSeed } from '../../random.ts';
import type { Call, CallResult, Cost, Executable, Job, PassTime, Resident, Workload } from '../device.ts';
import { type PassList, type Place, carryName } from './passes.ts';
import type { ArgumentValue, PlanResults } from './plan.ts';
import { RESET, WEIGHTS, seedNames } from './reader.ts';
import { Runner, type RunnerOptions } from './runner.ts';
import { elementsOf, numberArgument } from './writer.ts';

export interface CompiledJob {
  readonly job: Job;
  readonly list: PassList;
}

interface Running extends CompiledJob {
  readonly runner: Runner;
  /** What the last call kept, by the argument that brings it to the next. */
  readonly carried: Map<string, Float32Array>;
  /**
   * Whether all of that are finite numbers; null if it has not been looked at since it was written.
   */
  sound: boolean | null;
}

interface GpuExecutableOptions extends Omit<RunnerOptions, 'single'> {
  readonly description: string;
  readonly memoryBytes: number;
  readonly profile: (list: PassList) => Promise<readonly PassTime[]>;
}

export class GpuExecutable implements Executable {
  readonly memoryBytes: number;
  readonly description: string;
  readonly #workload: Workload;
  readonly #jobs: Map<string, Running>;
  /**
   * Of jobs that share a state, by the name of the first: which has it, each in buffers of its own
   * shape.
   */
  readonly #holders = new Map<string, Running>();
  /** P */
  readonly #count: number;
  /** The weights, then each slot. */
  #weights: Float32Array;
  /**
   * Whether all of them are finite; null if they have not been looked at since they were written.
   */
  #weightsSound: boolean | null = true;
  #closed = false;
  #gradients: Float32Array;
  readonly #profile: GpuExecutableOptions['profile'];

  constructor(
    workload: Workload,
    jobs: readonly CompiledJob[],
    { description, memoryBytes, profile, makePlan, health }: GpuExecutableOptions,
  ) {
    this.#workload = workload;
    this.description = description;
    this.memoryBytes = memoryBytes;
    this.#profile = profile;
    this.#count = countParameters(workload.parameters);
    this.#weights = new Float32Array(this.#count * (1 + (workload.update?.slots.length ?? 0)));
    this.#gradients = new Float32Array(this.#count);
    this.#jobs = new Map(
      jobs.map(({ job, list }) => [
        job.name,
        {
          job,
          list,
          sound: true,
          runner: new Runner(list, { makePlan, health, single: workload.interactive === true }),
          carried: new Map(
            [...list.states.values()].map(({ pass }) => [
              carryName(pass),
              new Float32Array(elementsOf(list.passes[pass].shape)),
            ]),
          ),
        },
      ]),
    );
  }

  callsPerRun(job: string): number {
    return this.#jobs.get(job)!.runner.callsPerRun;
  }

  cost(job: string): Cost {
    return this.#jobs.get(job)!.list.cost;
  }

  profile(job: string): Promise<readonly PassTime[]> {
    return this.#profile(this.#jobs.get(job)!.list);
  }

  async run(name: string, calls: readonly Call[]): Promise<readonly CallResult[]> {
    if (this.#closed) throw new Error('a closed executable runs nothing');
    const running = this.#jobs.get(name)!;
    this.#takeState(running);
    const results: CallResult[] = [];
    while (results.length < calls.length) {
      const alike = leadingAlike(calls.slice(results.length));
      const together = running.runner.together(alike.length);
      const done =
        together === 1 ? await this.#runSingly(running, alike) : await this.#runSome(running, alike.slice(0, together));
      results.push(...done);
      if (done.some(({ updated }, i) => alike[i].update !== undefined && !updated)) break;
    }
    return results;
  }

  read(resident: Resident): Promise<Float32Array> {
    if (resident.kind === 'gradients') return Promise.resolve(this.#gradients.slice());
    if (resident.kind !== 'state') return Promise.resolve(this.#vector(resident).slice());
    return Promise.resolve(stateIn(this.#holderOf(this.#jobs.get(resident.job)!), resident.name));
  }

  write(resident: Resident, values: Float32Array): Promise<void> {
    if (resident.kind === 'gradients') this.#gradients.set(values);
    else if (resident.kind !== 'state') {
      this.#vector(resident).set(values);
      this.#weightsSound = null;
    } else {
      putState(this.#holderOf(this.#jobs.get(resident.job)!), resident.name, values);
    }
    return Promise.resolve();
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const { runner } of this.#jobs.values()) await runner.close().catch(() => {});
  }

  #holderOf({ job }: Running): Running {
    const owner = job.stateOf ?? job.name;
    return this.#holders.get(owner) ?? this.#jobs.get(owner)!;
  }

  #takeState(running: Running): void {
    const holder = this.#holderOf(running);
    if (holder === running) return;
    for (const name of running.list.states.keys()) putState(running, name, stateIn(holder, name));
    this.#holders.set(running.job.stateOf ?? running.job.name, running);
  }

  #vector(resident: { kind: 'parameters' } | { kind: 'slot'; name: string }): Float32Array {
    const index = resident.kind === 'parameters' ? 0 : 1 + this.#workload.update!.slots.indexOf(resident.name);
    return this.#weights.subarray(index * this.#count, (index + 1) * this.#count);
  }

  /** Calls in one run; none if they are too many for the GPU's memory. */
  async #runSome(running: Running, calls: readonly Call[]): Promise<CallResult[]> {
    // Kernels may turn NaN into a number: a number that is none is looked for in what goes in and
    // in what comes back.
    const sound = this.#goesInSound(running, calls[0]);
    const updates = calls[0].update !== undefined;
    if (!sound && calls.length > 1) return this.#runSingly(running, calls);
    const outcome = await running.runner.run(
      new Map([...running.carried, [WEIGHTS, this.#weights]]),
      calls.map((call) => this.#arguments(running, call)),
    );
    if (outcome === null) return [];
    const { results, note } = outcome;
    const updated = updates && sound && isSound(results);
    // The weights from before are still here: the same calls again, one by one, find the one that
    // is to be refused.
    if (updates && !updated && calls.length > 1) return withNote(await this.#runSingly(running, calls), note);
    this.#take(running, results, updated);
    return withNote(
      results.calls.map(({ lossNats, gradientNorm, outputs }) => ({
        lossNats: sound ? lossNats : NaN,
        gradientNorm,
        updated,
        outputs: Object.fromEntries(
          [...running.list.outputs].map(([name, place]) => [
            name,
            matrixAt(outputs.get(place.pass)!, place, running.list),
          ]),
        ),
      })),
      note,
    );
  }

  #goesInSound(running: Running, { reset }: Call): boolean {
    this.#weightsSound ??= areFinite(this.#weights);
    running.sound ??= [...running.carried.values()].every(areFinite);
    return this.#weightsSound && (reset === true || running.sound);
  }

  #take(running: Running, { carried, gradients }: PlanResults, updated: boolean): void {
    for (const [name, values] of carried) {
      if (name !== WEIGHTS) running.carried.set(name, values);
      else if (updated) this.#weights = values;
    }
    running.sound = updated ? true : null;
    if (gradients) this.#gradients = gradients;
  }

  async #runSingly(running: Running, calls: readonly Call[]): Promise<CallResult[]> {
    const results: CallResult[] = [];
    for (const call of calls) {
      const [result] = await this.#runSome(running, [call]);
      results.push(result);
      if (call.update !== undefined && !result.updated) break;
    }
    return results;
  }

  #arguments({ job, list }: Running, call: Call): Map<string, ArgumentValue> {
    const given = new Map<string, ArgumentValue>([
      ['ids', Float32Array.from(call.ids)],
      ['targets', Float32Array.from(call.targets ?? new Int32Array(job.steps * job.batch))],
      [RESET, call.reset ? 1 : 0],
    ]);
    for (const name of this.#workload.update?.scalars ?? []) given.set(numberArgument(name), call.update?.[name] ?? 0);
    for (const { site } of list.masks) {
      const seed = dropoutSeed(call.dropoutKey ?? 0, site);
      const { high, low } = seedNames(site);
      given.set(high, seed >>> 16).set(low, seed & 0xffff);
    }
    return given;
  }
}

function stateIn({ list, carried }: Running, name: string): Float32Array {
  const place = list.states.get(name)!;
  return matrixAt(carried.get(carryName(place.pass))!, place, list);
}

function putState(running: Running, name: string, values: Float32Array): void {
  const { list, carried } = running;
  running.sound = null;
  const place = list.states.get(name)!;
  const buffer = carried.get(carryName(place.pass))!;
  startsOfRows(place, list).forEach((at, row) =>
    buffer.set(values.subarray(row * place.columns, (row + 1) * place.columns), at),
  );
}

/** The calls from the first on that all update, or all do not. */
function leadingAlike(calls: readonly Call[]): readonly Call[] {
  const other = calls.findIndex(({ update }) => (update === undefined) !== (calls[0].update === undefined));
  return other < 0 ? calls : calls.slice(0, other);
}

/** Where the rows of a matrix begin in the buffer of its pass. */
function startsOfRows({ pass, plane, row, column, rows }: Place, { passes }: PassList): number[] {
  const { shape } = passes[pass];
  if (shape.kind === 'vector') throw new Error('a vector has no rows');
  return Array.from({ length: rows }, (_, index) => (plane * shape.rows + row + index) * shape.columns + column);
}

function matrixAt(buffer: Float32Array, place: Place, list: PassList): Float32Array {
  const values = new Float32Array(place.rows * place.columns);
  startsOfRows(place, list).forEach((at, row) =>
    values.set(buffer.subarray(at, at + place.columns), row * place.columns),
  );
  return values;
}

/** Says with the first result what happened in the run. */
function withNote([first, ...rest]: readonly CallResult[], note: string | null): CallResult[] {
  return note === null ? [first, ...rest] : [{ ...first, note }, ...rest];
}

function isSound({ calls, carried }: PlanResults): boolean {
  return (
    calls.every(({ lossNats, gradientNorm }) => Number.isFinite(lossNats) && Number.isFinite(gradientNorm)) &&
    [...carried.values()].every(areFinite)
  );
}

/** For what is finite, and nothing else, x − x is 0. */
function areFinite(values: Float32Array): boolean {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] - values[i];
  return sum === 0;
}
