// `POST /v1/score`: the bits of each character of texts, each read from the start.
import { isObject } from '../runs/store.ts';
import { type Choice, Completion, sampleAll, sum } from './completions.ts';
import { ApiError } from './errors.ts';
import { type Answer, type RequestContext, readRequest } from './request.ts';

/** Scores texts, and answers. A text is scored as a prompt that a completion echoes. */
export async function scoreTexts(body: unknown, context: RequestContext): Promise<Answer> {
  const input = isObject(body) ? body['input'] : null;
  const texts = [input].flat().filter((text): text is string => typeof text === 'string' && text !== '');
  if (texts.length === 0 || texts.length < [input].flat().length)
    throw new ApiError(400, 'input is not valid: expected a string or a list of strings, none empty', 'input');
  const request = readRequest({ prompt: texts, max_tokens: 0, echo: true, logprobs: 0 }, context.limits);
  const scored = texts.map((_, index) => new Completion(request, context, index, 'input'));
  const choices = await sampleAll(scored, context);
  if (context.signal.aborted) throw new ApiError(503, 'the texts were not scored within the time limit');
  return {
    characters: sum(scored.map(({ promptTokens }) => promptTokens)),
    body: { object: 'list', model: context.name, data: choices.map(bitsOf) },
  };
}

/** The bits of a first character that no other precedes are null. */
function bitsOf({ text, logprobs }: Choice) {
  const bits = logprobs!.token_logprobs.map((nats) => nats && -nats / Math.LN2);
  const predicted = bits.filter((each) => each !== null);
  return {
    text,
    bits: sum(predicted),
    bits_per_character: sum(predicted) / Math.max(1, predicted.length),
    characters: logprobs!.tokens.map((token, at) => ({ text: token, bits: bits[at] })),
  };
}
