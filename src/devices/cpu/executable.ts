// A workload compiled for the cpu: one shared memory, its workers, and the traffic between them and
// the caller's thread, which stays free while they compute.
import type { Call, CallResult, Executable, Intact, PassTime, Resident, StandingCall, Workload } from '../device.ts';
import type { BlasLibrary } from './blas/library.ts';
import { compileShard } from './compile.ts';
import { WorkerPool } from './worker-pool.ts';
import { heldRows, outputPlace } from './held-rows.ts';
import type { KernelModule } from './kernels.ts';
import { allocate } from './memory.ts';
import { type JobPlan, type Plan, stateKey, statesOf, vectorAddress } from './plan.ts';
import { Laps } from './profile.ts';
import { Shard, type ShardSetup, flags, sumOverShards } from './shard.ts';
import { standingCall } from './standing.ts';
import { compileUpdate } from './update.ts';

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
  const pool = await WorkerPool.start(setups, workload.interactive === true);
  return new CpuExecutable(plan, setups[0], pool, describePlan(kernels, plan, blas));
}

class CpuExecutable implements Executable {
  readonly memoryBytes: number;
  readonly description: string;
  readonly #plan: Plan;
  readonly #pool: WorkerPool;
  /** Of the first worker. */
  readonly #setup: ShardSetup;
  readonly #ints: Int32Array;
  readonly #floats: Float32Array;
  readonly #doubles: Float64Array;
  #stale = true;
  #intact: Intact = 'everything';

  constructor(plan: Plan, setup: ShardSetup, pool: WorkerPool, description: string) {
    const { memory } = setup;
    this.#plan = plan;
    this.#setup = setup;
    this.#pool = pool;
    this.memoryBytes = plan.heldBytes;
    this.description = description;
    this.#ints = new Int32Array(memory.buffer);
    this.#floats = new Float32Array(memory.buffer);
    this.#doubles = new Float64Array(memory.buffer);
  }

  async run(name: string, calls: readonly Call[]): Promise<readonly CallResult[]> {
    const plan = this.#jobOf(name);
    const results: CallResult[] = [];
    for (const call of calls) {
      this.#give(plan, call);
      try {
        const done = this.#step(plan, call.update ? flags.update : 0);
        if (done) await done;
      } catch (error) {
        await this.#pool.close(); // those that live might still be at work
        // The state that counts is that of jobs that train. Of what failed before, less is left.
        const left = this.#pool.hasUpdated ? 'nothing' : plan.trains ? 'weights' : 'everything';
        if (this.#intact === 'everything') this.#intact = left;
        throw error;
      }
      const result = this.#take(plan, call);
      results.push(result);
      if (call.update && !result.updated) break;
    }
    return results;
  }

  standingCall(name: string): StandingCall {
    const plan = this.#jobOf(name);
    return standingCall(this.#plan, plan, this.#setup.memory, () => this.#step(plan, 0));
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
      for (const part of this.#stateParts(resident.job, resident.name))
        part.set(values.subarray(offset, (offset += part.length)));
    } else {
      this.#vector(resident).set(values);
      if (resident.kind === 'parameters') this.#stale = true;
    }
    return Promise.resolve();
  }

  async profile(name: string): Promise<readonly PassTime[]> {
    const plan = this.#jobOf(name);
    const laps = new Laps();
    const bytes = compileShard({
      plan: this.#plan,
      job: name,
      shard: plan.programs.get(plan.shardRows[0])!,
      variant: this.#setup.kernels.variant,
      observer: (step) => laps.groupOf(step),
    });
    const residents: readonly Resident[] = [
      { kind: 'parameters' },
      ...[...this.#plan.slots.keys()].map((slot) => ({ kind: 'slot', name: slot }) as const),
      ...statesOf(plan.program).map((state) => ({ kind: 'state', job: name, name: state.name }) as const),
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
    return this.#pool.close();
  }

  #jobOf(name: string): JobPlan {
    return this.#plan.jobs.find(({ job }) => job.name === name)!;
  }

  #step(plan: JobPlan, requested: number): Promise<void> | void {
    const packed = this.#stale ? flags.pack : 0;
    this.#stale = false;
    return this.#pool.step(this.#plan.jobs.indexOf(plan), requested | packed);
  }

  /**
   * Writes what a call brings to where the workers read it: each its own rows (T·rows) of the batch
   * (T·N).
   */
  #give(plan: JobPlan, { ids, targets, dropoutKey = 0, reset, update }: Call): void {
    const { job, program } = plan;
    const { shard, shardBases, scalars } = this.#plan;
    if (reset)
      for (const { name } of statesOf(program)) for (const part of this.#stateParts(job.name, name)) part.fill(0);
    for (const { whole, worker, own, rows } of heldRows(plan)) {
      const base = shardBases[worker];
      if (own === 0) this.#ints.set([job.batch, whole, dropoutKey], (base + shard.dropout) / 4);
      this.#ints.set(ids.subarray(whole, whole + rows), (base + shard.ids) / 4 + own);
      if (targets) this.#ints.set(targets.subarray(whole, whole + rows), (base + shard.targets) / 4 + own);
    }
    for (const [name, value] of Object.entries(update ?? {})) this.#floats[scalars.get(name)! / 4] = value;
  }

  #take(plan: JobPlan, call: Call): CallResult {
    const sum = (offset: number): number => sumOverShards(this.#plan, this.#doubles, offset);
    const lossNats = sum(this.#plan.shard.loss);
    const gradientNorm = plan.trains ? Math.sqrt(sum(this.#plan.shard.squares)) : NaN;
    return {
      lossNats,
      gradientNorm,
      updated: call.update !== undefined && Number.isFinite(lossNats) && Number.isFinite(gradientNorm),
      outputs: this.#outputs(plan, call.into),
    };
  }

  /** Outputs of (T·N, columns), put together from the shards' (T·rows, columns). */
  #outputs(plan: JobPlan, into: Call['into']): Record<string, Float32Array> {
    const { job, program } = plan;
    const outputs: Record<string, Float32Array> = {};
    for (const [name, { columns }] of program.outputs) {
      outputs[name] = into?.[name] ?? new Float32Array(job.steps * job.batch * columns);
      for (const block of heldRows(plan)) {
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
    const start = vectorAddress(this.#plan, resident.kind === 'slot' ? resident.name : resident.kind) / 4;
    return this.#floats.subarray(start, start + this.#plan.parameterCount);
  }

  /** A carried state (N, H) in the pieces that the workers hold, in the order of its rows. */
  #stateParts(job: string, name: string): Float32Array[] {
    const { shardRows, program } = this.#jobOf(job);
    const { columns } = statesOf(program).find((state) => state.name === name)!;
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
  return workers === wantedWorkers
    ? description
    : `${description}, because --threads ${wantedWorkers} would need more than 4 GiB`;
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
      modules.set(
        `${job.name} ${rows}`,
        await WebAssembly.compile(compileShard({ plan, job: job.name, shard, variant: kernels.variant })),
      );
  }
  const { products: _, jobs, ...map } = plan;
  const rule = workload.update;
  const update = rule && {
    module: await WebAssembly.compile(compileUpdate(rule, plan.parameterCount, kernels.variant, plan.pages)),
    clipNorm: rule.clipNorm,
  };
  return plan.shardBases.map((__, worker) => ({
    worker,
    map,
    kernels,
    blas,
    memory,
    jobs: jobs.map(({ job, shardRows, trains }) => ({
      module: modules.get(`${job.name} ${shardRows[worker]}`) ?? null,
      trains,
    })),
    update,
  }));
}
