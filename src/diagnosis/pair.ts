// One workload on the device under test and on the reference device. Every call and every write
// goes to both. The largest difference, relative to its tolerance, is recorded.
import type { Call, CallResult, Device, Executable, ResidentVector, Workload } from '../devices/device.ts';
import { openReference } from '../devices/reference/reference.ts';

export interface ParityResult {
  /**
   * The relative difference that is largest compared with its tolerance. It is within the tolerance
   * if the device passes.
   */
  readonly worst: number;
  readonly tolerance: number;
  readonly where: string;
}

/**
 * One small workload on a device and on the reference. The device passes if `worst` is at most
 * `tolerance`.
 */
export interface ParityCheck {
  readonly name: string;
  run(device: Device): Promise<ParityResult>;
}

/** Maximum differences, relative to the largest element of a vector, or to the number itself. */
interface Tolerances {
  readonly loss: number;
  readonly norm: number;
  readonly outputs: number;
}

export const usualTolerances: Tolerances = { loss: 1e-5, norm: 1e-5, outputs: 2e-6 };

/** The gates of a single unit. */
const FEW = 4;

class Comparison {
  #finding: ParityResult | null = null;

  get finding(): ParityResult {
    if (!this.#finding) throw new Error('nothing was compared');
    return this.#finding;
  }

  /**
   * Compares vectors, relative to the largest element. @param minScale the minimum scale for vectors
   * of a few elements, which may all be small only because their terms cancel
   */
  vectors(where: string, got: Float32Array, expected: Float32Array, tolerance: number, minScale = 1): void {
    if (!this.exactly(`length of ${where}`, got.length, expected.length)) return;
    let scale = expected.length <= FEW ? minScale : 0;
    for (const x of expected) if (Number.isFinite(x)) scale = Math.max(scale, Math.abs(x));
    let [worst, at] = [-1, 0];
    for (const [i, x] of got.entries()) {
      const difference = distance(x, expected[i], scale || 1);
      if (difference > worst) [worst, at] = [difference, i];
    }
    if (worst >= 0)
      this.#add(
        worst,
        tolerance,
        got.length > 1 ? `${where}, element ${at} of ${got.length}` : where,
        got[at],
        expected[at],
      );
  }

  /**
   * Compares numbers. All numbers that are not finite are equal, because a device may reach
   * infinity in another way.
   */
  numbers(where: string, got: number, expected: number, tolerance: number): void {
    const isAnyFinite = Number.isFinite(got) || Number.isFinite(expected);
    const difference = isAnyFinite ? distance(got, expected, Math.abs(expected) || 1) : 0;
    this.#add(difference, tolerance, where, got, expected);
  }

  exactly(where: string, got: unknown, expected: unknown): boolean {
    const same = Object.is(got, expected);
    if (!same) this.#add(Infinity, 0, where, got, expected);
    return same;
  }

  #add(worst: number, tolerance: number, where: string, got: unknown, expected: unknown): void {
    const found = {
      worst,
      tolerance,
      where: worst === 0 ? where : `${where}: ${String(got)}, not ${String(expected)}`,
    };
    if (!this.#finding || badness(found) > badness(this.#finding)) this.#finding = found;
  }
}

function badness({ worst, tolerance }: ParityResult): number {
  return worst === 0 ? 0 : worst / tolerance;
}

/** The difference as a multiple of the scale. NaN and infinities equal only themselves. */
function distance(got: number, expected: number, scale: number): number {
  if (got === expected || (Number.isNaN(got) && Number.isNaN(expected))) return 0;
  return Number.isFinite(got) && Number.isFinite(expected) ? Math.abs(got - expected) / scale : Infinity;
}

export class Pair {
  readonly comparison = new Comparison();
  readonly #workload: Workload;
  readonly #tested: Executable;
  readonly #reference: Executable;

  private constructor(workload: Workload, tested: Executable, reference: Executable) {
    this.#workload = workload;
    this.#tested = tested;
    this.#reference = reference;
  }

  /** Runs a script on a device and on the reference. @returns the worst difference */
  static async compare(
    device: Device,
    workload: Workload,
    script: (pair: Pair) => Promise<void>,
  ): Promise<ParityResult> {
    const tested = await device.compile(workload);
    try {
      const pair = new Pair(workload, tested, await openReference().compile(workload));
      await script(pair);
      return pair.comparison.finding;
    } finally {
      await tested.close();
    }
  }

  async write(resident: ResidentVector, values: Float32Array): Promise<void> {
    await this.#tested.write(resident, values);
    await this.#reference.write(resident, values);
  }

  /** Runs the calls in one run, and compares all results. */
  async run(job: string, calls: readonly Call[], tolerances = usualTolerances): Promise<readonly CallResult[]> {
    const expected = await this.#reference.run(job, calls);
    const got = await this.#tested.run(job, calls);
    if (!this.comparison.exactly(`calls of ${job} that were run`, got.length, expected.length)) return expected;
    for (const [i, result] of got.entries())
      this.#result(
        `${job}${got.length > 1 ? `, call ${i + 1} of ${got.length}` : ''}`,
        result,
        expected[i],
        tolerances,
      );
    return expected;
  }

  /** The current value on the device under test. */
  read(resident: ResidentVector): Promise<Float32Array> {
    return this.#tested.read(resident);
  }

  async vector(where: string, resident: ResidentVector, tolerance: number): Promise<void> {
    this.comparison.vectors(where, await this.#tested.read(resident), await this.#reference.read(resident), tolerance);
  }

  /** Compares weights or gradients, each tensor relative to its own largest element. */
  async tensors(where: string, kind: 'parameters' | 'gradients', tolerance: number): Promise<void> {
    const [got, expected] = [await this.#tested.read({ kind }), await this.#reference.read({ kind })];
    const largest = expected.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
    if (!this.comparison.exactly(`length of ${where}`, got.length, expected.length)) return;
    let end = 0;
    for (const { name, rows, columns } of this.#workload.parameters) {
      const start = end;
      end += rows * columns;
      this.comparison.vectors(
        `${where} ${name}`,
        got.subarray(start, end),
        expected.subarray(start, end),
        tolerance,
        largest,
      );
    }
  }

  #result(where: string, got: CallResult, expected: CallResult, { loss, norm, outputs }: Tolerances): void {
    this.comparison.numbers(`loss of ${where}`, got.lossNats, expected.lossNats, loss);
    this.comparison.numbers(`gradient norm of ${where}`, got.gradientNorm, expected.gradientNorm, norm);
    this.comparison.exactly(`updated by ${where}`, got.updated, expected.updated);
    const names = Object.keys(expected.outputs);
    this.comparison.exactly(`outputs of ${where}`, Object.keys(got.outputs).toSorted().join(), names.toSorted().join());
    for (const name of names)
      this.comparison.vectors(
        `${name} of ${where}`,
        got.outputs[name] ?? new Float32Array(0),
        expected.outputs[name],
        outputs,
      );
  }
}
