// A network that advances by one token at a time, for one row or for several at once, each with a
// separate state. Knows programs and devices, but not text.
import type { Device, Executable, Job, PreparedCall } from '../devices/device.ts';
import type { ModelConfiguration } from '../model/configuration.ts';
import { stateShapes } from '../model/layer.ts';
import { networkProgram } from '../model/network.ts';
import { parameterShapes } from '../model/parameters.ts';

/** The carried states of a row, by name. */
export type RowStates = ReadonlyMap<string, Float32Array>;

/** Where texts start: the prediction after a prompt, and the carried states. */
export interface StartState {
  /** (V) */
  readonly logits: Float32Array;
  readonly states: RowStates;
}

/** Rows that advance together. */
export interface NetworkRows {
  readonly width: number;
  /** (N) of the next step. Arbitrary for rows that are not in use. */
  readonly ids: Int32Array;
  /** N of (V), after each step. */
  readonly logits: readonly Float32Array[];
  advance(): Promise<void> | void;
  /**
   * Replaces the carried states of some rows.
   *
   * @param changes by the index of the row. Null is the zero state
   */
  setStates(changes: ReadonlyMap<number, RowStates | null>): Promise<void>;
  /** A copy of the carried states of each row. */
  allStates(): Promise<readonly RowStates[]>;
}

/** Steps after which other work gets the thread. */
const STEPS_AT_ONCE = 64;

export class Network {
  readonly #executable: Executable;
  readonly #vocabulary: number;
  /** Names of the carried states. */
  readonly #states: readonly string[];
  /** The numbers of rows that can advance together, ascending. The first is 1. */
  readonly widths: readonly number[];
  readonly #rows = new Map<number, NetworkRows>();

  private constructor(model: ModelConfiguration, executable: Executable, widths: readonly number[]) {
    this.#executable = executable;
    this.#vocabulary = model.vocabulary;
    this.#states = stateShapes(model).map(({ name }) => name);
    this.widths = widths;
  }

  /** @param numbers the numbers of rows that can advance together, in addition to 1 */
  static async open(model: ModelConfiguration, device: Device, ...numbers: readonly number[]): Promise<Network> {
    const parameters = parameterShapes(model);
    const widths = [...new Set([1, ...numbers])].toSorted((a, b) => a - b);
    const jobs = widths.map((width): Job => ({
      name: jobOf(width),
      steps: 1,
      batch: width,
      build: (rows) => networkProgram(model, { steps: 1, rows }, { outputs: 'logits' }),
    }));
    return new Network(model, await device.compile({ parameters, jobs, update: null, interactive: true }), widths);
  }

  async load(parameters: Float32Array): Promise<void> {
    await this.#executable.write({ kind: 'parameters' }, parameters);
  }

  async close(): Promise<void> {
    await this.#executable.close();
  }

  /**
   * Reads at least one token from a zero state.
   *
   * @param yieldThread a function that is awaited from time to time, so that the thread is not
   * blocked for long
   */
  async read(ids: Int32Array, yieldThread: () => Promise<unknown>): Promise<StartState> {
    const single = this.rowsOf(1);
    const [id, states] = [single.ids[0], (await single.allStates())[0]]; // a batch may use the row
    await single.setStates(new Map([[0, null]]));
    for (const [at, each] of ids.entries()) {
      if (at > 0 && at % STEPS_AT_ONCE === 0) await yieldThread();
      single.ids[0] = each;
      await single.advance();
    }
    const start = { logits: single.logits[0].slice(), states: (await single.allStates())[0] };
    single.ids[0] = id;
    await single.setStates(new Map([[0, states]]));
    return start;
  }

  /** @param width one of `widths` */
  rowsOf(width: number): NetworkRows {
    const existing = this.#rows.get(width);
    if (existing !== undefined) return existing;
    const { ids, outputs, run } =
      this.#executable.preparedCall?.(jobOf(width)) ?? preparedCallOf(this.#executable, width, this.#vocabulary);
    const rows = { width, ids, logits: outputs['logits'], advance: run, ...this.#statesOf(width) };
    this.#rows.set(width, rows);
    return rows;
  }

  #statesOf(width: number): Pick<NetworkRows, 'setStates' | 'allStates'> {
    const vectors = this.#states.map((name) => ({ kind: 'state', job: jobOf(width), name }) as const);
    const allStates = async (): Promise<readonly RowStates[]> => {
      const rows = Array.from({ length: width }, () => new Map<string, Float32Array>());
      for (const vector of vectors) {
        const all = await this.#executable.read(vector);
        const size = all.length / width;
        for (const [row, states] of rows.entries()) states.set(vector.name, all.slice(row * size, (row + 1) * size));
      }
      return rows;
    };
    return {
      setStates: async (changes) => {
        for (const vector of vectors) {
          const all = await this.#executable.read(vector);
          const size = all.length / width;
          for (const [row, states] of changes) {
            if (states === null) all.fill(0, row * size, (row + 1) * size);
            else all.set(states.get(vector.name)!, row * size);
          }
          await this.#executable.write(vector, all);
        }
      },
      allStates,
    };
  }
}

function jobOf(width: number): string {
  return `sample ${width}`;
}

/** A prepared call for devices without one. */
function preparedCallOf(executable: Executable, width: number, vocabulary: number): PreparedCall {
  const ids = new Int32Array(width);
  const logits = Array.from({ length: width }, () => new Float32Array(vocabulary));
  return {
    ids,
    outputs: { logits },
    async run() {
      const [{ outputs }] = await executable.run(jobOf(width), [{ ids }]);
      for (const [row, values] of logits.entries())
        values.set(outputs['logits'].subarray(row * vocabulary, (row + 1) * vocabulary));
    },
  };
}
