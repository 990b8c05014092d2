import OpenAI, { AuthenticationError, NotFoundError } from 'openai';
import { describe, expect, test } from 'vitest';
import { openCpu } from '../../src/devices/cpu/cpu.ts';
import { byteVocabulary } from '../../src/corpus/vocabulary.ts';
import { openSampler } from '../../src/sampling/sample.ts';
import { untrained } from '../sampling/fixture.ts';
import { letters, lively, withServer } from './fixture.ts';

const clientOf = (url: string, apiKey = 'unused'): OpenAI => new OpenAI({ baseURL: `${url}v1`, apiKey, maxRetries: 0 });

/** The text that `rnn sample` prints for these options. */
async function sampled(prime: string, seed: number, length: number, stop: string | null = null): Promise<string> {
  const sampler = await openSampler(lively(), await openCpu({ threads: 1 }));
  let text = '';
  for await (const piece of sampler.text({ prime, seed, length, stop, keepStop: false, options: {} })) text += piece;
  await sampler.close();
  return text;
}

describe('the client of OpenAI', () => {
  test('gets the same text as rnn sample with the same seed', () =>
    withServer(async ({ url }) => {
      const { choices, usage, object, model } = await clientOf(url).completions.create({
        model: 'test',
        prompt: 'the king',
        max_tokens: 50,
        seed: 7,
        n: 2,
      });
      expect(choices.map(({ text }) => text)).toEqual([
        await sampled('the king', 7, 50),
        await sampled('the king', 8, 50),
      ]);
      expect(choices).toMatchObject([
        { index: 0, finish_reason: 'length', logprobs: null },
        { index: 1, finish_reason: 'length', logprobs: null },
      ]);
      expect(usage).toEqual({ prompt_tokens: 8, completion_tokens: 100, total_tokens: 108 });
      expect({ object, model }).toEqual({ object: 'text_completion', model: 'test' });
    }));

  test('gets a stream whose parts are the whole text', () =>
    withServer(async ({ url }) => {
      const stream = await clientOf(url).completions.create({
        model: 'test',
        prompt: 'a',
        max_tokens: 300,
        seed: 3,
        n: 2,
        stream: true,
        stream_options: { include_usage: true },
      });
      const texts = ['', ''];
      const finished: (string | null)[] = [];
      let tokens = 0;
      for await (const { choices, usage } of stream) {
        tokens += usage?.completion_tokens ?? 0;
        for (const { index, text, finish_reason } of choices) {
          texts[index] += text;
          if (finish_reason !== null) finished.push(finish_reason);
        }
      }
      expect(texts).toEqual([await sampled('a', 3, 300), await sampled('a', 4, 300)]);
      expect(finished).toEqual(['length', 'length']);
      expect(tokens).toBe(600);
    }));

  test('gets texts without their stop, and several prompts in order', () =>
    withServer(async ({ url }) => {
      const { choices } = await clientOf(url).completions.create({
        model: 'test',
        prompt: ['one', 'two'],
        max_tokens: 400,
        stop: ['e', 'q'],
        seed: 1,
      });
      expect(choices).toHaveLength(2);
      for (const { text, finish_reason } of choices) {
        expect(text).not.toMatch(/[eq]/u);
        expect(finish_reason).toBe('stop');
      }
      const [first] = choices;
      const whole = await sampled('one', 1, 400);
      expect(first.text).toBe(whole.slice(0, whole.search(/[eq]/u)));
    }));

  test('gets log-probabilities that are the same when the text is a prompt', () =>
    withServer(async ({ url }) => {
      const client = clientOf(url);
      const request = { model: 'test', prompt: 'the ', max_tokens: 12, logprobs: 3, seed: 2 };
      const [{ text, logprobs }] = (await client.completions.create(request)).choices;
      expect(logprobs!.tokens!.join('')).toBe(text);
      expect(logprobs!.text_offset).toEqual(Array.from({ length: 12 }, (_, at) => at));
      for (const top of logprobs!.top_logprobs!) expect(Object.keys(top)).toHaveLength(3);
      const echoed = { ...request, prompt: `the ${text}`, max_tokens: 0, echo: true };
      const [read] = (await client.completions.create(echoed)).choices;
      expect(read).toMatchObject({ text: `the ${text}`, finish_reason: 'length' });
      const scores = read.logprobs!.token_logprobs!.slice(4);
      for (const [at, score] of scores.entries()) expect(score).toBeCloseTo(logprobs!.token_logprobs![at], 4);
    }));

  test('gets the tokens of an echoed prompt with the first part of a stream', () =>
    withServer(async ({ url }) => {
      const request = { model: 'test', prompt: 'the ', max_tokens: 9, logprobs: 2, echo: true, seed: 2 };
      const [whole] = (await clientOf(url).completions.create(request)).choices;
      const parts: OpenAI.CompletionChoice[] = [];
      for await (const { choices } of await clientOf(url).completions.create({ ...request, stream: true }))
        parts.push(...choices);
      expect(parts[0].text).toMatch(/^the /);
      for (const { text, logprobs } of parts) expect(logprobs!.tokens!.join('')).toBe(text);
      expect(parts.flatMap(({ logprobs }) => logprobs!.token_logprobs!)).toEqual(whole.logprobs!.token_logprobs);
    }));

  test('gets no token for a length of 0, and one token for a length of 1', () =>
    withServer(async ({ url }) => {
      const create = async (max_tokens: number) => {
        const { choices, usage } = await clientOf(url).completions.create({ model: 'test', prompt: 'a', max_tokens });
        return { length: choices[0].text.length, tokens: usage!.completion_tokens };
      };
      expect(await create(0)).toEqual({ length: 0, tokens: 0 });
      expect(await create(1)).toEqual({ length: 1, tokens: 1 });
    }));

  test('gets a log-probability for each byte of a model of bytes', () =>
    withServer(
      async ({ url }) => {
        const request = { model: 'test', prompt: 'é€', max_tokens: 0, logprobs: 0, echo: true };
        const [{ text, logprobs }] = (await clientOf(url).completions.create(request)).choices;
        expect(text).toBe('é€');
        expect(Buffer.from(logprobs!.tokens!.join(''), 'latin1').toString()).toBe('é€');
        expect(logprobs!.token_logprobs).toEqual([null, ...new Array<unknown>(4).fill(expect.any(Number))]);
      },
      {},
      untrained(byteVocabulary().data, (_, data) => data.forEach((value, i) => void (data[i] = 3 * value))),
    ));

  test('lists the model, and gets errors as exceptions of their kinds', () =>
    withServer(async ({ url }) => {
      const client = clientOf(url);
      const models = await client.models.list();
      expect(models.data.map(({ id }) => id)).toEqual(['test']);
      expect((await client.models.retrieve('test')).owned_by).toBe('rnn');
      await expect(client.completions.create({ model: 'gpt', prompt: 'a' })).rejects.toThrow(NotFoundError);
      await expect(client.completions.create({ model: 'test', prompt: 'Ä' })).rejects.toThrow(/never seen/u);
      await expect(client.chat.completions.create({ model: 'test', messages: [] })).rejects.toThrow(
        /has no chat: use \/v1\/completions/u,
      );
    }));

  test('needs the token if the server has one', () =>
    withServer(
      async ({ url }) => {
        const request = { model: 'test', prompt: 'a', max_tokens: 1 };
        await expect(clientOf(url, 'wrong').completions.create(request)).rejects.toThrow(AuthenticationError);
        expect((await clientOf(url, 'secret-token').completions.create(request)).choices).toHaveLength(1);
      },
      { token: 'secret-token' },
    ));
});

test('requests that arrive together are sampled together, each as if it were alone', () =>
  withServer(async ({ post, engine }) => {
    const answers = Array.from({ length: 40 }, (_, seed) =>
      post('v1/completions', { prompt: 'be', max_tokens: 2000 + seed, seed }),
    );
    let most = 0;
    const watch = setInterval(() => (most = Math.max(most, engine.active)), 1);
    const texts = await Promise.all(
      answers.map(async (answer) => ((await (await answer).json()) as OpenAI.Completion).choices[0].text),
    );
    clearInterval(watch);
    expect(most).toBeGreaterThan(1);
    for (const seed of [0, 13, 39]) expect(texts[seed]).toBe(await sampled('be', seed, 2000 + seed));
    expect(letters.symbols).toContain(texts[0][0]);
  }));
