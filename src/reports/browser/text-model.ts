// The models that the page of a model talks to, in the page or on a server.
import type { TokenProbability } from '../../sampling/likeliest.ts';

/** How many of the likeliest tokens the page shows. */
export const EXPECTED = 8;

/** The page responds to the user at such intervals. */
const SLICE_MS = 12;
/** While the model samples, the text is shown at such intervals, because each takes a layout. */
const RENDER_MS = 80;

/** A token that a model has read or sampled. */
export interface Token {
  readonly id: number;
  /** Its surprisal, without any sampling option. Null if the model did not predict it. */
  readonly bits: number | null;
  /** The likeliest tokens in its place. */
  readonly expected: readonly Omit<TokenProbability, 'nats'>[];
  /** The activation of the unit after the token. Null without a unit. */
  activation: number | null;
}

/** The tokens of a text. The page does not show the first `hidden` tokens, such as a start token. */
export interface TextTokens {
  readonly ids: readonly number[];
  readonly hidden: number;
}

/** How to sample. */
export interface Settings {
  /** Tokens, at most. */
  readonly length: number;
  readonly temperature: number;
  readonly topP: number;
  readonly seed: number;
  /** Ends the text. Empty for none. */
  readonly stop: string;
}

/** Why sampling ended: a length, a stop, the end of a record, or the user. */
export type Ending = 'length' | 'stop' | 'end' | 'user';

/** Tokens, and why they end. */
export type TokenStream = Iterator<Token, Ending> | AsyncIterator<Token, Ending>;

export interface TextModel {
  /** The names of units that have activations. */
  readonly units: readonly string[];
  /** The unit of `Token.activation`. */
  unit: string | null;
  /** Reads the tokens of a text that are not hidden. */
  read(text: TextTokens, signal: AbortSignal): TokenStream;
  /** Samples tokens that continue a text. */
  sample(text: TextTokens, settings: Settings, signal: AbortSignal): TokenStream;
}

/**
 * Uses tokens as they come, and lets the page respond meanwhile.
 *
 * @param show called from time to time
 */
export async function follow(
  tokens: TokenStream,
  signal: AbortSignal,
  use: (token: Token) => void,
  show = (): void => {},
): Promise<Ending> {
  let [sliceEnd, nextRender] = [performance.now() + SLICE_MS, 0];
  try {
    for (;;) {
      if (performance.now() >= sliceEnd) {
        const start = performance.now();
        if (start >= nextRender) {
          show();
          const end = performance.now();
          nextRender = end + Math.max(RENDER_MS, 5 * (end - start)); // a long line takes long to lay out
        }
        await otherTasks();
        sliceEnd = performance.now() + SLICE_MS;
      }
      if (signal.aborted) return 'user';
      const { done, value } = await tokens.next();
      if (done) return value;
      use(value);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
    return 'user';
  }
}

/** Lets the browser do everything that waits. */
const otherTasks = (): Promise<unknown> =>
  new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.addEventListener('message', resolve, { once: true });
    port1.start();
    port2.postMessage(null);
  });
