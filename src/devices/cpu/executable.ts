// A workload compiled for the cpu: one shared memory, its workers, and the communication between
// them and the calling thread, which stays free while they compute.
import type {
  Call,
  CallResult,
  Executable,
  IntactData,
  OperationTime,
  ResidentVector,
  PreparedCall,
  Workload,
} from '../device.ts';
import { compileShard } from './compile.ts';
import type { LoadedCode } from './machine/code.ts';
import { peakOperations } from './machine/peak.ts';
import { WorkerPool } from './worker-pool.ts';
import type { Kernels } from './choose.ts';
import { allocateMemory } from './memory.ts';
import { type JobPlan, type Plan, stateKey, statesOf } from './plan.ts';
import { vectorAddress } from './ranges.ts';
import { LapTimer } from './profile.ts';
import { type JobRows, jobRowsOf } from './rows.ts';
import { Shard, type ShardSetup, stepFlags, sumOverShards } from './shard.ts';
import { describeCpu, loadProgram, shardSetups } from './setups.ts';

/**
 * How long operations are measured, and how long they run before, until V8 has compiled them a
 * second time.
 */
const PROFILE_MS = 1000;
const PROFILE_WARM_UP_MS = 300;
const PEAK_RUNS = 4;

export async function compileForCpu(workload: Workload, plan: Plan, kernels: Kernels): Promise<CpuExecutable> {
  const memory = allocateMemory(plan);
  const codes: LoadedCode[] = [];
  try {
    const setups = await shardSetups(workload, plan, kernels, memory, codes);
    const pool = await WorkerPool.start(setups, workload.interactive === true);
    return new CpuExecutable(plan, setups[0], pool, codes, describeCpu(kernels, plan.workers));
  } catch (error) {
    for (const code of codes) code.free();
    throw error;
  }
}

interface RunningJob extends JobPlan {
  readonly index: number;
  readonly rows: JobRows;
  /**
   * The outputs of each call of a run, reused for the next run. Garbage collection of them would
   * take longer than reading them.
   */
  readonly outputs: Record<string, Float32Array>[];
}

class CpuExecutable implements Executable {
  readonly memoryBytes: number;
  readonly description: string;
  readonly #plan: Plan;
  readonly #jobs: ReadonlyMap<string, RunningJob>;
  readonly #pool: WorkerPool;
  /** The machine code that the workers run. */
  readonly #codes: LoadedCode[];
  /** The setup of the first worker. */
  readonly #setup: ShardSetup;
  readonly #ints: Int32Array;
  readonly #floats: Float32Array;
  readonly #doubles: Float64Array;
  #stale = true;
  #intact: IntactData = 'everything';

  constructor(plan: Plan, setup: ShardSetup, pool: WorkerPool, codes: LoadedCode[], description: string) {
    const { memory } = setup;
    this.#plan = plan;
    this.#jobs = new Map(
      plan.jobs.map((each, index) => [
        each.job.name,
        { ...each, index, rows: jobRowsOf(plan, each, memory), outputs: [] },
      ]),
    );
    this.#setup = setup;
    this.#pool = pool;
    this.#codes = codes;
    this.memoryBytes = plan.bytesWithThreads;
    this.description = description;
    this.#ints = new Int32Array(memory.buffer);
    this.#floats = new Float32Array(memory.buffer);
    this.#doubles = new Float64Array(memory.buffer);
  }

  async run(name: string, calls: readonly Call[]): Promise<readonly CallResult[]> {
    const job = this.#jobs.get(name)!;
    const results: CallResult[] = [];
    for (const call of calls) {
      this.#writeInputs(job, call);
      try {
        const done = this.#runStep(job, call.update ? stepFlags.update : 0);
        if (done) await done;
      } catch (error) {
        await this.#pool.close(); // other threads may still be running
        // Only the state of jobs that train must be intact. A second failure leaves no more intact
        // than the first.
        const intact = this.#pool.hasBegunUpdate ? 'nothing' : job.trains ? 'weights' : 'everything';
        if (this.#intact === 'everything') this.#intact = intact;
        throw error;
      }
      const result = this.#readResult(job, results.length, call.update !== undefined);
      results.push(result);
      if (call.update && !result.updated) break;
    }
    return results;
  }

  preparedCall(name: string): PreparedCall {
    const job = this.#jobs.get(name)!;
    const { ids: idAddresses, outputs } = job.rows;
    const ids = new Int32Array(idAddresses.length);
    return {
      ids,
      outputs,
      run: () => {
        for (let i = 0; i < idAddresses.length; i++) this.#ints[idAddresses[i]] = ids[i];
        return this.#runStep(job, 0);
      },
    };
  }

  intact(): IntactData {
    return this.#intact;
  }

  callsPerRun(): number {
    return 1;
  }

  read(resident: ResidentVector, into?: Float32Array): Promise<Float32Array> {
    const parts = this.#partsOf(resident);
    const joined = into ?? new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
    let offset = 0;
    for (const part of parts) {
      joined.set(part, offset);
      offset += part.length;
    }
    return Promise.resolve(joined);
  }

  write(resident: ResidentVector, values: Float32Array): Promise<void> {
    let offset = 0;
    for (const part of this.#partsOf(resident)) part.set(values.subarray(offset, (offset += part.length)));
    if (resident.kind === 'parameters') this.#stale = true;
    return Promise.resolve();
  }

  async profile(name: string): Promise<readonly OperationTime[]> {
    const job = this.#jobs.get(name)!;
    const laps = new LapTimer();
    const compiled = compileShard({
      plan: this.#plan,
      job: name,
      shard: job.programs.get(job.shardRows[0])!,
      variant: this.#setup.kernels.variant,
      observer: (runStep) => laps.groupOf(runStep),
    });
    // On a copy of the memory, so that the data of the workers does not change.
    const memory = allocateMemory(this.#plan);
    new Int32Array(memory.buffer).set(this.#ints);
    const shard = new Shard({ ...this.#setup, memory });
    const codes: LoadedCode[] = [];
    const program = await loadProgram(compiled, codes);
    try {
      shard.profile(program, job.trains, laps, PROFILE_WARM_UP_MS);
      laps.reset();
      return laps.times(shard.profile(program, job.trains, laps, PROFILE_MS));
    } finally {
      for (const code of codes) code.free();
    }
  }

  /** GFLOP/s of all workers at once, measured for some milliseconds. Null without machine code. */
  async peak(): Promise<number | null> {
    const { machineCode } = this.#plan.products;
    if (machineCode === null) return null;
    const started = performance.now();
    for (let run = 0; run < PEAK_RUNS; run++) await this.#pool.runStep(this.#jobs.size, 0);
    const milliseconds = performance.now() - started;
    return (PEAK_RUNS * this.#plan.workers * peakOperations(machineCode)) / milliseconds / 1e6;
  }

  async close(): Promise<void> {
    await this.#pool.close();
    for (const code of this.#codes.splice(0)) code.free();
  }

  #runStep({ index }: RunningJob, requested: number): Promise<void> | void {
    const packed = this.#stale ? stepFlags.pack : 0;
    this.#stale = false;
    return this.#pool.runStep(index, requested | packed);
  }

  /** Writes the inputs of a call to the memory of the workers. */
  #writeInputs(
    { job, program, rows, shardRows }: RunningJob,
    { ids, targets, dropoutKey = 0, reset, update }: Call,
  ): void {
    const { shard, shardBases, updateScalars } = this.#plan;
    if (reset)
      for (const { name } of statesOf(program))
        for (const part of this.#partsOf({ kind: 'state', job: job.name, name })) part.fill(0);
    const toTargets = (shard.targets - shard.ids) / 4;
    for (let row = 0; row < ids.length; row++) {
      const idAddress = rows.ids[row];
      this.#ints[idAddress] = ids[row];
      if (targets) this.#ints[idAddress + toTargets] = targets[row];
    }
    let first = 0;
    for (const [worker, count] of shardRows.entries()) {
      this.#ints.set([job.batch, first, dropoutKey], (shardBases[worker] + shard.dropout) / 4);
      first += count;
    }
    for (const [name, value] of Object.entries(update ?? {})) this.#floats[updateScalars.get(name)! / 4] = value;
  }

  /** @param index the index of the call in its run */
  #readResult({ trains, rows, outputs: reusedOutputs }: RunningJob, index: number, updates: boolean): CallResult {
    const sum = (offset: number): number => sumOverShards(this.#plan, this.#doubles, offset);
    const lossNats = sum(this.#plan.shard.loss);
    const gradientNorm = trains ? Math.sqrt(sum(this.#plan.shard.gradientSquareSum)) : NaN;
    const outputs = (reusedOutputs[index] ??= {});
    for (const [name, views] of Object.entries(rows.outputs)) {
      const [{ length: columns }] = views;
      const whole = (outputs[name] ??= new Float32Array(views.length * columns));
      for (const [row, view] of views.entries()) whole.set(view, row * columns);
    }
    const updated = updates && Number.isFinite(lossNats) && Number.isFinite(gradientNorm);
    return { lossNats, gradientNorm, updated, outputs };
  }

  /**
   * The pieces of a vector. A carried state (N, H) is divided among the workers, in the order of
   * its rows.
   */
  #partsOf(resident: ResidentVector): Float32Array[] {
    const part = (address: number, length: number): Float32Array =>
      this.#floats.subarray(address / 4, address / 4 + length);
    const { shardBases, shard, parameterCount } = this.#plan;
    if (resident.kind !== 'state') {
      const name = resident.kind === 'slot' ? resident.name : resident.kind;
      return [part(vectorAddress(this.#plan, name), parameterCount)];
    }
    const { shardRows, program } = this.#jobs.get(resident.job)!;
    const { columns } = statesOf(program).find((state) => state.name === resident.name)!;
    const offset = shard.states.get(stateKey(resident.job, resident.name))!;
    return shardRows.map((rows, worker) => part(shardBases[worker] + offset, rows * columns));
  }
}
