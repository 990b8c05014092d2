// Opens the conversation of `rnn sample --interactive` from the options of the command.
import type { CommandOptionValues } from '../../options/option.ts';
import type { sampleOptions } from '../../options/sampling.ts';
import type { Context } from '../context.ts';
import { machineFrom } from '../devices.ts';
import { typedText } from '../input/prime.ts';
import { converse } from './conversation.ts';

/** @returns the exit code */
export async function openConversation(
  flags: CommandOptionValues<typeof sampleOptions>,
  context: Context,
): Promise<number> {
  const { io, stderr, waiting } = context;
  const { length, midText, unknown, noPrime = false, keepStop, noRepeat, temperature, topK, topP, minP } = flags;
  const { seed = io.randomSeed() } = flags;
  const { machine, deviceOriginText } = machineFrom(flags, context);
  const { openModel } = await import('../../api/model.ts');
  const { sampledModelOf } = await import('../../api/sample-options.ts');
  const model = await openModel(flags.checkpoint, machine);
  const { unit } = model.vocabulary;
  const { delimiter, defaultLength } = sampledModelOf(model.trained);
  stderr.note(`${model.path}, --seed ${seed}${deviceOriginText}`);
  try {
    const options = {
      session: { midText, unknown, listener: { activity: waiting?.listen } },
      answer: { noRepeat, ban: flags.ban === undefined ? undefined : typedText('--ban', flags.ban, unit) },
      changing: { length: length ?? defaultLength, temperature, topK, topP, minP, seed },
      stop: flags.stop?.map((text) => typedText('--stop', text, unit)),
      keepStop,
      keepPrime: !noPrime,
      pairSeparator: delimiter,
    };
    return await converse(model, options, context);
  } finally {
    await model.close();
  }
}
