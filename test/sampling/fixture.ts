import { freshRecord } from '../../src/runs/checkpoint.ts';
// Models to sample from, and a device that records its calls.
import type { Checkpoint } from '../../src/runs/checkpoint.ts';
import { tensorsOf } from '../../src/runs/tensors.ts';
import type { VocabularyData } from '../../src/corpus/vocabulary.ts';
import type { Call, CallResult, Device, Executable, ResidentVector } from '../../src/devices/device.ts';
import type { ModelConfiguration } from '../../src/model/configuration.ts';
import { initialParameters, parameterShapes } from '../../src/model/parameters.ts';
import { Random } from '../../src/random.ts';

/** An untrained model of these tokens. */
export function untrained(
  vocabulary: VocabularyData,
  change: (name: string, data: Float32Array) => void = () => undefined,
  size: Partial<ModelConfiguration> = {},
): Checkpoint {
  const model: ModelConfiguration = {
    cell: 'lstm',
    layers: 1,
    hidden: 6,
    embedding: 0,
    vocabulary: vocabulary.symbols.length,
    forgetBias: 1,
    initialisation: 'uniform',
    dropout: 0,
    conventions: {},
    ...size,
  };
  const tensors = tensorsOf(parameterShapes(model), initialParameters(model, new Random(1)));
  for (const { name, data } of tensors) change(name, data);
  const training = freshRecord();
  return { model, vocabulary, training, tensors, state: [], optimizer: null };
}

/**
 * A model that predicts the next token of its vocabulary after each, the first after the last.
 * `logit` sets how surely.
 */
export function cyclic(vocabulary: VocabularyData, logit: number): Checkpoint {
  const V = vocabulary.symbols.length;
  const model: ModelConfiguration = {
    cell: 'rnn-relu',
    layers: 1,
    hidden: V,
    embedding: 0,
    vocabulary: V,
    forgetBias: 0,
    initialisation: 'uniform',
    dropout: 0,
    conventions: {},
  };
  const shapes = parameterShapes(model);
  const tensors = tensorsOf(
    shapes,
    new Float32Array(shapes.reduce((sum, { rows, columns }) => sum + rows * columns, 0)),
  );
  for (let id = 0; id < V; id++) {
    tensors.find(({ name }) => name === 'layer0.Wx')!.data[id * V + id] = 1; // h is the last token, one-hot
    tensors.find(({ name }) => name === 'head.W')!.data[id * V + ((id + 1) % V)] = logit;
  }
  return { ...untrained(vocabulary), model, tensors };
}

export interface Step {
  readonly job: string;
  readonly ids: readonly number[];
}

/**
 * A device that runs everything by lists of calls and records them. `zeroed` holds the number of
 * calls before each zero state.
 */
export function recording(device: Device): { device: Device; steps: Step[]; zeroed: number[] } {
  const steps: Step[] = [];
  const zeroed: number[] = [];
  const wrap = (executable: Executable): Executable => ({
    description: executable.description,
    memoryBytes: executable.memoryBytes,
    callsPerRun: (job) => executable.callsPerRun(job),
    read: (resident) => executable.read(resident),
    write(resident: ResidentVector, values: Float32Array) {
      if (resident.kind === 'state' && values.every((value) => value === 0)) zeroed.push(steps.length);
      return executable.write(resident, values);
    },
    run(job: string, calls: readonly Call[]): Promise<readonly CallResult[]> {
      for (const { ids } of calls) steps.push({ job, ids: [...ids] });
      return executable.run(job, calls);
    },
    close: () => executable.close(),
  });
  return { device: { ...device, compile: async (workload) => wrap(await device.compile(workload)) }, steps, zeroed };
}
