// The log-probabilities of tokens, in the form of the OpenAI API.
import { logProbabilityOf } from '../sampling/text.ts';

/** The tokens of a text and their log-probabilities, as in the OpenAI API. */
export interface TokenScores {
  readonly tokens: string[];
  readonly token_logprobs: (number | null)[];
  readonly top_logprobs: (Readonly<Record<string, number>> | null)[];
  readonly text_offset: number[];
}

/** The scores of tokens from index `first` on that begin before the end of the text. */
export function cutScores(
  { tokens, token_logprobs, top_logprobs, text_offset }: TokenScores,
  first: number,
  length: number,
): TokenScores {
  const end = text_offset.findIndex((offset) => offset >= length);
  const range = [first, end < 0 ? tokens.length : end] as const;
  return {
    tokens: tokens.slice(...range),
    token_logprobs: token_logprobs.slice(...range),
    top_logprobs: top_logprobs.slice(...range),
    text_offset: text_offset.slice(...range),
  };
}

/** The `count` likeliest tokens with ln p. */
export function likeliest(logits: Float32Array, count: number, texts: readonly string[]): Record<string, number> {
  const ids = Array.from(logits.keys()).toSorted((a, b) => logits[b] - logits[a]);
  return Object.fromEntries(ids.slice(0, count).map((id) => [texts[id], logProbabilityOf(id, logits)]));
}
