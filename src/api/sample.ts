// One text from a model, with everything opened for it and closed after it.
import { machineNames } from '../options/run.ts';
import type { TrainedModel } from '../runs/store.ts';
import type { MachineChoice } from './model-results.ts';
import { openModel } from './model.ts';
import { refuseUnknown } from './settings.ts';
import { type SampleOptions, refuseWrongChoice, sampleNames } from './writer.ts';

/** What `openModel` and `Model.sample` take, together. */
export interface SampleRequest extends SampleOptions, MachineChoice {
  /** A run folder, a file or a model; the newest run in ./checkpoints if left out. */
  readonly checkpoint?: string | TrainedModel;
}

/**
 * Opens a model, writes one text piece by piece, and closes it.
 *
 * @throws RnnError as `openModel` and `Model.sample` do
 */
export async function* sample(request: SampleRequest = {}): AsyncGenerator<string, void, undefined> {
  refuseUnknown(request, ['checkpoint', ...machineNames, ...sampleNames]);
  const { checkpoint, device, threads, blas, ...options } = request;
  refuseWrongChoice(options);
  const model = await openModel(checkpoint, {
    ...(device === undefined ? {} : { device }),
    ...(threads === undefined ? {} : { threads }),
    ...(blas === undefined ? {} : { blas }),
  });
  try {
    yield* model.sample(options);
  } finally {
    await model.close();
  }
}
