// The work of one worker in a step. It runs its shard of the batch through the whole program
// without a barrier, and then its range of the sum of gradients, of the update and of the packing
// of weights. It runs in a worker thread, or on the calling thread.
import { bindSgemm, sgemmIn } from './accelerate.ts';
import { type KernelModule, type KernelFunctions, instantiateKernels } from './kernels.ts';
import { type MemoryMap, type PackedWeight, controlWord, controlOf } from './plan.ts';
import { weightRangeOf, updateVectors, vectorAddress } from './ranges.ts';
import { packWeight, panelCount } from './panels.ts';
import { addressOf } from './foreign.ts';
import { type LoadedFunctions, functionAt } from './machine/code.ts';
import type { LapTimer } from './profile.ts';

/** All that a worker needs, as plain data that can be posted to a thread. */
export interface ShardSetup {
  readonly worker: number;
  readonly map: MemoryMap;
  readonly kernels: KernelModule;
  /** Whether programs call the matrix product of a library. */
  readonly usesSgemm: boolean;
  readonly memory: WebAssembly.Memory;
  /** In the order of the jobs. */
  readonly jobs: readonly {
    /** Null if the worker does not have rows. */ readonly program: LoadedProgram | null;
    readonly trains: boolean;
  }[];
  readonly update: ShardUpdate | null;
}

/** The program for a worker's rows. */
export interface LoadedProgram {
  /** Exports `run(base)`. */
  readonly module: WebAssembly.Module;
  /** The machine code that the module calls. */
  readonly machine: LoadedFunctions | null;
}

export interface ShardUpdate {
  readonly clipNorm: number;
  /**
   * A module that exports `update(1, count, pointer…)`, or machine code with a function for each
   * worker.
   */
  readonly code: WebAssembly.Module | LoadedFunctions;
}

/** Work in addition to the job's program: bits of `controlWord.flags`. */
export const stepFlags = { update: 1, pack: 2 } as const;

/** The sum of the float64 numbers that the workers have stored at an offset of their regions. */
export function sumOverShards({ shardBases }: MemoryMap, doubles: Float64Array, offset: number): number {
  return shardBases.reduce((total, base) => total + doubles[(base + offset) / 8], 0);
}

type Run = (base: number) => void;

const SPINS = 2000;

export class Shard {
  readonly #setup: ShardSetup;
  readonly #map: MemoryMap;
  /** The byte address of the worker's region. */
  readonly #base: number;
  readonly #kernels: KernelFunctions;
  readonly #imports: WebAssembly.Imports;
  readonly #control: Int32Array;
  readonly #doubles: Float64Array;
  readonly #floats: Float32Array;
  readonly #runs: readonly (Run | null)[];
  readonly #update: (() => void) | null;
  readonly #first: number;
  readonly #count: number;

  constructor(setup: ShardSetup) {
    const { map, worker, memory } = setup;
    const { shardBases } = map;
    this.#setup = setup;
    this.#map = map;
    this.#base = shardBases[worker];
    ({ first: this.#first, count: this.#count } = weightRangeOf(map, worker));
    this.#kernels = instantiateKernels(setup.kernels.module, memory);
    this.#imports = {
      env: { memory },
      kernels: { ...this.#kernels, ...(setup.usesSgemm && { sgemm: sgemmIn(memory, bindSgemm()) }) },
    };
    this.#control = controlOf(memory);
    this.#doubles = new Float64Array(memory.buffer);
    this.#floats = new Float32Array(memory.buffer);
    this.#runs = setup.jobs.map(({ program }) => program && (this.#instantiate(program)['run'] as Run));
    this.#update = setup.update && this.#updateOf(setup.update);
  }

  runStep(job: number, requested: number): void {
    if (requested & stepFlags.pack) {
      this.#pack();
      this.#meet();
    }
    const run = this.#runs[job];
    if (run) run(this.#base);
    else this.#addNothing(job);
    if (!this.#setup.jobs[job].trains) return;
    this.#meet();
    this.#reduce();
    this.#meet();
    if (requested & stepFlags.update && this.#applyUpdate()) {
      this.#meet();
      this.#pack();
    }
  }

  /** Packs all weights. No other worker may compute meanwhile. */
  packAll(): void {
    for (const each of this.#map.panels) this.#packPanels(each, 0, panelCount(each));
  }

  /**
   * Repeats this worker's part of a step while the other workers wait. `program` calls `lap` after
   * each operation. Returns the number of steps.
   */
  profile(program: LoadedProgram, trains: boolean, laps: LapTimer, milliseconds: number): number {
    const run = this.#instantiate(program, { lap: laps.lap })['run'] as Run;
    const [reduce, update, pack] = ['sum of gradients', 'update', 'packing of weights'].map((kind) =>
      laps.groupIndex(kind, 1, this.#count),
    );
    let steps = 0;
    for (const from = performance.now(); performance.now() - from < milliseconds; steps++) {
      laps.start();
      run(this.#base);
      if (!trains) continue;
      this.#reduce();
      laps.lap(reduce);
      this.#applyUpdate();
      laps.lap(update);
      this.#pack();
      laps.lap(pack);
    }
    return steps;
  }

  /** Stores the results of a worker without rows: a loss of 0 and gradients of zeros. */
  #addNothing(job: number): void {
    const { shard, parameterCount } = this.#map;
    this.#doubles[(this.#base + shard.loss) / 8] = 0;
    if (this.#setup.jobs[job].trains) this.#kernels.zero(this.#base + shard.gradients, 4 * parameterCount);
  }

  /**
   * Sums its range of all workers' gradients into the gradients of the first worker, and computes
   * the sum of squares of the range.
   */
  #reduce(): void {
    const { workers, shard, shardBases } = this.#map;
    const from = vectorAddress(this.#map, 'gradients') + 4 * this.#first;
    if (workers > 1) this.#kernels.reduceShards(from, (shardBases[1] - shardBases[0]) / 4, workers, this.#count, from);
    this.#doubles[(this.#base + shard.gradientSquareSum) / 8] = this.#kernels.sumOfSquares(from, this.#count);
  }

  /**
   * Updates its range of the weights. Returns false without an update if loss or gradients are not
   * finite.
   */
  #applyUpdate(): boolean {
    const { shard } = this.#map;
    const { update } = this.#setup;
    const norm = Math.sqrt(sumOverShards(this.#map, this.#doubles, shard.gradientSquareSum));
    if (!update || !Number.isFinite(norm) || !Number.isFinite(sumOverShards(this.#map, this.#doubles, shard.loss)))
      return false;
    const gradientScale = this.#base + shard.gradientScale;
    this.#floats[gradientScale / 4] = update.clipNorm > 0 && norm > update.clipNorm ? update.clipNorm / norm : 1;
    Atomics.store(this.#control, controlWord.updating, 1);
    this.#update!();
    return true;
  }

  /** Packs its range of the panels of each weight. */
  #pack(): void {
    const { workers, panels } = this.#map;
    const { worker } = this.#setup;
    for (const each of panels) {
      const count = panelCount(each);
      this.#packPanels(each, Math.floor((count * worker) / workers), Math.floor((count * (worker + 1)) / workers));
    }
  }

  #packPanels(weight: PackedWeight, from: number, to: number): void {
    const { source, sourceColumns, address } = weight;
    packWeight<number>(
      weight,
      [source, sourceColumns],
      address,
      { from, to },
      (start, bytes) => start + bytes,
      (kernel, ...operands) => void this.#kernels[kernel](...operands),
    );
  }

  /** A barrier: waits until all workers have reached it. */
  #meet(): void {
    const { workers } = this.#map;
    if (workers === 1) return;
    const shared = this.#control;
    const generation = Atomics.load(shared, controlWord.barrierGeneration);
    if (Atomics.add(shared, controlWord.barrierArrivals, 1) === workers - 1) {
      Atomics.store(shared, controlWord.barrierArrivals, 0);
      Atomics.add(shared, controlWord.barrierGeneration, 1);
      Atomics.notify(shared, controlWord.barrierGeneration);
      return;
    }
    for (let spin = 0; spin < SPINS; spin++)
      if (Atomics.load(shared, controlWord.barrierGeneration) !== generation) return;
    while (Atomics.load(shared, controlWord.barrierGeneration) === generation)
      Atomics.wait(shared, controlWord.barrierGeneration, generation);
  }

  /** A function that updates the worker's range of the weights. */
  #updateOf({ code }: ShardUpdate): () => void {
    if ('functions' in code) {
      const call = this.#callerOf(code);
      return () => call(this.#setup.worker, this.#base);
    }
    const update = this.#instantiate({ module: code, machine: null })['update'] as (...operands: number[]) => void;
    const vectors = updateVectors(this.#map).map((address) => address + 4 * this.#first);
    const pointers = [...vectors, this.#base + this.#map.shard.gradientScale, ...this.#map.updateScalars.values()];
    return () => update(1, this.#count, ...pointers);
  }

  #instantiate(
    { module, machine }: LoadedProgram,
    more: Readonly<Record<string, (...values: number[]) => void>> = {},
  ): Record<string, WebAssembly.ExportValue> {
    const kernels = { ...this.#imports.kernels, ...(machine && { machine: this.#callerOf(machine) }), ...more };
    return new WebAssembly.Instance(module, { ...this.#imports, kernels }).exports;
  }

  /**
   * A function that calls machine code: (the number of a function, the byte address of the worker's
   * region).
   */
  #callerOf({ address, functions }: LoadedFunctions): (index: number, region: number) => void {
    const memory = addressOf(this.#setup.memory);
    const bound = functions.map((at) => functionAt(address + at, 2));
    return (index, region) => bound[index](memory, memory + (region >>> 0));
  }
}
