// The contract between programs and what runs them. A device knows operations and never cells. It
// is handed everything it will be asked to run at once, may take many calls at a time and gives
// results when they are all done: so a device that traces K steps into one plan fits it, as does
// one that works on shared memory step by step.
import type { ParameterShape, Program } from '../program/value.ts';

/**
 * One program of a network, for a batch that the device may split: rows of the batch never depend
 * on each other.
 */
export interface Job {
  readonly name: string;
  /** T, time steps of a call. */
  readonly steps: number;
  /** N, rows of the whole batch. */
  readonly batch: number;
  /**
   * An earlier job of the list, of the same batch, whose carried state it takes and leaves: as if
   * both were one job of changing length. It has a state of its own if left out.
   */
  readonly stateOf?: string;
  /**
   * The program for some of the rows. Sums over the parts (losses, gradients) are those of the
   * whole.
   */
  build(rows: number): Program;
}

/**
 * How weights change: an elementwise program on vectors (1, P) of all weights and gradients,
 * written like a cell. Its inputs are `parameters`, `gradients`, each of `slots`, and `scalars` (1,
 * 1) that each call brings, besides `gradientScale`, which the device gives: min(1, clipNorm /
 * ‖gradients‖), or 1 without clipping (Pascanu, Mikolov and Bengio, 2013). Its outputs are
 * `parameters` and the slots.
 */
export interface UpdateRule {
  readonly slots: readonly string[];
  readonly scalars: readonly string[];
  /** 0 for no clipping. */
  readonly clipNorm: number;
  build(parameters: number): Program;
}

/** All that one executable will run: programs over the same weights. */
export interface Workload {
  readonly parameters: readonly ParameterShape[];
  readonly jobs: readonly Job[];
  readonly update: UpdateRule | null;
  /**
   * Calls are short and each waits for the last, as in sampling: what counts is the time until an
   * answer, and the calling thread may compute. A row gives the same bits however many rows there
   * are: a text that is drawn with others is the text that it would be alone.
   */
  readonly interactive?: boolean;
}

/** One run of a job's program. Integers are (T·N) time first, for the whole batch. */
export interface Call {
  readonly ids: Int32Array;
  readonly targets?: Int32Array;
  /** What dropout masks follow from: another number, other masks. 0 if left out. */
  readonly dropoutKey?: number;
  /** Zero the carried state before this call. */
  readonly reset?: boolean;
  /**
   * Apply the update rule with these scalars, if loss and gradients are finite. A device may refuse
   * one that makes a weight infinite, too.
   */
  readonly update?: Readonly<Record<string, number>>;
}

export interface CallResult {
  /** Sum over rows in nats, before any scale. */
  readonly lossNats: number;
  /** Global norm before clipping; NaN if the program has no gradients. */
  readonly gradientNorm: number;
  /** False if an update was asked for and left out because loss or gradients were not finite. */
  readonly updated: boolean;
  /** The program's outputs, row by row. Valid until the job's next calls, which may reuse them. */
  readonly outputs: Readonly<Record<string, Float32Array>>;
  /** What happened meanwhile that the user should know, in one line. */
  readonly note?: string;
}

/**
 * A call of a job that is made again and again without allocating anything for it, as sampling does
 * a million times. It zeroes no state and updates nothing, and is for programs without targets and
 * without dropout.
 */
export interface StandingCall {
  /** (T·N) of the next call, written by the caller before it. */
  readonly ids: Int32Array;
  /**
   * The program's outputs, a vector for each of (T·N) rows. Every call makes them anew in their
   * place.
   */
  readonly outputs: Readonly<Record<string, readonly Float32Array[]>>;
  /** Makes the call; gives a promise only where it is not made by then. */
  readonly run: () => Promise<void> | void;
}

/** A named vector that lives on the device between calls. */
export type Resident =
  | { readonly kind: 'parameters' }
  | { readonly kind: 'gradients' }
  | { readonly kind: 'slot'; readonly name: string }
  /** (N, H) of the whole batch. */
  | { readonly kind: 'state'; readonly job: string; readonly name: string };

/**
 * What one call of a job costs on a device that works in passes, each a kernel started over a whole
 * matrix.
 */
export interface Cost {
  readonly passes: number;
  /** Distinct kernels that are compiled. */
  readonly kernels: number;
  /** Multiply-adds of the products. */
  readonly multiplyAdds: number;
  /** Bytes that all passes read and write, each operand counted once a pass. */
  readonly bytes: number;
}

/**
 * The passes of one kernel, or the operations of one kind and shape, and how long one takes by
 * itself.
 */
export interface PassTime {
  /** What it does, in a word. */
  readonly kind: string;
  /** Of what it makes. */
  readonly shape: { readonly rows: number; readonly columns: number; readonly planes: number };
  /** How many a call has. */
  readonly passes: number;
  /** Of one pass, what starting it takes included. */
  readonly microseconds: number;
  /** Of the products of one pass. */
  readonly multiplyAdds: number;
}

/**
 * What a run of calls that failed has left as it was before it: weights, slots and carried state,
 * or all but the state, or nothing.
 */
export type Intact = 'everything' | 'weights' | 'nothing';

export interface Executable {
  /** One line for the user: what it runs on, with as many threads as it really uses. */
  readonly description: string;
  /** Bytes of memory that this executable holds. */
  readonly memoryBytes: number;
  /**
   * How many calls at a time run best for a job; it may change as the device learns how long they
   * take. Any number gives the same results.
   */
  callsPerRun(job: string): number;
  /**
   * Runs the calls one after another, of which all update or none. A call whose update was refused is the last that is run: then
   * there are fewer results than calls, and the last of them has `updated: false`.
   */
  run(job: string, calls: readonly Call[]): Promise<readonly CallResult[]>;
  /** Devices whose calls cannot do without allocating leave it out. */
  standingCall?(job: string): StandingCall;
  /** Devices without passes leave it out. */
  cost?(job: string): Cost;
  /**
   * Measures where the time of a call goes, kernel by kernel or operation by operation: most first.
   * What the device holds stays as it is.
   */
  profile?(job: string): Promise<readonly PassTime[]>;
  /**
   * GFLOP/s of multiplications and additions that wait for nothing, on all threads at once: the most
   * that the processor can do. Null where it is not known.
   */
  peak?(): Promise<number | null>;
  /**
   * A copy of a vector, which a device may put into `into`, of the same length, to spare memory.
   * Gradients are those of the last call.
   */
  read(resident: Resident, into?: Float32Array): Promise<Float32Array>;
  write(resident: Resident, values: Float32Array): Promise<void>;
  /** After `run` has thrown. Devices that keep everything leave it out. */
  intact?(): Intact;
  /**
   * Never fails, so that it hides no error before it: what cannot be freed goes with the process.
   */
  close(): Promise<void>;
}

export interface Device {
  readonly name: string;
  /** One line for the user: what it is, which kernels, how many threads. */
  readonly description: string;
  /** One line: why this device, where the choice was left to the program. */
  readonly reason?: string;
  /** Bytes that `compile` would take, at little cost. */
  estimate(workload: Workload): Promise<number>;
  compile(workload: Workload): Promise<Executable>;
  /** Never fails. */
  close(): Promise<void>;
}
