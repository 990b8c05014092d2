// `POST /v1/completions`, as in the OpenAI API: texts that continue prompts. A token is a character,
// or a byte of a byte-level model.
import { randomUUID } from 'node:crypto';
import { mapValues } from '../group.ts';
import type { UnknownPolicy } from '../options/choices.ts';
import { likeliestTokens } from '../sampling/likeliest.ts';
import type { ModelText } from '../sampling/model-text.ts';
import { logProbabilityOf } from '../sampling/text.ts';
import type { ServedText } from './engine.ts';
import { ApiError, apiError } from './errors.ts';
import { type Answer, type CompletionRequest, type RequestContext, readRequest } from './request.ts';

/** The tokens of a text that were read or sampled. */
const noScores = () => ({
  tokens: [] as string[],
  /** Null for a first token that no other precedes. */
  token_logprobs: [] as (number | null)[],
  /** The likeliest tokens. */
  top_logprobs: [] as (Readonly<Record<string, number>> | null)[],
  /** Where tokens begin, in the code units of `ModelText`, which may be bytes. */
  text_offset: [] as number[],
});

/** A text of an answer, or a part of it. */
export interface Choice {
  readonly text: string;
  readonly index: number;
  readonly logprobs: Readonly<ReturnType<typeof noScores>> | null;
  readonly finish_reason: 'stop' | 'length' | null;
}

/**
 * Samples the texts of a request, and answers.
 *
 * @throws ApiError for a wrong request, before anything is answered
 */
export async function complete(body: unknown, context: RequestContext): Promise<Answer> {
  const { name, send } = context;
  const request = readRequest(body, context.limits);
  const { model, prompts, n, stream } = request;
  if (model !== null && model !== name)
    throw new ApiError(404, `model not found: ${model}. This server has ${name}`, 'model', 'model_not_found');
  const common = {
    id: `cmpl-${randomUUID()}`,
    object: 'text_completion',
    created: Math.floor(Date.now() / 1000),
    model: name,
  };
  const texts = Array.from({ length: prompts.length * n }, (_, index) => new Completion(request, context, index));
  const choices = await sampleAll(texts, context, (part) => {
    if (stream) send({ ...common, choices: [part] });
  });
  const prompt_tokens = sum(texts.map((each) => each.promptTokens)) / n;
  const completion_tokens = sum(texts.map((each) => each.tokens));
  const usage = { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens };
  if (stream && request.stream_options.include_usage === true) send({ ...common, choices: [], usage });
  return { characters: completion_tokens, body: stream ? null : { ...common, choices, usage } };
}

export const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

/**
 * Samples texts to their ends. Returns the last part of each, which is the whole text unless it is
 * streamed.
 *
 * @throws ApiError 429 if they do not fit into the queue, 500 if sampling fails
 */
export async function sampleAll(
  texts: readonly Completion[],
  { engine, limits }: RequestContext,
  onPart: (part: Choice) => void = () => {},
): Promise<Choice[]> {
  if (engine.waiting + texts.length > limits.maxQueue)
    throw new ApiError(429, 'the queue is full: try again later', null, 'rate_limit_exceeded');
  const results = await Promise.allSettled(texts.map((text) => text.sample(onPart)));
  return results.map((result) => {
    if (result.status === 'rejected') throw apiError(result.reason);
    return result.value;
  });
}

/** A text of a request. */
export class Completion {
  readonly promptTokens: number;
  readonly #request: CompletionRequest;
  readonly #context: RequestContext;
  readonly #index: number;
  readonly #served: Omit<ServedText, 'onPiece'>;
  readonly #decode: (units: string, isLast: boolean) => string;
  /** The text and the tokens that were not passed on. */
  #text = '';
  readonly #scores = noScores();
  /** Where the text and the tokens end. */
  #textEnd = 0;
  #scoresEnd = 0;

  /**
   * @param index of the text. A prompt has `n` texts
   * @param member the name of the prompt in the request
   * @throws ApiError 400 for a prompt that the model cannot read
   */
  constructor(request: CompletionRequest, context: RequestContext, index: number, member = 'prompt') {
    const prompt = request.prompts[Math.floor(index / request.n)];
    const { text } = context.engine;
    const { echo, logprobs, temperature, top_k: topK, top_p: topP, min_p: minP } = request;
    const { ids, context: start } = readPrompt(prompt, request.unknown, context, member);
    const onToken = logprobs === null ? undefined : this.#record.bind(this, logprobs);
    this.promptTokens = ids.length;
    this.#request = request;
    this.#context = context;
    this.#index = index;
    this.#decode = decoderOf(text);
    if (echo) {
      this.#text = prompt;
      for (const id of ids) this.#textEnd += text.textsOfTokens[id].length;
      // The first token of a prompt without a start token is not predicted.
      if (start.length === ids.length) onToken?.(ids[0], null);
    }
    const rules = { length: request.max_tokens, stop: request.stop, keepStop: false, ...(onToken && { onToken }) };
    this.#served = {
      client: context.client,
      start,
      text: text.textsOf({ ...rules, options: { temperature, topK, topP, minP } })(
        request.seed + (index % request.n),
        ids.length > 0,
      ),
      ...(echo && onToken && { onRead: onToken }),
    };
  }

  get tokens(): number {
    return this.#served.text.outcome.tokens;
  }

  /**
   * Samples the text up to its end, the time limit or the end of the client.
   *
   * @param onPart called with each part of a text that is streamed, and with the last part, which has
   * the reason of the end
   */
  async sample(onPart: (part: Choice) => void): Promise<Choice> {
    const { engine, signal } = this.#context;
    const { text } = this.#served;
    signal.addEventListener('abort', () => text.end());
    if (signal.aborted) text.end();
    const onPiece = (units: string): void => {
      this.#textEnd += units.length;
      this.#text += this.#decode(units, false);
      if (this.#request.stream && this.#text !== '') onPart(this.#takePart(null));
    };
    await engine.sample({ ...this.#served, onPiece });
    this.#text += this.#decode('', true);
    const { isCut, tokens } = text.outcome;
    const last = this.#takePart(isCut || signal.aborted || tokens === 0 ? 'length' : 'stop');
    onPart(last);
    return last;
  }

  #takePart(finish_reason: Choice['finish_reason']): Choice {
    const count = this.#scores.text_offset.filter((offset) => offset < this.#textEnd).length;
    const scores = mapValues<string, unknown[], unknown[]>(this.#scores, (list) => list.splice(0, count));
    const logprobs = this.#request.logprobs === null ? null : (scores as Choice['logprobs']);
    const part = { text: this.#text, index: this.#index, logprobs, finish_reason };
    this.#text = '';
    return part;
  }

  /** @param count of the likeliest tokens */
  #record(count: number, id: number, logits: Float32Array | null): void {
    const { vocabulary, textsOfTokens: texts } = this.#context.engine.text;
    if (id === vocabulary.end) return;
    const likeliest = logits && likeliestTokens(logits, count).map((each) => [texts[each.id], -each.nats]);
    this.#scores.tokens.push(texts[id]);
    this.#scores.token_logprobs.push(logits && logProbabilityOf(id, logits));
    this.#scores.top_logprobs.push(likeliest && (Object.fromEntries(likeliest) as Record<string, number>));
    this.#scores.text_offset.push(this.#scoresEnd);
    this.#scoresEnd += texts[id].length;
  }
}

/** @throws ApiError 400 for unknown characters and for a prompt that is too long */
function readPrompt(prompt: string, unknown: UnknownPolicy, { engine, limits }: RequestContext, member: string) {
  try {
    const read = engine.text.promptOf(prompt, { unknown });
    if (read.ids.length <= limits.maxPrompt) return read;
    throw new ApiError(
      400,
      `the prompt has ${read.ids.length} characters: expected at most ${limits.maxPrompt}`,
      member,
    );
  } catch (error) {
    throw apiError(error, member);
  }
}

/** Decodes pieces of a text. A model of bytes samples code units that are bytes. */
function decoderOf({ vocabulary }: ModelText): (piece: string, isLast: boolean) => string {
  if (vocabulary.unit !== 'byte') return (piece) => piece;
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  return (piece, isLast) => decoder.decode(Buffer.from(piece, 'latin1'), { stream: !isLast });
}
