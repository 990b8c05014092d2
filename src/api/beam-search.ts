// The likeliest continuation of a text, by beam search. The search is in sampling/.
import { predictOptions } from '../options/predict.ts';
import { kindsOf, omitUndefined, tableOf } from '../options/option.ts';
import { type TrainedModel, parameterCountOf } from '../runs/store.ts';
import { type BeamRequest, type BeamResult, searchBeam } from '../sampling/beam.ts';
import type { TextOrBytes } from '../sampling/model-text.ts';
import { isTextOrBytes, listenerMember, refuseOther, refuseWrong } from './checks.ts';
import { rule } from '../options/kind.ts';
import type { MachineChoice } from './model-results.ts';
import type { ListenerOption } from './run-request.ts';
import { withDevice } from './trained.ts';
import { sampleMembers } from './sample-options.ts';

/** How to search for a continuation. Default: 8 texts at a time, 40 characters, and no stop. */
export interface BeamOptions extends Partial<Omit<BeamRequest, 'prime' | 'stop'>>, ListenerOption {
  /** Ends the text when it contains this string, or one of these strings. */
  readonly stop?: TextOrBytes | readonly TextOrBytes[] | undefined;
}

/** The likeliest continuation that was found. */
export interface FoundContinuation extends BeamResult {
  /** The mean surprisal of its tokens in bits. */
  readonly bits: number;
}

const { beam, length, midText, unknown } = tableOf(predictOptions);
const members = {
  ...kindsOf({ beam, length, midText, unknown }),
  stop: sampleMembers.stop,
  listener: listenerMember,
};
const someText = rule('a text or bytes', isTextOrBytes);
const DEFAULT_BEAM = 8;

/** @throws RnnError `usage` for a wrong option, `corpus` for characters that the model does not know */
export async function searchContinuation(
  trained: TrainedModel,
  machine: MachineChoice,
  prime: TextOrBytes,
  options: BeamOptions,
): Promise<FoundContinuation> {
  refuseOther('prime', prime, someText);
  refuseWrong(options, members);
  const { listener, stop = null, ...given } = omitUndefined(options);
  const request = { beam: DEFAULT_BEAM, length: length.default, stop, ...given, prime };
  const multiplyAdds = request.beam * request.length * parameterCountOf(trained);
  listener?.activity?.({ kind: 'compiling', done: 0, total: 1 });
  const found = await withDevice(machine, { kind: 'sampling', multiplyAdds }, (device) => {
    listener?.activity?.({ kind: 'sampling', done: 0, total: null });
    return searchBeam(trained, device, request);
  });
  return { ...found, bits: -found.logProbability / Math.LN2 / found.tokens };
}
