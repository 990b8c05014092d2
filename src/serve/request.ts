// A request for completions: its members, their rules and their defaults.
import { type UnknownPolicy, unknownPolicies } from '../options/choices.ts';
import { mapValues } from '../group.ts';
import { type Rule, choice, onOff, rule, text, wholeNumber } from '../options/kind.ts';
import { type CommandOptionValues, kindsOf, tableOf } from '../options/option.ts';
import { sampleOptions } from '../options/sampling.ts';
import type { serveOptions } from '../options/serve.ts';
import { isObject } from '../runs/store.ts';
import type { SamplingOptions } from '../sampling/filters.ts';
import type { Engine } from './engine.ts';
import { ApiError } from './errors.ts';

/** The limits of a request. */
export type Limits = Pick<
  CommandOptionValues<typeof serveOptions>,
  'maxPrompt' | 'maxLength' | 'maxQueue' | 'timeLimit'
>;

/** The surroundings of a request. */
export interface RequestContext {
  readonly engine: Engine;
  /** The name of the model in the API. */
  readonly name: string;
  readonly limits: Limits;
  readonly client: object;
  /** Aborts when the client is gone, or at the time limit. */
  readonly signal: AbortSignal;
  /** Sends a server-sent event. The first event begins the answer. */
  send(event: object): void;
}

/** The end of an answer. */
export interface Answer {
  /** Sampled or scored characters. */
  readonly characters: number;
  /** Null if the answer was streamed. */
  readonly body: object | null;
}

/** Texts of a request, at most. */
const MAX_TEXTS = 128;

const { temperature, topK, topP, minP, seed } = kindsOf(tableOf(sampleOptions));
const strings = rule('a string or a list of strings', (value) =>
  [value].flat().every((each) => typeof each === 'string'),
);

/** The rule of each member, and its default. Unknown members are ignored, as in the OpenAI API. */
const members = {
  model: [text('a string'), null as string | null],
  prompt: [strings, '' as string | readonly string[]],
  max_tokens: [wholeNumber(0), 16],
  temperature: [temperature, 1 as SamplingOptions['temperature']],
  top_p: [topP, 1],
  top_k: [topK, undefined as number | undefined],
  min_p: [minP, 0],
  n: [wholeNumber(1, MAX_TEXTS), 1],
  stop: [strings, [] as string | readonly string[]],
  seed: [seed, null as number | null],
  echo: [onOff, false],
  logprobs: [wholeNumber(0, 20), null as number | null],
  stream: [onOff, false],
  stream_options: [rule('an object', isObject), {} as { readonly include_usage?: unknown }],
  unknown: [choice(unknownPolicies), 'error' as UnknownPolicy],
  best_of: [rule('1: it is not supported', (value) => value === 1), null],
  suffix: [rule('omitted: the model only continues texts', (value) => value === ''), null],
  logit_bias: [rule('omitted: it is not supported', (value) => Object.keys(value as object).length === 0), null],
  presence_penalty: [rule('0: it is not supported', (value) => value === 0), null],
  frequency_penalty: [rule('0: it is not supported', (value) => value === 0), null],
} satisfies Readonly<Record<string, readonly [Rule, unknown]>>;

/** A checked request for completions. */
export type CompletionRequest = { readonly [Name in keyof typeof members]: (typeof members)[Name][1] } & {
  readonly prompts: readonly string[];
  readonly seed: number;
};

/** @throws ApiError 400 for a wrong member */
export function readRequest(body: unknown, limits: Limits): CompletionRequest {
  if (!isObject(body))
    throw new ApiError(400, 'the body is not an object: expected an object such as {"prompt": "Once"}');
  const rules: Readonly<Record<string, readonly [Rule, unknown]>> = members;
  const read = mapValues(rules, ([{ holds, expected }, value], name) => {
    const given = body[name] ?? null;
    if (given === null) return value;
    if (holds(given)) return given;
    throw new ApiError(400, `${name} is ${JSON.stringify(given).slice(0, 80)}: expected ${expected(given)}`, name);
  }) as CompletionRequest;
  const { n, prompt, max_tokens } = read;
  const prompts = [prompt].flat();
  const texts = prompts.length * n;
  if (texts > MAX_TEXTS) throw new ApiError(400, `the request has ${texts} texts: expected at most ${MAX_TEXTS}`, 'n');
  if (max_tokens > limits.maxLength)
    throw new ApiError(400, `max_tokens is ${max_tokens}: expected at most ${limits.maxLength}`, 'max_tokens');
  return { ...read, prompts, seed: read.seed ?? Math.floor(Math.random() * 2 ** 32) };
}
