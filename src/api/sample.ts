// One text of a model that is opened only for this text.
import type { TrainedModel } from '../runs/store.ts';
import { kindsOf } from '../options/option.ts';
import { machineOfCommands } from '../options/run.ts';
import { modelOrName, refuseWrong } from './checks.ts';
import { openModel } from './model.ts';
import type { MachineChoice } from './model-results.ts';
import { type SampleOptions, sampleMembers } from './sample-options.ts';

/** The request of `sample`: the options of `openModel` and `Model.sample`. */
export interface SampleRequest extends SampleOptions, MachineChoice {
  /** A run folder, a file or a model. Default: the newest run in ./checkpoints. */
  readonly checkpoint?: string | TrainedModel;
}

/**
 * Opens a model, generates one text in pieces, and closes the model.
 *
 * @throws RnnError as `openModel` and `Model.sample` do
 */
export async function* sample(request: SampleRequest = {}): AsyncGenerator<string, void, undefined> {
  refuseWrong(request, { ...kindsOf(machineOfCommands), ...sampleMembers, checkpoint: modelOrName });
  const { checkpoint, device, threads, kernels, ...options } = request;
  const model = await openModel(checkpoint, { device, threads, kernels });
  try {
    yield* model.sample(options);
  } finally {
    await model.close();
  }
}
