// A model that runs on the server of the page, `rnn serve`.
import type { ModelText } from '../../sampling/model-text.ts';
import type { Choice } from '../../serve/completions.ts';
import {
  EXPECTED,
  type Ending,
  type Settings,
  type TextModel,
  type TextTokens,
  type Token,
  type TokenStream,
} from './text-model.ts';

/** The part of an event of a stream that the page uses. */
interface StreamEvent {
  readonly error?: { readonly message: string };
  readonly choices?: readonly Choice[];
}

export class ServerModel implements TextModel {
  readonly units: readonly string[] = [];
  unit = null;
  readonly #text: ModelText;
  /** The field for the token of a server that requires one. */
  readonly #token = document.querySelector<HTMLInputElement>('#token');

  constructor(text: ModelText) {
    this.#text = text;
    if (this.#token !== null) this.#token.value = sessionStorage.getItem('token') ?? '';
  }

  read(text: TextTokens, signal: AbortSignal): TokenStream {
    return this.#tokens(text, { echo: true, max_tokens: 0 }, signal);
  }

  sample(text: TextTokens, { length, topP, stop, ...same }: Settings, signal: AbortSignal): TokenStream {
    return this.#tokens(text, { ...same, max_tokens: length, top_p: topP, stop: stop === '' ? null : stop }, signal);
  }

  async *#tokens({ ids, hidden }: TextTokens, settings: object, signal: AbortSignal): AsyncGenerator<Token, Ending> {
    const prompt = this.#text.vocabulary.decode(ids.slice(hidden));
    const token = this.#token?.value ?? '';
    sessionStorage.setItem('token', token);
    const response = await fetch('v1/completions', {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({ ...settings, prompt, stream: true, logprobs: EXPECTED }),
      signal,
    });
    for await (const { error, choices = [] } of eventsOf(response)) {
      if (error !== undefined) throw new Error(error.message);
      for (const { logprobs, finish_reason } of choices) {
        const { tokens, token_logprobs, top_logprobs } = logprobs!;
        for (const [at, nats] of token_logprobs.entries()) {
          const expected = Object.entries(top_logprobs[at] ?? {});
          yield {
            id: this.#idOf(tokens[at]),
            bits: nats && -nats / Math.LN2,
            expected: expected.map(([token, log]) => ({ id: this.#idOf(token), probability: Math.exp(log) })),
            activation: null,
          };
        }
        if (finish_reason !== null) return finish_reason;
      }
    }
    throw new Error('the server has closed the connection');
  }

  #idOf(token: string): number {
    return this.#text.textsOfTokens.indexOf(token);
  }
}

/** The events of a stream of server-sent events, or the error of another answer. */
async function* eventsOf(response: Response): AsyncGenerator<StreamEvent> {
  if (!response.ok) yield (await response.json()) as StreamEvent;
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const lines = (rest + value).split('\n');
    rest = lines.pop()!;
    for (const line of lines) if (line.startsWith('data: {')) yield JSON.parse(line.slice(6)) as StreamEvent;
  }
}
