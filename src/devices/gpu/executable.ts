// A workload on gpu.js: weights, slots and carried state are kept here, on the host, and go through
// the plans of each job.
import { countParameters } from '../../program/value.ts';
import { dropoutSeed } from '../../random.ts';
import type { Call, CallResult, CallCost, Executable, Job, PassTime, ResidentVector, Workload } from '../device.ts';
import { type PassList, type Place, carryName } from './passes.ts';
import { type ArgumentValue, type Kernels, Plan, type PlanResults } from './plan.ts';
import { profilePasses } from './profile.ts';
import { RESET, WEIGHTS, seedNames } from './reader.ts';
import { type Health, Runner } from './runner.ts';
import { elementsOf, numberArgument } from './writer.ts';

export interface CompiledJob {
  readonly job: Job;
  readonly list: PassList;
}

/** What the last call kept for the next one. */
interface State {
  /** (N, columns) each, by name. */
  readonly values: Map<string, Float32Array>;
  /** Whether all of them are finite; null if nobody has looked since they were written. */
  sound: boolean | null;
}

interface Running extends CompiledJob {
  readonly runner: Runner;
  /** Jobs may share one. */
  readonly state: State;
}

interface GpuExecutableOptions {
  readonly description: string;
  readonly memoryBytes: number;
  readonly kernels: Kernels;
  readonly health: Health;
}

export class GpuExecutable implements Executable {
  readonly memoryBytes: number;
  readonly description: string;
  readonly #workload: Workload;
  readonly #jobs = new Map<string, Running>();
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
  readonly #kernels: Kernels;
  readonly #health: Health;

  constructor(
    workload: Workload,
    jobs: readonly CompiledJob[],
    { description, memoryBytes, kernels, health }: GpuExecutableOptions,
  ) {
    this.#workload = workload;
    this.description = description;
    this.memoryBytes = memoryBytes;
    this.#kernels = kernels;
    this.#health = health;
    this.#count = countParameters(workload.parameters);
    this.#weights = new Float32Array(this.#count * (1 + (workload.update?.slots.length ?? 0)));
    this.#gradients = new Float32Array(this.#count);
    for (const { job, list } of jobs)
      this.#jobs.set(job.name, {
        job,
        list,
        runner: new Runner({
          makePlan: (calls) => new Plan(list, kernels, calls),
          passes: list.passes.length,
          health,
        }),
        state: this.#jobs.get(job.sharesStateWith ?? job.name)?.state ?? clearState(list),
      });
  }

  callsPerRun(job: string): number {
    return this.#jobs.get(job)!.runner.callsPerRun;
  }

  cost(job: string): CallCost {
    return this.#jobs.get(job)!.list.cost;
  }

  profile(job: string): Promise<readonly PassTime[]> {
    return profilePasses(this.#jobs.get(job)!.list, this.#kernels, this.#health);
  }

  async run(name: string, calls: readonly Call[]): Promise<readonly CallResult[]> {
    if (this.#closed) throw new Error('a closed executable runs nothing');
    const running = this.#jobs.get(name)!;
    const results: CallResult[] = [];
    while (results.length < calls.length) {
      const rest = calls.slice(results.length);
      const together = running.runner.together(rest.length);
      const done =
        together === 1 ? await this.#runSingly(running, rest) : await this.#runSome(running, rest.slice(0, together));
      results.push(...done);
      if (done.some(({ updated }, i) => rest[i].update !== undefined && !updated)) break;
    }
    return results;
  }

  read(resident: ResidentVector): Promise<Float32Array> {
    return Promise.resolve(this.#vector(resident).slice());
  }

  write(resident: ResidentVector, values: Float32Array): Promise<void> {
    this.#vector(resident).set(values);
    if (resident.kind === 'state') this.#jobs.get(resident.job)!.state.sound = null;
    else if (resident.kind !== 'gradients') this.#weightsSound = null;
    return Promise.resolve();
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const { runner } of this.#jobs.values()) await runner.close().catch(() => {});
  }

  #vector(resident: ResidentVector): Float32Array {
    if (resident.kind === 'gradients') return this.#gradients;
    if (resident.kind === 'state') return this.#jobs.get(resident.job)!.state.values.get(resident.name)!;
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
      carriedInto(running).set(WEIGHTS, this.#weights),
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

  #goesInSound({ state }: Running, { reset }: Call): boolean {
    this.#weightsSound ??= areFinite(this.#weights);
    state.sound ??= [...state.values.values()].every(areFinite);
    return this.#weightsSound && (reset === true || state.sound);
  }

  #take({ list, state }: Running, { carried, gradients }: PlanResults, updated: boolean): void {
    for (const [name, place] of list.states)
      state.values.set(name, matrixAt(carried.get(carryName(place.pass))!, place, list));
    state.sound = updated ? true : null;
    if (updated) this.#weights = carried.get(WEIGHTS)!;
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

function clearState({ states }: PassList): State {
  return {
    values: new Map([...states].map(([name, { rows, columns }]) => [name, new Float32Array(rows * columns)])),
    sound: true,
  };
}

/** The buffers of the passes that kept the state, by the arguments that bring it to the next call. */
function carriedInto({ list, state }: Running): Map<string, Float32Array> {
  const carried = new Map<string, Float32Array>();
  for (const [name, place] of list.states) {
    const argument = carryName(place.pass);
    const buffer = carried.get(argument) ?? new Float32Array(elementsOf(list.passes[place.pass].shape));
    const values = state.values.get(name)!;
    startsOfRows(place, list).forEach((at, row) =>
      buffer.set(values.subarray(row * place.columns, (row + 1) * place.columns), at),
    );
    carried.set(argument, buffer);
  }
  return carried;
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
