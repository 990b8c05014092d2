// Uses the weights of a trained model as the beginning of a new run, even on a text with characters
// that the model has never seen.
import { type TrainedModel, parameterVector } from '../runs/store.ts';
import { Vocabulary } from '../corpus/vocabulary.ts';
import { usageError } from '../errors.ts';
import type { ModelConfiguration } from '../model/configuration.ts';
import { modelWeights, parameterShapes } from '../model/parameters.ts';
import { pick } from '../options/option.ts';
import { legacyOptions, namesWith } from '../options/train.ts';
import type { TrainingOptions } from '../options/training.ts';
import { flagOf } from '../options/flags.ts';

/**
 * The options of a new run that starts from these weights, with the sizes of their model.
 *
 * @throws RnnError `usage` if other sizes were given
 */
export function withSizesOf(
  { model }: Pick<TrainedModel, 'model'>,
  given: Partial<TrainingOptions>,
): Partial<TrainingOptions> {
  const sizeOptions = namesWith(({ fixedFor }) => fixedFor === 'weights');
  const modelOptions: Partial<TrainingOptions> = { ...legacyOptions, ...model };
  for (const option of sizeOptions) {
    const value = given[option];
    if (value === undefined || value === modelOptions[option]) continue;
    throw usageError(
      `cannot use ${flagOf(option)} ${value} with ${flagOf('initFrom')}: its model has ${flagOf(option)} ${modelOptions[option]}`,
      `omit it, or start without ${flagOf('initFrom')}`,
      { options: [flagOf(option), flagOf('initFrom')] },
    );
  }
  return { ...given, ...pick(modelOptions, sizeOptions) };
}

/**
 * The weights (P) of a model whose vocabulary includes the vocabulary of `from`. Rows and columns
 * of tokens that `from` knows are copied from it, and rows and columns of new tokens from
 * `initial`. Everything else is copied.
 *
 * @param initial (P), as for a new model
 */
export function transferParameters(
  from: Pick<TrainedModel, 'model' | 'tensors' | 'vocabulary'>,
  model: ModelConfiguration,
  vocabulary: Vocabulary,
  initial: Float32Array,
): Float32Array {
  const old = parameterVector(from);
  const result = initial.slice();
  const indexes = from.vocabulary.symbols.map((symbol) => vocabulary.find(symbol));
  let readOffset = 0;
  let writeOffset = 0;
  const weights = modelWeights(model);
  for (const [index, { rows, columns }] of parameterShapes(from.model).entries()) {
    const { symbols: axis, rows: targetRows, columns: targetColumns } = weights[index];
    for (let row = 0; row < rows; row++) {
      const source = old.subarray(readOffset + row * columns, readOffset + (row + 1) * columns);
      const target = result.subarray(writeOffset + (axis === 'rows' ? indexes[row] : row) * targetColumns);
      if (axis === 'columns') for (const [column, value] of source.entries()) target[indexes[column]] = value;
      else target.set(source);
    }
    readOffset += rows * columns;
    writeOffset += targetRows * targetColumns;
  }
  return result;
}
