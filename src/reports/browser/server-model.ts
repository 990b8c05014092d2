// A model that runs on the server of the page, `rnn serve`.
import type { TokenScores } from '../../serve/token-scores.ts';
import type { Ending, Expectation, Piece, Settings, TextModel } from './text-model.ts';

/** The part of an event of a stream that the page uses. */
interface StreamEvent {
  readonly error?: { readonly message: string };
  readonly choices?: readonly StreamedChoice[];
}

interface StreamedChoice {
  readonly text: string;
  readonly logprobs: Pick<TokenScores, 'tokens' | 'token_logprobs' | 'top_logprobs'> | null;
  readonly finish_reason: 'stop' | 'length' | null;
}

const EXPECTATIONS = 5;

export class ServerModel implements TextModel {
  pieces: (Piece & { readonly expected: readonly Expectation[] })[] = [];
  readonly units: readonly string[] = [];

  read(prompt: string): Promise<void> {
    this.pieces = Array.from(prompt, (text) => ({ text, bits: null, isPrompt: true, expected: [] }));
    return Promise.resolve();
  }

  cut(pieces: number): void {
    this.pieces.length = pieces;
  }

  async sample(
    { length, temperature, topP, seed, stop }: Settings,
    signal: AbortSignal,
    onPieces: () => void,
  ): Promise<Ending> {
    const prompt = this.pieces.map(({ text }) => text).join('');
    let ending: Ending = 'stop';
    try {
      const response = await fetch('v1/completions', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          prompt,
          temperature,
          seed,
          max_tokens: length,
          top_p: topP,
          stop: stop === '' ? null : stop,
          stream: true,
          logprobs: EXPECTATIONS,
        }),
        signal,
      });
      if (!response.ok || response.body === null)
        throw new Error(((await response.json()) as StreamEvent).error!.message);
      for await (const { error, choices = [] } of eventsOf(response.body)) {
        if (error !== undefined) throw new Error(error.message);
        for (const choice of choices) {
          this.#add(choice);
          ending = choice.finish_reason ?? ending;
        }
        onPieces();
      }
    } catch (error) {
      if (!signal.aborted) throw error;
      ending = 'user';
    }
    return ending;
  }

  expectations(piece: number): readonly Expectation[] {
    return this.pieces[piece].expected;
  }

  watch(): Promise<void> {
    return Promise.resolve();
  }

  activation(): number {
    return 0;
  }

  #add({ text, logprobs }: StreamedChoice): void {
    const characters = [...text];
    // Bytes of a model of bytes are not characters.
    const isScored = logprobs !== null && logprobs.tokens.join('') === text;
    for (const [at, each] of characters.entries()) {
      const nats = isScored ? logprobs.token_logprobs[at] : null;
      const expected = Object.entries((isScored && logprobs.top_logprobs[at]) || {});
      this.pieces.push({
        text: each,
        bits: nats === null ? null : -nats / Math.LN2,
        isPrompt: false,
        expected: expected.map(([token, log]) => ({ token, probability: Math.exp(log) })),
      });
    }
  }
}

/** The events of a stream of server-sent events, up to `[DONE]`. */
async function* eventsOf(body: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<StreamEvent> {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const lines = (rest + value).split('\n');
    rest = lines.pop()!;
    for (const line of lines)
      if (line.startsWith('data: ') && line !== 'data: [DONE]') yield JSON.parse(line.slice(6)) as StreamEvent;
  }
}
