// `rnn predict`: shows how a model expects a text to continue.
import type { Model } from '../../api/model.ts';
import { isStandardInput } from '../../corpus/standard-input.ts';
import { usageError } from '../../errors.ts';
import { exclusiveOfPredict, predictOptions } from '../../options/predict.ts';
import type { CommandOptionValues } from '../../options/option.ts';
import type { TextOrBytes } from '../../sampling/sample.ts';
import { defineCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { machineFrom } from '../devices.ts';
import { type GivenPrime, primeFor, readPrime, typedText } from '../input/prime.ts';

type PredictFlags = CommandOptionValues<typeof predictOptions>;

export const { define } = defineCommand({
  description: 'Show the likeliest characters after a text, with their probabilities, or the likeliest continuation.',
  argument: String.raw`The prompt. \n, \t and \u{2014} work in it. Use - for stdin [default: the start of a text]`,
  options: predictOptions,
  exclusive: exclusiveOfPredict,
  examples: [
    ["rnn predict 'Shall I '", 'the ten likeliest characters after the text'],
    ["rnn predict 'Shall I ' --top 3 --json", 'three of them as JSON'],
    ["rnn predict 'Shall I ' --steps 20", 'twenty greedy characters, with the alternatives to each'],
    ["rnn predict 'Shall I ' --beam 8 --stop '\\n'", 'the likeliest rest of the line'],
  ],
  run: (prompt: string | undefined, flags, context) => predict(prompt, flags, context),
});

async function predict(prompt: string | undefined, flags: PredictFlags, context: Context): Promise<void> {
  const { stderr, waiting } = context;
  const { midText, unknown, json = false, beam, length, steps, top } = flags;
  const given = await givenPrompt(prompt, flags, context);
  const { machine, deviceOriginText } = machineFrom(flags, context);
  const { openModel } = await import('../../api/model.ts');
  const model = await openModel(flags.checkpoint, machine);
  const text = await primeFor(model.trained, given, 'the text');
  if (!json) stderr.note(`${model.path}${deviceOriginText}`);
  const rules = { midText, unknown, listener: { activity: waiting?.listen } };
  try {
    if (beam !== undefined) {
      const stop = flags.stop?.map((each) => typedText('--stop', each, model.vocabulary.unit));
      const found = await model.beamSearch(text, { ...rules, beam, length, stop });
      const { writeContinuation } = await import('../results/predictions.ts');
      return await writeContinuation(found, { text, beam, json }, model, context);
    }
    await showPredictions(model, text, { ...rules, top, steps, json }, context);
  } finally {
    await model.close();
  }
}

async function showPredictions(
  model: Model,
  text: TextOrBytes,
  { top, steps, json, ...rules }: Pick<PredictFlags, 'top' | 'steps' | 'json'> & Parameters<Model['session']>[0],
  context: Context,
): Promise<void> {
  const session = await model.session(rules);
  await session.read(text);
  const shown = { text, json: json === true };
  const { writeTable, writeWalk } = await import('../results/predictions.ts');
  if (steps === undefined || !json) await writeTable(await session.probabilities(), top, shown, model, context);
  if (steps !== undefined) await writeWalk(session, { ...shown, top, steps }, model, context);
}

/**
 * @throws RnnError `usage` if both a prompt and --prime-file are given, `corpus` for a text that cannot be read
 */
async function givenPrompt(
  prompt: string | undefined,
  { primeFile }: PredictFlags,
  { io }: Context,
): Promise<GivenPrime> {
  if (prompt !== undefined && primeFile !== undefined)
    throw usageError('cannot use a prompt and --prime-file together', 'use one of them');
  return readPrime(
    prompt !== undefined && isStandardInput(prompt) ? { primeFile: prompt } : { prime: prompt, primeFile },
    io,
  );
}
