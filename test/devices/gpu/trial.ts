// A small network with three jobs, the same calls of them in every trial, and their results on a
// device.
import { onTestFinished } from 'vitest';
import type { Call, CallResult, Device, Executable, ResidentVector, Workload } from '../../../src/devices/device.ts';
import { cellNamed } from '../../../src/model/cells/registry.ts';
import type { ModelConfiguration } from '../../../src/model/configuration.ts';
import { networkProgram, trainingProgram } from '../../../src/model/network.ts';
import { initialParameters, parameterShapes } from '../../../src/model/parameters.ts';
import { Random } from '../../../src/random.ts';
import { type Optimizer, createOptimizer } from '../../../src/training/optimizers.ts';

const [N, V] = [3, 7];

export interface Outcome {
  readonly results: readonly CallResult[];
  /** The parameters and states of the executable at the end. */
  readonly held: ReadonlyMap<string, Float32Array>;
}

interface Options {
  readonly cell?: string;
  readonly optimizer?: Optimizer['name'];
  /** T */
  readonly steps?: number;
  readonly dropout?: number;
  /** H */
  readonly hidden?: number;
}

export class Trial {
  /** The limit of the gradient norm, where the optimizer is adam. Some steps are clipped. */
  static readonly clipNorm = 0.3;
  readonly workload: Workload;
  readonly batch = N;
  readonly vocabulary = V;
  readonly #model: ModelConfiguration;
  /** The names of the states. */
  readonly states: readonly string[];
  readonly #optimizer: Optimizer;
  readonly #steps: number;
  readonly #random = new Random(17);
  #step = 0;

  constructor({ cell = 'lstm', optimizer = 'adam', steps: T = 4, dropout = 0.2, hidden = 5 }: Options = {}) {
    const model = {
      cell,
      layers: 1,
      hidden,
      embedding: 0,
      vocabulary: V,
      forgetBias: 1,
      initialisation: 'uniform',
      dropout,
      conventions: {},
    } as const;
    this.#model = model;
    this.#steps = T;
    this.#optimizer = createOptimizer({
      optimizer,
      clipNorm: optimizer === 'adam' ? Trial.clipNorm : 0,
      momentum: 0.5,
    });
    this.states = cellNamed(cell).states.map((name) => `layer0.${name}`);
    this.workload = {
      parameters: parameterShapes(model),
      jobs: [
        { name: 'train', steps: T, batch: N, build: (rows) => trainingProgram(model, { steps: T, rows }, 1 / (T * N)) },
        {
          name: 'evaluate',
          steps: T,
          batch: N,
          build: (rows) => networkProgram(model, { steps: T, rows }, { loss: true }),
        },
        {
          name: 'sample',
          steps: 1,
          batch: N,
          build: (rows) => networkProgram(model, { steps: 1, rows }, { outputs: 'logits' }),
        },
      ],
      update: this.#optimizer.rule,
    };
  }

  /** The initial weights. */
  parameters(): Float32Array {
    return initialParameters(this.#model, new Random(5));
  }

  /** The executable holds the initial weights. */
  async compiledOn(device: Device): Promise<Executable> {
    const executable = await device.compile(this.workload);
    onTestFinished(() => executable.close());
    await executable.write({ kind: 'parameters' }, this.parameters());
    return executable;
  }

  /** All vectors of an executable. */
  async read(executable: Executable): Promise<ReadonlyMap<string, Float32Array>> {
    const { update, jobs } = this.workload;
    const residents: readonly ResidentVector[] = [
      { kind: 'parameters' },
      { kind: 'gradients' },
      ...update!.slots.map((name) => ({ kind: 'slot', name }) as const),
      ...jobs.flatMap(({ name: job }) => this.states.map((name) => ({ kind: 'state', job, name }) as const)),
    ];
    const read = new Map<string, Float32Array>();
    for (const resident of residents) read.set(Object.values(resident).join(' '), await executable.read(resident));
    return read;
  }

  /** Each tensor of the weights: its name, the index of its first element, and its columns. */
  tensors(): (readonly [string, number, number])[] {
    let end = 0;
    return this.workload.parameters.map(({ name, rows, columns }) => {
      end += rows * columns;
      return [name, end - rows * columns, columns];
    });
  }

  everyToken(): Int32Array {
    return Int32Array.from({ length: this.#steps * N }, (_, i) => i % V);
  }

  /** The next steps of training. Every fifth starts from a zero state. */
  training(count: number): Call[] {
    return Array.from({ length: count }, () => {
      const step = ++this.#step;
      return {
        ids: this.#symbols(this.#steps * N),
        targets: this.#symbols(this.#steps * N),
        dropoutKey: this.#random.uint32(),
        reset: step % 5 === 0,
        update: this.#optimizer.scalars(step, 0.02),
      };
    });
  }

  evaluation(count: number): Call[] {
    return Array.from({ length: count }, () => ({
      ids: this.#symbols(this.#steps * N),
      targets: this.#symbols(this.#steps * N),
    }));
  }

  sampling(count: number): Call[] {
    return Array.from({ length: count }, () => ({ ids: this.#symbols(N) }));
  }

  #symbols(count: number): Int32Array {
    return Int32Array.from({ length: count }, () => this.#random.uint32() % V);
  }
}
