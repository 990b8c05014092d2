// Models with random weights to send to other programs.
import type { Checkpoint } from '../../src/runs/store.ts';
import { tensorsOf } from '../../src/runs/store.ts';
import { cellNamed } from '../../src/model/cells/registry.ts';
import type { ModelConfiguration } from '../../src/model/configuration.ts';
import { initialParameters, parameterShapes } from '../../src/model/parameters.ts';
import { Random } from '../../src/random.ts';

export const symbols: readonly string[] = [...'\n ISabcdefghijklmnopqrstuvwxyzäß😀'];

/** A model of 33 tokens with a record of its training. */
export function randomModel(given: Partial<ModelConfiguration> & { readonly cell: string }): Checkpoint {
  const model: ModelConfiguration = {
    layers: 1,
    hidden: 24,
    embedding: 0,
    vocabulary: symbols.length,
    forgetBias: 1,
    initialisation: 'uniform',
    dropout: 0,
    conventions: cellNamed(given.cell).conventions,
    ...given,
  };
  const tensors = tensorsOf(parameterShapes(model), initialParameters(model, new Random(7)));
  // Logits of a trained model are of this size.
  if (model.tied !== true)
    for (const { name, data } of tensors) if (name === 'head.W') data.forEach((value, at) => (data[at] = 10 * value));
  return {
    model,
    vocabulary: { unit: 'char', symbols, unknown: null },
    training: {
      options: { evaluationStreams: 4 },
      step: 30,
      epoch: 1.5,
      position: { epoch: 1, window: 3 },
      random: new Random(2).state,
      history: [],
      bestValidationLossNats: 2.5,
    },
    tensors,
    state: [],
    optimizer: null,
  };
}
