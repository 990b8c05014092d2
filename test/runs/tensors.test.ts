import { describe, expect, it } from 'vitest';

import type { Tensor } from '../../src/runs/checkpoint.ts';
import { parameterVector, tensorsOf } from '../../src/runs/tensors.ts';
import type { ModelConfiguration } from '../../src/model/configuration.ts';
import { parameterShapes } from '../../src/model/parameters.ts';
import { countParameters } from '../../src/program/value.ts';

const model: ModelConfiguration = {
  cell: 'gru',
  layers: 2,
  hidden: 3,
  embedding: 2,
  vocabulary: 5,
  forgetBias: 0,
  initialisation: 'uniform',
  dropout: 0,
  conventions: {},
};
const shapes = parameterShapes(model);
const vector = Float32Array.from({ length: countParameters(shapes) }, (_, i) => i);
const changed = (name: string, change: (tensor: Tensor) => Tensor) =>
  tensorsOf(shapes, vector).map((tensor) => (tensor.name === name ? change(tensor) : tensor));

describe('the weights of a checkpoint', () => {
  it('are one vector in the order of the model, whichever order the file has', () => {
    expect(parameterVector({ model, tensors: tensorsOf(shapes, vector).toReversed() })).toEqual(vector);
  });

  it.each([
    ['transposed', [9, 2], '9×2'],
    ['flat', [18], '18'],
    ['larger by a dimension of 1', [1, 2, 9], '1×2×9'],
  ])('are refused if one is %s, even with the same number of elements', (_, shape, shown) => {
    expect(() => parameterVector({ model, tensors: changed('layer0.Wx', (tensor) => ({ ...tensor, shape })) })).toThrow(
      expect.objectContaining({
        kind: 'checkpoint',
        message: `tensor layer0.Wx has the shape ${shown}: expected 2×9 as in its model`,
        hint: expect.any(String) as string,
      }),
    );
  });

  it('are refused if one is missing', () => {
    expect(() =>
      parameterVector({ model, tensors: changed('head.b', (tensor) => ({ ...tensor, name: 'head.c' })) }),
    ).toThrow(
      expect.objectContaining({
        kind: 'checkpoint',
        message: expect.stringContaining('tensor head.b is missing') as string,
      }),
    );
  });
});
