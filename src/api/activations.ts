// The activations of a model's units on a text.
import { Vocabulary } from '../corpus/read.ts';
import { corpusError } from '../errors.ts';
import { readActivations } from '../insight/activations.ts';
import { MIN_CHARACTERS, defaultLength, maxDefaultLength } from '../insight/search.ts';
import { orNull } from '../options/kind.ts';
import { tableOf } from '../options/option.ts';
import { inspectOptions } from '../options/trained.ts';
import { type TrainedModel, startSymbolOf } from '../runs/store.ts';
import { listenerMember, refuseWrong } from './checks.ts';
import type { ActivationsOptions, UnitActivations, MachineChoice, InputText } from './model-results.ts';
import { tokensOf, withDevice } from './trained.ts';

const activationsMembers = { length: orNull(tableOf(inspectOptions).length.kind), listener: listenerMember };

/**
 * Records the activations of all units at each character.
 *
 * @throws RnnError `corpus` for unknown characters, `usage` for a text too long for memory
 */
export async function readActivationsOf(
  trained: TrainedModel,
  machine: MachineChoice,
  vocabulary: Vocabulary,
  text: InputText,
  options: ActivationsOptions,
): Promise<UnitActivations> {
  refuseWrong(options, activationsMembers);
  const { length = Infinity, listener } = options;
  const { model } = trained;
  const whole = tokensOf(text, vocabulary).subarray(0, length ?? maxDefaultLength(model));
  if (whole.length === 0) {
    const hint = `use at least one character, or ${MIN_CHARACTERS} to find cells`;
    throw corpusError('cannot read the text: it is empty', hint);
  }
  const decoder = vocabulary.decoder();
  const decoded = Array.from(whole, (id) => decoder.push(id));
  const pieces = length === null ? decoded.slice(0, defaultLength(decoded, model)) : decoded;
  const total = pieces.length;
  const activations = await withDevice(machine, { kind: 'sampling', multiplyAdds: 0 }, (device) =>
    readActivations(trained, whole.subarray(0, total), device, {
      startSymbol: startSymbolOf(trained),
      end: typeof text === 'string' ? null : (text.records?.end ?? null),
      onRead: (done) => listener?.activity?.({ kind: 'inspecting', done, total }),
    }),
  );
  return { pieces, activations };
}
