// `POST /v1/score`: the bits of each character of texts, each read from the start.
import { rule } from '../options/kind.ts';
import { logProbabilityOf } from '../sampling/text.ts';
import { type Answer, readPrompt } from './completions.ts';
import type { Engine } from './engine.ts';
import { badMember } from './errors.ts';
import { type Limits, type RequestContext, refuseFullQueue } from './request.ts';

const input = rule(
  'a string or a list of strings',
  (value) => [value].flat().length > 0 && [value].flat().every((each) => typeof each === 'string' && each !== ''),
);

interface ScoredText {
  readonly text: string;
  /** The sum over all characters that are predicted. */
  readonly bits: number;
  readonly bits_per_character: number;
  /** Null for a first character that no other precedes. */
  readonly characters: readonly { readonly text: string; readonly bits: number | null }[];
}

/** Scores texts, and answers. Returns the number of scored characters. */
export async function scoreTexts(body: unknown, context: RequestContext, answer: Answer): Promise<number> {
  const { engine, name, limits, client } = context;
  const given = (body as { input?: unknown } | null)?.input;
  if (!input.holds(given)) throw badMember('input', `input is not valid: expected ${input.expected()}`);
  const texts = [given].flat() as string[];
  refuseFullQueue(context, texts.length);
  const scored = await Promise.all(texts.map((text) => scoreText(text, engine, limits, client, answer.signal)));
  answer.json(200, { object: 'list', model: name, data: scored });
  return scored.reduce((sum, { characters }) => sum + characters.length, 0);
}

function scoreText(
  text: string,
  engine: Engine,
  limits: Limits,
  client: unknown,
  signal: AbortSignal,
): Promise<ScoredText> {
  const { ids, context } = readPrompt(engine.text, text, 'error', limits);
  const bits: (number | null)[] = context.length === ids.length ? [null] : [];
  const ended = engine.text.textsOf({ length: 0, stop: null, options: {} })(0, true);
  return new Promise((resolve, reject) => {
    engine.submit(client, {
      text: ended,
      start: context,
      onRead: (id, logits) => {
        if (signal.aborted) return;
        bits.push(-logProbabilityOf(id, logits) / Math.LN2);
      },
      onPiece: () => {},
      onEnd(error) {
        if (error !== null) return reject(error as Error);
        const total = bits.reduce<number>((sum, each) => sum + (each ?? 0), 0);
        resolve({
          text,
          bits: total,
          bits_per_character: total / Math.max(1, bits.filter((each) => each !== null).length),
          characters: bits.map((each, at) => ({ text: engine.text.textsOfTokens[ids[at]], bits: each })),
        });
      },
    });
  });
}
