// A network with its own data, for checks of devices: programs, weights and calls that follow from
// one seed.
import type { Call, Job } from '../devices/device.ts';
import type { Architecture, ModelConfiguration } from '../model/configuration.ts';
import { stateShapes } from '../model/layer.ts';
import { networkProgram, trainingProgram } from '../model/network.ts';
import { initialParameters, parameterShapes } from '../model/parameters.ts';
import { type Regularisation, noRegularisation } from '../model/regularisation.ts';
import { Random } from '../random.ts';
import type { Optimizer } from '../training/optimizers.ts';
import { Pair, type ParityCheck } from './pair.ts';

/** Maximum difference, relative to the largest number. */
export const tolerances = { gradients: 2e-6, states: 1e-6, slots: 1e-3, weights: 1e-3 };

export interface NetworkSize {
  readonly layers: number;
  readonly T: number;
  readonly N: number;
  readonly H: number;
  readonly V: number;
  readonly embedding?: number;
  readonly dropout?: number;
  readonly architecture?: Architecture;
  readonly regularisation?: Partial<Regularisation>;
}

export const smallSize: NetworkSize = { layers: 2, T: 4, N: 9, H: 12, V: 9 };

export const plainModel = {
  embedding: 0,
  forgetBias: 1,
  initialisation: 'uniform',
  dropout: 0,
  conventions: {},
} as const satisfies Partial<ModelConfiguration>;

/** A network whose jobs differ in batch and time steps, with data from one seed. */
export class NetworkTest {
  readonly model: ModelConfiguration;
  readonly size: NetworkSize;
  readonly random = new Random(11);

  constructor(cell: string, size: NetworkSize) {
    const { layers, H, V, embedding = 0, dropout = 0, architecture = {} } = size;
    this.size = size;
    this.model = { ...plainModel, cell, layers, hidden: H, embedding, vocabulary: V, dropout, ...architecture };
  }

  /** @param counted the number of time steps by which the loss is divided */
  training(steps: number, counted = steps): Job {
    const { N, dropout = 0 } = this.size;
    const regularisation = { ...noRegularisation, dropout, ...this.size.regularisation };
    return {
      name: 'train',
      steps,
      batch: N,
      build: (rows) => trainingProgram(this.model, { steps, rows }, 1 / (N * counted), regularisation),
    };
  }

  jobs(): readonly Job[] {
    const { T, N } = this.size;
    return [
      this.training(T),
      {
        name: 'evaluate',
        steps: T + 1,
        batch: N + 1,
        build: (rows) => networkProgram(this.model, { steps: T + 1, rows }, { loss: true }),
      },
      {
        name: 'sample',
        steps: 1,
        batch: N,
        build: (rows) => networkProgram(this.model, { steps: 1, rows }, { outputs: 'logits' }),
      },
    ];
  }

  parameters(): Float32Array {
    return initialParameters(this.model, new Random(5));
  }

  symbols(count: number): Int32Array {
    return Int32Array.from({ length: count }, () => this.random.uint32() % this.model.vocabulary);
  }

  window(steps = this.size.T): Call {
    const { N } = this.size;
    return { ids: this.symbols(steps * N), targets: this.symbols(steps * N), dropoutKey: this.random.uint32() };
  }

  /** The data of an evaluation, with some rows that do not have a target. */
  evaluation(): Call {
    const count = (this.size.T + 1) * (this.size.N + 1);
    return { ids: this.symbols(count), targets: this.symbols(count).map((target, i) => (i % 5 === 0 ? -1 : target)) };
  }

  /**
   * Compares carried states. Layer normalisation divides states by their deviation, which makes the
   * error of a small state large.
   */
  async compareStates(pair: Pair, job: string): Promise<void> {
    const most = tolerances.states * (this.model.layerNorm ? 20 : 1);
    for (const name of this.stateNames())
      await pair.vector(`state ${name} of ${job}`, { kind: 'state', job, name }, most);
  }

  stateNames(): string[] {
    return stateShapes(this.model).map(({ name }) => name);
  }

  /** Fills the states, so that a reset has an effect. */
  async fillStates(pair: Pair): Promise<void> {
    for (const { name, columns } of stateShapes(this.model))
      await pair.write({ kind: 'state', job: 'train', name }, new Float32Array(this.size.N * columns).fill(0.5));
  }
}

interface Setting {
  readonly cell?: string;
  readonly size?: NetworkSize;
  readonly optimizer?: Optimizer;
  /** Jobs that replace the usual jobs. */
  jobs?(trial: NetworkTest, usual: readonly Job[]): readonly Job[];
  readonly interactive?: boolean;
}

/** A check that runs a script on a network with its initial weights. */
export function networkCheck(
  name: string,
  { cell = 'lstm', size = smallSize, optimizer, jobs, interactive = false }: Setting,
  script: (pair: Pair, trial: NetworkTest) => Promise<void>,
): ParityCheck {
  return {
    name,
    run(device) {
      const trial = new NetworkTest(cell, size);
      const usual = trial.jobs();
      const workload = {
        parameters: parameterShapes(trial.model),
        jobs: jobs?.(trial, usual) ?? usual,
        update: optimizer?.rule ?? null,
        interactive,
      };
      return Pair.compare(device, workload, async (pair) => {
        await pair.write({ kind: 'parameters' }, trial.parameters());
        await script(pair, trial);
      });
    },
  };
}
