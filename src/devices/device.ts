// The contract between programs and devices. A device knows operations, but not cells. It gets
// everything that it will be asked to run at compilation, may take many calls at a time, and
// returns results when all of them are done. This suits a device with separate memory, and also a
// device that works on shared memory step by step.
import type { ParameterShape, Program } from '../program/value.ts';

/**
 * One program of a network, for a batch that the device may split, because the rows of a batch
 * never depend on each other.
 */
export interface Job {
  readonly name: string;
  /** T, the time steps of a call. */
  readonly steps: number;
  /** N, the rows of the whole batch. */
  readonly batch: number;
  /**
   * An earlier job of the list with the same batch, whose carried state this job reads and writes,
   * as if both were one job of varying length. Without it, the job has its own state.
   */
  readonly sharesStateWith?: string;
  /**
   * The program for some of the rows. Sums over all parts (losses, gradients) are the sums of the
   * whole batch.
   */
  build(rows: number): Program;
}

/**
 * How weights change: an elementwise program on vectors (1, P) of all weights and gradients,
 * written like a cell. Its inputs are `parameters`, `gradients`, each of `slots`, `scalars` (1, 1)
 * of each call, and `gradientScale`. The device computes `gradientScale` as min(1, clipNorm /
 * ‖gradients‖), or 1 without clipping (Pascanu, Mikolov and Bengio, 2013). The outputs are
 * `parameters` and the slots.
 */
export interface UpdateRule {
  readonly slots: readonly string[];
  readonly scalars: readonly string[];
  /** 0 for no clipping. */
  readonly clipNorm: number;
  build(parameters: number): Program;
}

/** Everything that one executable will run: programs that share their weights. */
export interface Workload {
  readonly parameters: readonly ParameterShape[];
  readonly jobs: readonly Job[];
  readonly update: UpdateRule | null;
  /**
   * Calls are short and each waits for the previous one, as in sampling. Latency matters, and the
   * calling thread may compute. The device must be batch-invariant: a text that is sampled together
   * with others is the same as if it were sampled alone.
   */
  readonly interactive?: boolean;
}

/** One run of a job's program. Integers are (T·N), time first, for the whole batch. */
export interface Call {
  readonly ids: Int32Array;
  readonly targets?: Int32Array;
  /** The key from which dropout masks are computed: another key gives other masks. Default 0. */
  readonly dropoutKey?: number;
  /** Zeroes the carried state before this call. */
  readonly reset?: boolean;
  /**
   * Applies the update rule with these scalars if loss and gradients are finite. A device may also
   * refuse an update that makes a weight infinite.
   */
  readonly update?: Readonly<Record<string, number>>;
}

/** The results of one call. */
export interface CallResult {
  /** Sum over rows in nats, before any scale. */
  readonly lossNats: number;
  /** Global norm before clipping, or NaN if the program has no gradients. */
  readonly gradientNorm: number;
  /**
   * False if the call has no update, or if the device refused it because loss or gradients were not
   * finite.
   */
  readonly updated: boolean;
  /**
   * The program's outputs, row by row. Valid until the next calls of the job, which may reuse the
   * arrays.
   */
  readonly outputs: Readonly<Record<string, Float32Array>>;
  /** An event that the user should know about, in one line. */
  readonly note?: string;
}

/**
 * A call of a job that is repeated without allocating anything, as sampling does a million times.
 * It does not reset states or update weights. It is for programs without targets and without
 * dropout.
 */
export interface PreparedCall {
  /** Token ids (T·N) of the next call, written by the caller before it. */
  readonly ids: Int32Array;
  /** The program's outputs, a vector for each of (T·N) rows. Every call overwrites them. */
  readonly outputs: Readonly<Record<string, readonly Float32Array[]>>;
  /** Makes the call. Returns a promise only if the call has not ended when it returns. */
  readonly run: () => Promise<void> | void;
}

/** A named vector that lives on the device between calls. */
export type ResidentVector =
  | { readonly kind: 'parameters' }
  | { readonly kind: 'gradients' }
  | { readonly kind: 'slot'; readonly name: string }
  /** (N, H) of the whole batch. */
  | { readonly kind: 'state'; readonly job: string; readonly name: string };

/**
 * The cost of one call of a job on a device that works in dispatches. A dispatch is one start of a
 * kernel on whole matrices.
 */
export interface CallCost {
  readonly dispatches: number;
  /** The number of distinct kernels that are compiled. */
  readonly kernels: number;
  /** Multiply-adds of the matrix products. */
  readonly multiplyAdds: number;
  /** Bytes that all dispatches read and write. Each operand counts once per dispatch. */
  readonly bytes: number;
  /** Bytes from the host to the device, and back. */
  readonly bytesUp: number;
  readonly bytesBack: number;
}

/**
 * The time of one dispatch of a kernel when nothing else runs, or of one operation of a kind and
 * shape.
 */
export interface OperationTime {
  /** The name of the operation. */
  readonly kind: string;
  /** The shape of the result. */
  readonly shape: { readonly rows: number; readonly columns: number; readonly planes: number };
  /** How many there are in a call. */
  readonly count: number;
  /** The time of one, including its start. */
  readonly microseconds: number;
  /** Multiply-adds of the matrix products of one. */
  readonly multiplyAdds: number;
}

/**
 * The data that a failed run of calls left intact. `everything`: weights, optimizer slots and the
 * carried state of training. `weights`: weights and slots. `nothing`: none of them.
 */
export type IntactData = 'everything' | 'weights' | 'nothing';

/**
 * A workload that is compiled for a device, with its weights, optimizer slots and carried states.
 * Calls of one executable run one after another.
 */
export interface Executable {
  /** One line for the user: the hardware, and the number of threads that are actually used. */
  readonly description: string;
  /** Bytes of memory that this executable holds. */
  readonly memoryBytes: number;
  /**
   * The number of calls per run that is fastest for a job. It may change as the device learns how
   * long calls take. Every number gives the same results.
   */
  callsPerRun(job: string): number;
  /**
   * Runs the calls one after another. Either all calls have `update`, or none has. If an update is
   * refused, the later calls are not run: there are fewer results than calls, and the last result has
   * `updated: false`.
   */
  run(job: string, calls: readonly Call[]): Promise<readonly CallResult[]>;
  /** Omitted by devices whose calls must allocate memory. */
  preparedCall?(job: string): PreparedCall;
  /** Omitted by devices without passes. */
  cost?(job: string): CallCost;
  /**
   * Measures how the time of a call is divided among kernels or operations, longest first. The data
   * on the device does not change.
   */
  profile?(job: string): Promise<readonly OperationTime[]>;
  /**
   * The peak of the processor: GFLOP/s of independent multiplications and additions on all threads
   * at once. Null if unknown.
   */
  peak?(): Promise<number | null>;
  /**
   * A copy of a vector. To save memory, a device may write it to `into`, which must have the same
   * length. Gradients come from the last call.
   */
  read(resident: ResidentVector, into?: Float32Array): Promise<Float32Array>;
  /** Replaces a vector by values of the same length. */
  write(resident: ResidentVector, values: Float32Array): Promise<void>;
  /** For use after `run` has thrown. Omitted by devices that keep everything. */
  intact?(): IntactData;
  /**
   * Never fails, so that it does not hide an earlier error. Memory that cannot be freed is released
   * when the process ends.
   */
  close(): Promise<void>;
}

/** A device that is open, which compiles workloads. */
export interface Device {
  readonly name: string;
  /** One line for the user: the device, its kernels and the number of threads. */
  readonly description: string;
  /** One line: why this device was chosen automatically. */
  readonly reason?: string;
  /** The bytes that `compile` would allocate. Cheap to compute. */
  estimate(workload: Workload): Promise<number>;
  /**
   * Allocates the memory of a workload and prepares its programs. The caller then writes the weights.
   *
   * @throws RnnError `usage` if the memory is too small for the workload
   */
  compile(workload: Workload): Promise<Executable>;
  /** Never fails. */
  close(): Promise<void>;
}
