// A request for completions: its members, their rules and their defaults.
import { unknownPolicies } from '../options/choices.ts';
import { type Rule, choice, onOff, rule, wholeNumber } from '../options/kind.ts';
import { kindsOf, tableOf } from '../options/option.ts';
import { sampleOptions } from '../options/sampling.ts';
import type { SamplingOptions } from '../sampling/filters.ts';
import type { Engine } from './engine.ts';
import { ApiError, badMember } from './errors.ts';

/** The limits of a request. */
export interface Limits {
  /** Characters of a prompt. */
  readonly prompt: number;
  /** Characters of a text. */
  readonly length: number;
  /** Texts that may wait. */
  readonly queue: number;
  /** Milliseconds after which a text ends. */
  readonly milliseconds: number;
}

/** The surroundings of a request. */
export interface RequestContext {
  readonly engine: Engine;
  /** The name of the model in the API. */
  readonly name: string;
  readonly limits: Limits;
  /** Texts of different clients take turns. */
  readonly client: unknown;
}

/** @throws ApiError 429 if the texts of a request do not fit into the queue */
export function refuseFullQueue({ engine, limits }: RequestContext, texts: number): void {
  if (engine.waiting + texts > limits.queue)
    throw new ApiError(429, 'the queue is full: try again later', { code: 'rate_limit_exceeded' });
}

/** Texts of a request, at most. */
const MAX_TEXTS = 128;
const DEFAULT_LENGTH = 16;

const { temperature, topK, topP, minP, seed } = kindsOf(tableOf(sampleOptions));
const strings = rule('a string or a list of strings', (value) =>
  [value].flat().every((each) => typeof each === 'string'),
);
const object = rule('an object', (value) => typeof value === 'object' && !Array.isArray(value));
/** The members of a request. Unknown members are ignored, as in the OpenAI API. */
const members: Readonly<Record<string, Rule>> = {
  model: rule('a string', (value) => typeof value === 'string'),
  prompt: strings,
  max_tokens: wholeNumber(0),
  temperature,
  top_p: topP,
  top_k: topK,
  min_p: minP,
  n: wholeNumber(1, MAX_TEXTS),
  best_of: wholeNumber(1, MAX_TEXTS),
  stop: strings,
  seed,
  echo: onOff,
  logprobs: wholeNumber(0, 20),
  stream: onOff,
  stream_options: object,
  unknown: choice(unknownPolicies),
  suffix: rule('omitted: the model only continues texts', (value) => value === ''),
  logit_bias: rule('omitted: it is not supported', (value) => Object.keys(value as object).length === 0),
  presence_penalty: rule('0: it is not supported', (value) => value === 0),
  frequency_penalty: rule('0: it is not supported', (value) => value === 0),
};

/** A checked request for completions. */
export interface CompletionRequest {
  readonly model?: string;
  readonly prompt: readonly string[];
  readonly max_tokens: number;
  readonly n: number;
  readonly best_of: number;
  readonly stop: readonly string[];
  readonly seed: number;
  readonly echo: boolean;
  readonly logprobs: number | null;
  readonly stream: boolean;
  readonly stream_options: { readonly include_usage?: boolean };
  readonly unknown: 'error' | 'skip' | 'replace';
  readonly sampling: SamplingOptions;
}

/** @throws ApiError 400 for a wrong member */
export function readRequest(body: unknown, limits: Limits): CompletionRequest {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new ApiError(400, 'the body is not an object: expected an object such as {"prompt": "Once"}');
  const given = Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null)) as Record<string, never>;
  for (const [name, { holds, expected }] of Object.entries(members))
    if (Object.hasOwn(given, name) && !holds(given[name]))
      throw badMember(
        name,
        `${name} is ${JSON.stringify(given[name]).slice(0, 80)}: expected ${expected(given[name])}`,
      );
  const prompt = [given['prompt'] ?? ''].flat() as string[];
  const request = {
    ...given,
    prompt,
    max_tokens: given['max_tokens'] ?? DEFAULT_LENGTH,
    n: given['n'] ?? 1,
    best_of: given['best_of'] ?? given['n'] ?? 1,
    stop: [given['stop'] ?? []].flat() as string[],
    seed: given['seed'] ?? Math.floor(Math.random() * 2 ** 32),
    echo: given['echo'] ?? false,
    logprobs: given['logprobs'] ?? null,
    stream: given['stream'] ?? false,
    stream_options: given['stream_options'] ?? {},
    unknown: given['unknown'] ?? 'error',
    sampling: { temperature: given['temperature'], topP: given['top_p'], topK: given['top_k'], minP: given['min_p'] },
  } satisfies CompletionRequest;
  if (request.best_of < request.n) throw badMember('best_of', `best_of is ${request.best_of}: expected at least n`);
  if (request.best_of > request.n && request.stream)
    throw badMember('best_of', 'cannot use best_of and stream together');
  if (prompt.length * request.best_of > MAX_TEXTS)
    throw badMember('n', `the request has ${prompt.length * request.best_of} texts: expected at most ${MAX_TEXTS}`);
  if (request.max_tokens > limits.length)
    throw badMember('max_tokens', `max_tokens is ${request.max_tokens}: expected at most ${limits.length}`);
  return request;
}
