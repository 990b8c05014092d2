// A workload compiled for the cpu: one shared memory, its workers, and the traffic between them and the caller's thread, which
// stays free while they compute.
import type { Call, CallResult, Executable, Intact, PassTime, Resident, StandingCall, Workload } from '../device.ts';
import type { BlasLibrary } from './blas/library.ts';
import { compileShard } from './compile.ts';
import { type Crew, joinedCrew, threadCrew } from './crew.ts';
import type { KernelModule } from './kernels.ts';
import { allocate } from './memory.ts';
import { type JobPlan, type Plan, heldBlocks, outputPlace, stateKey, statesOf } from './plan.ts';
import { Laps } from './profile.ts';
import { Shard, type ShardSetup, flags } from './shard.ts';
import { standingCall } from './standing.ts';
import { compileUpdate, updatePointers } from './update.ts';

/** How long operations are measured, after as long as V8 takes to compile them a second time. */
const PROFILE_MS = 1000;
const PROFILE_WARM_UP_MS = 300;

export async function compileForCpu(
  workload: Workload,
  plan: Plan,
  kernels: KernelModule,
  blas: BlasLibrary | null,
): Promise<CpuExecutable> {
  const memory = allocate(plan);
  const setups = await shardSetups(workload, plan, kernels, blas, memory);
  const crew = await (workload.interactive ? joinedCrew : threadCrew)(setups, memory);
  return new CpuExecutable(plan, setups[0], crew, describePlan(kernels, plan, blas));
}

class CpuExecutable implements Executable {
  readonly memoryBytes: number;
  readonly description: string;
  readonly #plan: Plan;
  readonly #crew: Crew;
  /** Of the first worker. */
  readonly #setup: ShardSetup;
  readonly #ints: Int32Array;
  readonly #floats: Float32Array;
  readonly #doubles: Float64Array;
  #stale = true;
  #intact: Intact = 'everything';

  constructor(plan: Plan, setup: ShardSetup, crew: Crew, description: string) {
    const { memory } = setup;
    this.#plan = plan;
    this.#setup = setup;
    this.#crew = crew;
    this.memoryBytes = plan.heldBytes;
    this.description = description;
    this.#ints = new Int32Array(memory.buffer);
    this.#floats = new Float32Array(memory.buffer);
    this.#doubles = new Float64Array(memory.buffer);
  }

  async run(name: string, calls: readonly Call[]): Promise<readonly CallResult[]> {
    const index = this.#plan.jobs.findIndex(({ job }) => job.name === name);
    const results: CallResult[] = [];
    for (const call of calls) {
      this.#give(this.#plan.jobs[index], call);
      try {
        const done = this.#step(index, call.update ? flags.update : 0);
        if (done) await done;
      } catch (error) {
        await this.#crew.close(); // those that live might still be at work
        // The state that counts is that of jobs that train. Of what failed before, less is left.
        const left = this.#crew.hasUpdated ? 'nothing' : this.#plan.jobs[index].trains ? 'weights' : 'everything';
        if (this.#intact === 'everything') this.#intact = left;
        throw error;
      }
      const result = this.#take(this.#plan.jobs[index], call);
      results.push(result);
      if (call.update && !result.updated) break;
    }
    return results;
  }

  standingCall(name: string): StandingCall {
    const index = this.#plan.jobs.findIndex(({ job }) => job.name === name);
    return standingCall(this.#plan, name, this.#setup.memory, () => this.#step(index, 0));
  }

  intact(): Intact {
    return this.#intact;
  }

  callsPerRun(): number {
    return 1;
  }

  read(resident: Resident, into?: Float32Array): Promise<Float32Array> {
    if (resident.kind !== 'state') {
      const vector = this.#vector(resident);
      if (into === undefined) return Promise.resolve(vector.slice());
      into.set(vector);
      return Promise.resolve(into);
    }
    const parts = this.#stateParts(resident.job, resident.name);
    const all = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
    let offset = 0;
    for (const part of parts) {
      all.set(part, offset);
      offset += part.length;
    }
    return Promise.resolve(all);
  }

  write(resident: Resident, values: Float32Array): Promise<void> {
    if (resident.kind === 'state') {
      let offset = 0;
      for (const part of this.#stateParts(resident.job, resident.name)) part.set(values.subarray(offset, (offset += part.length)));
    } else {
      this.#vector(resident).set(values);
      if (resident.kind === 'parameters') this.#stale = true;
    }
    return Promise.resolve();
  }

  async profile(name: string): Promise<readonly PassTime[]> {
    const plan = this.#plan.jobs.find(({ job }) => job.name === name)!;
    const laps = new Laps();
    const bytes = compileShard(this.#plan, name, plan.programs.get(plan.shardRows[0])!, this.#setup.kernels.variant, (step) =>
      laps.groupOf(step),
    );
    const residents: readonly Resident[] = [
      { kind: 'parameters' },
      ...[...this.#plan.slots.keys()].map((slot) => ({ kind: 'slot', name: slot }) as const),
      ...this.#statesOfJob(name).map((state) => ({ kind: 'state', job: name, name: state.name }) as const),
    ];
    const before = await Promise.all(residents.map((resident) => this.read(resident)));
    const shard = new Shard(this.#setup);
    const module = await WebAssembly.compile(bytes);
    shard.profile(module, plan.trains, laps, PROFILE_WARM_UP_MS);
    laps.forget();
    const steps = shard.profile(module, plan.trains, laps, PROFILE_MS);
    for (const [i, resident] of residents.entries()) await this.write(resident, before[i]);
    return laps.times(steps);
  }

  close(): Promise<void> {
    return this.#crew.close();
  }

  #step(job: number, requested: number): Promise<void> | void {
    const packed = this.#stale ? flags.pack : 0;
    this.#stale = false;
    return this.#crew.step(job, requested | packed);
  }

  /** Writes what a call brings to where the workers read it: each its own rows (T·rows) of the batch (T·N). */
  #give({ job, shardRows }: JobPlan, call: Call): void {
    const { shard, shardBases, scalars } = this.#plan;
    if (call.reset) for (const { name } of this.#statesOfJob(job.name)) for (const part of this.#stateParts(job.name, name)) part.fill(0);
    let first = 0;
    for (const [worker, rows] of shardRows.entries()) {
      this.#ints.set([job.batch, first, call.dropoutKey ?? 0], (shardBases[worker] + shard.dropout) / 4);
      for (const [address, integers] of [
        [shard.ids, call.ids],
        [shard.targets, call.targets],
      ] as const) {
        if (!integers) continue;
        const start = (shardBases[worker] + address) / 4;
        for (let t = 0; t < job.steps; t++) {
          const from = t * job.batch + first;
          this.#ints.set(integers.subarray(from, from + rows), start + t * rows);
        }
      }
      first += rows;
    }
    for (const [name, value] of Object.entries(call.update ?? {})) this.#floats[scalars.get(name)! / 4] = value;
  }

  #take(plan: JobPlan, call: Call): CallResult {
    const { shard, shardBases } = this.#plan;
    const sum = (offset: number): number => shardBases.reduce((total, base) => total + this.#doubles[(base + offset) / 8], 0);
    const lossNats = sum(shard.loss);
    const gradientNorm = plan.trains ? Math.sqrt(sum(shard.squares)) : NaN;
    return {
      lossNats,
      gradientNorm,
      updated: call.update !== undefined && Number.isFinite(lossNats) && Number.isFinite(gradientNorm),
      outputs: this.#outputs(plan, call.into),
    };
  }

  /** Outputs of (T·N, columns), put together from the shards' (T·rows, columns). */
  #outputs(plan: JobPlan, into: Call['into']): Record<string, Float32Array> {
    const { job, shardRows, programs } = plan;
    const outputs: Record<string, Float32Array> = {};
    for (const [name, { columns }] of programs.get(shardRows[0])!.program.outputs) {
      outputs[name] = into?.[name] ?? new Float32Array(job.steps * job.batch * columns);
      for (const block of heldBlocks(plan)) {
        const { start, stride } = outputPlace(this.#plan, plan, name, block);
        const together = stride === columns ? block.rows : 1; // no other columns between them
        for (let r = 0; r < block.rows; r += together) {
          const at = start + r * stride;
          outputs[name].set(this.#floats.subarray(at, at + together * columns), (block.whole + r) * columns);
        }
      }
    }
    return outputs;
  }

  #vector(resident: Exclude<Resident, { kind: 'state' }>): Float32Array {
    const address = this.#addressOf(resident);
    return this.#floats.subarray(address / 4, address / 4 + this.#plan.parameterCount);
  }

  #addressOf(resident: Exclude<Resident, { kind: 'state' }>): number {
    const { parameterVector, slots, shard, shardBases } = this.#plan;
    if (resident.kind === 'parameters') return parameterVector;
    if (resident.kind === 'gradients') return shardBases[0] + shard.gradients;
    return slots.get(resident.name)!;
  }

  #statesOfJob(job: string): readonly { readonly name: string }[] {
    const { shardRows, programs } = this.#plan.jobs.find((plan) => plan.job.name === job)!;
    return statesOf(programs.get(shardRows[0])!.program);
  }

  /** A carried state (N, H) in the pieces that the workers hold, in the order of its rows. */
  #stateParts(job: string, name: string): Float32Array[] {
    const { shardRows, programs } = this.#plan.jobs.find((plan) => plan.job.name === job)!;
    const { columns } = statesOf(programs.get(shardRows[0])!.program).find((state) => state.name === name)!;
    const offset = this.#plan.shard.states.get(stateKey(job, name))!;
    return shardRows.map((rows, worker) => {
      const start = (this.#plan.shardBases[worker] + offset) / 4;
      return this.#floats.subarray(start, start + rows * columns);
    });
  }
}

/** @param threads how many compute */
export function describeCpu({ variant }: KernelModule, threads: number, blas: BlasLibrary | null): string {
  const kernels = `WebAssembly (${variant === 'relaxed' ? 'fused multiply-add' : 'portable SIMD'})`;
  return `cpu: ${blas === null ? kernels : `${blas.name} and ${kernels}`}, ${threads} thread${threads === 1 ? '' : 's'}`;
}

/** Also says what memory withheld. */
export function describePlan(
  kernels: KernelModule,
  { workers, wantedWorkers }: Pick<Plan, 'workers' | 'wantedWorkers'>,
  blas: BlasLibrary | null,
): string {
  const description = describeCpu(kernels, workers, blas);
  return workers === wantedWorkers ? description : `${description}, because --threads ${wantedWorkers} would need more than 4 GiB`;
}

async function shardSetups(
  workload: Workload,
  plan: Plan,
  kernels: KernelModule,
  blas: BlasLibrary | null,
  memory: WebAssembly.Memory,
): Promise<ShardSetup[]> {
  const modules = new Map<string, WebAssembly.Module>();
  for (const { job, programs } of plan.jobs) {
    for (const [rows, shard] of programs)
      modules.set(`${job.name} ${rows}`, await WebAssembly.compile(compileShard(plan, job.name, shard, kernels.variant)));
  }
  const { shard, shardBases, workers, parameterCount, parameterVector, slots, scalars, panels } = plan;
  const rule = workload.update;
  const updateModule = rule ? await WebAssembly.compile(compileUpdate(rule, parameterCount, kernels.variant, plan.pages)) : null;
  return shardBases.map((base, worker) => {
    const addressOf = (name: string): { address: number; step: number } => {
      if (name === 'parameters') return { address: parameterVector, step: 4 };
      if (name === 'gradients') return { address: shardBases[0] + shard.gradients, step: 4 };
      if (name === 'gradientScale') return { address: base + shard.gradientScale, step: 0 };
      return slots.has(name) ? { address: slots.get(name)!, step: 4 } : { address: scalars.get(name)!, step: 0 };
    };
    return {
      worker,
      workers,
      kernels,
      blas,
      memory,
      parameterCount,
      panels,
      base,
      jobs: plan.jobs.map(({ job, shardRows, trains }) => ({ module: modules.get(`${job.name} ${shardRows[worker]}`) ?? null, trains })),
      update:
        rule && updateModule ? { module: updateModule, pointers: updatePointers(rule).map(addressOf), clipNorm: rule.clipNorm } : null,
      losses: shardBases.map((each) => each + shard.loss),
      squares: shardBases.map((each) => each + shard.squares),
      gradientScale: base + shard.gradientScale,
      gradients: shardBases[0] + shard.gradients,
      gradientStride: workers > 1 ? (shardBases[1] - shardBases[0]) / 4 : 0,
      controlAddress: 0,
    };
  });
}
