// The model and the regularisation of a run, from its options.
import { cellNamed } from '../model/cells/registry.ts';
import type { ModelConfiguration } from '../model/configuration.ts';
import { parameterShapes } from '../model/parameters.ts';
import type { Regularisation } from '../model/regularisation.ts';
import { countParameters } from '../program/value.ts';
import { pick } from '../options/option.ts';
import { modelOptions } from '../options/network.ts';
import type { TrainingOptions } from '../options/training.ts';

export type ModelOptions = Pick<TrainingOptions, keyof TrainingOptions & keyof ModelConfiguration>;

const names = Object.keys(modelOptions).filter((name) => name !== 'preset') as (keyof ModelOptions)[];

/** @param vocabulary V */
export function modelConfigurationOf(options: ModelOptions, vocabulary: number): ModelConfiguration {
  const network = pick(options, names) as ModelOptions;
  return { ...network, vocabulary, conventions: cellNamed(options.cell).conventions };
}

export function regularisationOf(options: TrainingOptions): Regularisation {
  const { dropout, lockedDropout, weightDropout, embeddingDropout } = options;
  const { activationPenalty, temporalPenalty, labelSmoothing, clipState } = options;
  return {
    dropout,
    lockedDropout,
    weightDropout,
    embeddingDropout,
    activationPenalty,
    temporalPenalty,
    labelSmoothing,
    clipState,
  };
}

/** P, the number of trained parameters. */
export function parametersOf(options: TrainingOptions, vocabulary: number): number {
  return countParameters(parameterShapes(modelConfigurationOf(options, vocabulary)));
}
