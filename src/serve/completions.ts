// `POST /v1/completions`, as in the OpenAI API: texts that continue prompts. A token is a character,
// or a byte of a byte-level model.
import { randomUUID } from 'node:crypto';
import type { ModelText } from '../sampling/model-text.ts';
import { logProbabilityOf } from '../sampling/text.ts';
import type { Engine, ServedText } from './engine.ts';
import { ApiError, apiError, badMember } from './errors.ts';
import { type CompletionRequest, type Limits, type RequestContext, readRequest, refuseFullQueue } from './request.ts';
import { type TokenScores, cutScores, likeliest } from './token-scores.ts';

/** Part of the answer: a text, or a part of it. */
interface Choice {
  readonly text: string;
  readonly index: number;
  readonly logprobs: TokenScores | null;
  readonly finish_reason: 'stop' | 'length' | null;
}

/** Where the answer goes. */
export interface Answer {
  /** Aborts when the client is gone. */
  readonly signal: AbortSignal;
  /** Answers with one object. */
  json(status: number, body: object): void;
  /** Begins a stream of server-sent events. */
  begin(): void;
  event(data: object | '[DONE]'): void;
  end(): void;
}

/**
 * Samples the texts of a request, and answers.
 *
 * @throws ApiError for a wrong request, before anything is answered
 */
export async function complete(body: unknown, context: RequestContext, answer: Answer): Promise<number> {
  const { engine, name, limits } = context;
  const request = readRequest(body, limits);
  if (request.model !== undefined && request.model !== name)
    throw new ApiError(404, `model not found: ${request.model}. This server has ${name}`, {
      param: 'model',
      code: 'model_not_found',
    });
  const { prompt: prompts, best_of, n, stream } = request;
  refuseFullQueue(context, prompts.length * best_of);
  const common = {
    id: `cmpl-${randomUUID()}`,
    object: 'text_completion',
    created: Math.floor(Date.now() / 1000),
    model: name,
  };
  const texts = prompts.flatMap((prompt, at) =>
    Array.from(
      { length: best_of },
      (_, k) => new Completion(request, prompt, at * best_of + k, request.seed + k, engine, limits),
    ),
  );
  if (stream) answer.begin();
  const finished = texts.map((text) =>
    text.sample(context, answer.signal, (part) => {
      if (stream) answer.event({ ...common, choices: [part] });
    }),
  );
  const results = await Promise.allSettled(finished);
  const failed = results.find((result) => result.status === 'rejected');
  const usage = usageOf(texts, prompts.length, best_of);
  if (failed !== undefined) {
    const error = apiError(failed.reason);
    if (!stream) throw error;
    answer.event(error.body);
  } else if (stream && request.stream_options.include_usage === true) answer.event({ ...common, choices: [], usage });
  if (stream) {
    answer.event('[DONE]');
    answer.end();
  } else {
    const kept = prompts.flatMap((_, at) =>
      texts
        .slice(at * best_of, (at + 1) * best_of)
        .toSorted((a, b) => (best_of === n ? 0 : b.meanLogProbability - a.meanLogProbability))
        .slice(0, n),
    );
    answer.json(200, { ...common, choices: kept.map((text, index) => ({ ...text.whole, index })), usage });
  }
  return usage.completion_tokens;
}

function usageOf(texts: readonly Completion[], prompts: number, each: number) {
  const prompt_tokens = Array.from({ length: prompts }, (_, at) => texts[at * each].promptTokens).reduce(
    (a, b) => a + b,
    0,
  );
  const completion_tokens = texts.reduce((sum, { tokens }) => sum + tokens, 0);
  return { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens };
}

/** One text of a request. */
class Completion {
  readonly promptTokens: number;
  readonly #text: ServedText['text'];
  readonly #start: Int32Array;
  readonly #onRead: ServedText['onRead'];
  readonly #index: number;
  readonly #decode: (piece: string, isLast: boolean) => string;
  readonly #scores: TokenScores | null;
  #whole: string;
  #sentScores = 0;
  #finish: Choice['finish_reason'] = null;

  constructor(request: CompletionRequest, prompt: string, index: number, seed: number, engine: Engine, limits: Limits) {
    const { text } = engine;
    const read = readPrompt(text, prompt, request.unknown, limits);
    this.#index = index;
    this.#start = read.context;
    this.promptTokens = read.ids.length;
    this.#decode = decoderOf(text);
    this.#whole = request.echo ? prompt : '';
    const { logprobs } = request;
    this.#scores = logprobs === null ? null : { tokens: [], token_logprobs: [], top_logprobs: [], text_offset: [] };
    const onToken = logprobs === null ? undefined : this.#record(text, logprobs);
    if (onToken !== undefined && request.echo) {
      // The first token of a prompt without a start token is not predicted.
      if (read.context.length === read.ids.length && read.ids.length > 0) onToken(read.ids[0], null);
      this.#onRead = onToken;
    }
    try {
      this.#text = text.textsOf({
        length: request.max_tokens,
        stop: request.stop,
        keepStop: false,
        options: request.sampling,
        isScored: request.best_of > request.n,
        ...(onToken && { onToken }),
      })(seed, read.ids.length > 0);
    } catch (error) {
      throw apiError(error);
    }
  }

  get tokens(): number {
    return this.#text.outcome.tokens;
  }

  get meanLogProbability(): number {
    const { logProbability, tokens } = this.#text.outcome;
    return (logProbability ?? 0) / Math.max(1, tokens);
  }

  /** The whole text, once it has ended. */
  get whole(): Choice {
    const scores = this.#scores === null ? null : cutScores(this.#scores, 0, this.#whole.length);
    return { text: this.#whole, index: this.#index, logprobs: scores, finish_reason: this.#finish };
  }

  /**
   * Samples the text, until its end, the time limit or the end of the client.
   *
   * @param onPart called with each part of the text, and last with its end
   */
  sample(
    { engine, client, limits: { milliseconds } }: RequestContext,
    signal: AbortSignal,
    onPart: (part: Choice) => void,
  ): Promise<void> {
    let isTimedOut = false;
    const part = (piece: string, isLast: boolean): void => {
      const text = this.#decode(piece, isLast);
      this.#whole += text;
      if (isLast)
        this.#finish = this.#text.outcome.isCut || isTimedOut || this.#text.outcome.tokens === 0 ? 'length' : 'stop';
      if (text === '' && !isLast) return;
      onPart({ text, index: this.#index, logprobs: this.#newScores(), finish_reason: this.#finish });
    };
    const timer = setTimeout(() => {
      isTimedOut = true;
      this.#text.end();
    }, milliseconds);
    const cancel = (): void => this.#text.end();
    signal.addEventListener('abort', cancel);
    if (this.#whole !== '') onPart({ text: this.#whole, index: this.#index, logprobs: null, finish_reason: null });
    return new Promise<void>((resolve, reject) => {
      engine.submit(client, {
        text: this.#text,
        start: this.#start,
        ...(this.#onRead && { onRead: this.#onRead }),
        onPiece: (piece) => part(piece, false),
        onEnd: (error) => {
          clearTimeout(timer);
          signal.removeEventListener('abort', cancel);
          if (error !== null) return reject(error as Error);
          part('', true);
          resolve();
        },
      });
    });
  }

  /** The scores of tokens that were not sent before. */
  #newScores(): TokenScores | null {
    if (this.#scores === null) return null;
    const scores = cutScores(this.#scores, this.#sentScores, this.#whole.length);
    this.#sentScores += scores.tokens.length;
    return scores;
  }

  #record(text: ModelText, count: number): (id: number, logits: Float32Array | null) => void {
    const scores = this.#scores!;
    let offset = 0;
    return (id, logits) => {
      if (id === text.vocabulary.end) return;
      const token = text.textsOfTokens[id];
      scores.tokens.push(token);
      scores.text_offset.push(offset);
      offset += token.length;
      scores.token_logprobs.push(logits === null ? null : logProbabilityOf(id, logits));
      scores.top_logprobs.push(logits === null ? null : likeliest(logits, count, text.textsOfTokens));
    };
  }
}

/** @throws ApiError 400 for unknown characters and for a prompt that is too long */
export function readPrompt(text: ModelText, prompt: string, unknown: CompletionRequest['unknown'], limits: Limits) {
  try {
    const ids = text.idsOf(prompt, unknown);
    if (ids.length > limits.prompt)
      throw badMember('prompt', `the prompt has ${ids.length} characters: expected at most ${limits.prompt}`);
    return { ids, context: text.promptOf(prompt, { unknown }).context };
  } catch (error) {
    throw apiError(error, 'prompt');
  }
}

/** Decodes pieces of a text. A model of bytes samples code units that are bytes. */
function decoderOf({ vocabulary }: ModelText): (piece: string, isLast: boolean) => string {
  if (vocabulary.unit !== 'byte') return (piece) => piece;
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  return (piece, isLast) => decoder.decode(Buffer.from(piece, 'latin1'), { stream: !isLast });
}
