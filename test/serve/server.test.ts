// Requests that are wrong, hostile or broken off: each gets a clear answer, and the server lives on.
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { Engine } from '../../src/serve/engine.ts';
import { openCpu } from '../../src/devices/cpu/cpu.ts';
import { Random } from '../../src/random.ts';
import { lively, withServer } from './fixture.ts';

interface Failure {
  readonly error: { readonly message: string; readonly type: string; readonly param: string | null };
}

/** The status and the answer to bytes that are written to a socket. */
function raw(url: string, text: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect(Number(port), hostname, () => socket.end(text));
    socket.on('data', (chunk) => (answer += String(chunk)));
    socket.on('close', () => resolve(answer));
    socket.on('error', () => resolve(answer));
  });
}

/** The status of a request with these headers, which fetch would not send. */
const statusWith = (url: string, headers: Record<string, string>): Promise<number> =>
  new Promise((resolve, reject) => {
    httpRequest(`${url}health`, { headers }, (response) => resolve(response.resume().statusCode!))
      .on('error', reject)
      .end();
  });

describe('a request that is wrong', () => {
  const wrong: readonly (readonly [string, unknown, number, string | null, string])[] = [
    ['that is not JSON', '{"prompt', 400, null, 'the body is not JSON'],
    ['that is empty', '', 400, null, 'the body is not JSON'],
    ['that is a list', [], 400, null, 'the body is not an object'],
    ['with a prompt of numbers', { prompt: [1, 2] }, 400, 'prompt', 'prompt is [1,2]: expected a string or a list'],
    ['with a negative temperature', { temperature: -1 }, 400, 'temperature', 'temperature is -1: expected a number'],
    [
      'with a length in words',
      { max_tokens: 'many' },
      400,
      'max_tokens',
      'max_tokens is "many": expected a whole number',
    ],
    ['for more than the limit', { max_tokens: 20_001 }, 400, 'max_tokens', 'expected at most 20000'],
    ['for too many texts', { n: 129 }, 400, 'n', 'n is 129: expected a whole number'],
    ['for too many texts of many prompts', { prompt: ['a', 'b'], n: 100 }, 400, 'n', 'the request has 200 texts'],
    ['with unknown characters', { prompt: 'naïve Å' }, 400, 'prompt', 'never seen'],
    ['with a long prompt', { prompt: 'a'.repeat(2001) }, 400, 'prompt', 'the prompt has 2001 characters'],
    ['with an empty stop', { stop: '' }, 400, null, 'a stop is empty'],
    ['for another model', { model: 'gpt' }, 404, 'model', 'model not found: gpt'],
    ['with a suffix', { suffix: 'end' }, 400, 'suffix', 'the model only continues texts'],
    ['with a penalty', { presence_penalty: 1 }, 400, 'presence_penalty', 'it is not supported'],
    ['with best_of', { best_of: 2 }, 400, 'best_of', 'it is not supported'],
  ];
  test.each(wrong)('%s is refused', (_, body, status, param, message) =>
    withServer(async ({ post }) => {
      const answer = await post('v1/completions', body);
      expect(answer.status).toBe(status);
      const { error } = (await answer.json()) as Failure;
      expect(error).toMatchObject({ type: 'invalid_request_error', param });
      expect(error.message).toContain(message);
      expect((await post('v1/completions', { prompt: 'a', unknown_member: 1 })).status).toBe(200);
    }),
  );

  test('has a prompt with unknown characters, but may skip them', () =>
    withServer(async ({ post }) => {
      const request = { seed: 1, max_tokens: 9 };
      const [skipped, plain] = await Promise.all(
        [{ prompt: 'nÄa', unknown: 'skip' }, { prompt: 'na' }].map(
          async (each) =>
            (await post('v1/completions', { ...request, ...each })).json() as Promise<{ choices: object }>,
        ),
      );
      expect(skipped.choices).toEqual(plain.choices);
    }));

  test.each([
    ['GET', 'v1/completions', 405],
    ['POST', 'health', 405],
    ['GET', 'v1/engines', 404],
    ['GET', 'favicon.ico', 404],
    ['POST', 'v1/chat/completions', 404],
  ])('%s %s has the answer %i', (method, path, status) =>
    withServer(async ({ url }) => {
      const answer = await fetch(`${url}${path}`, { method });
      expect(answer.status).toBe(status);
      expect(((await answer.json()) as Failure).error.type).toBe('invalid_request_error');
    }),
  );

  test('has a body that is too large', () =>
    withServer(async ({ post }) => {
      // A client that still sends when the server answers may only see that the connection is closed.
      const answer = await post('v1/completions', { prompt: 'a'.repeat(2 ** 20) }).catch(() => ({ status: 413 }));
      expect(answer.status).toBe(413);
      expect((await post('v1/completions', { prompt: 'a' })).status).toBe(200);
    }));

  test('comes when the queue is full', () =>
    withServer(
      async ({ post }) => {
        const answers = await Promise.all(
          Array.from({ length: 12 }, () => post('v1/completions', { prompt: 'a', n: 60, max_tokens: 500 })),
        );
        const statuses = answers.map(({ status }) => status);
        expect(statuses).toContain(429);
        expect(statuses).toContain(200);
      },
      { maxQueue: 64 },
    ));
});

describe('a request from elsewhere', () => {
  test('is refused if its Host is another name, which a page could have made resolve to this address', () =>
    withServer(async ({ url }) => {
      const { port } = new URL(url);
      expect(await statusWith(url, { host: `example.com:${port}` })).toBe(403);
      expect(await statusWith(url, { host: `10.0.0.1:${port}` })).toBe(403);
      expect(await statusWith(url, { host: `localhost:${port}` })).toBe(200);
      expect(await statusWith(url, { host: `127.0.0.1:${port}` })).toBe(200);
    }));

  test('is refused if a page of another origin made it, unless the origin is allowed', () =>
    withServer(
      async ({ post, url }) => {
        const other = await post('v1/completions', { prompt: 'a' }, { origin: 'https://other.example' });
        expect(other.status).toBe(403);
        expect(other.headers.get('access-control-allow-origin')).toBe(null);
        const allowed = await post('v1/completions', { prompt: 'a' }, { origin: 'https://good.example' });
        expect(allowed.status).toBe(200);
        expect(allowed.headers.get('access-control-allow-origin')).toBe('https://good.example');
        const preflight = await fetch(`${url}v1/completions`, {
          method: 'OPTIONS',
          headers: { origin: 'https://good.example' },
        });
        expect(preflight.status).toBe(204);
        const form = await post('v1/completions', '{"prompt": "a"}', {
          origin: 'https://good.example',
          'content-type': 'text/plain',
        });
        expect(form.status).toBe(415);
      },
      { origin: 'https://good.example' },
    ));
});

test('a page of the allowed origin may ask for permission without the token, and everyone gets the page', () =>
  withServer(
    async ({ url }) => {
      const headers = { origin: 'https://good.example' };
      const preflight = await fetch(`${url}v1/completions`, { method: 'OPTIONS', headers });
      expect(preflight.status).toBe(204);
      expect(preflight.headers.get('access-control-allow-headers')).toContain('authorization');
      expect((await fetch(`${url}v1/models`)).status).toBe(401);
      expect(await (await fetch(url)).text()).toContain('id="token"');
    },
    { origin: 'https://good.example', token: 'secret-token' },
  ));

describe('the server lives on', () => {
  test('after bytes that are not HTTP, headers that are too large, and half a request', () =>
    withServer(async ({ url, post }) => {
      expect(await raw(url, 'hello\r\n\r\n')).toMatch(/^HTTP\/1.1 400 /u);
      expect(await raw(url, `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'a'.repeat(40_000)}\r\n\r\n`)).toMatch(
        /^HTTP\/1.1 431 /u,
      );
      await raw(url, 'POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{"prompt": "a');
      expect((await post('v1/completions', { prompt: 'a' })).status).toBe(200);
    }));

  test('after clients that leave in the middle of a stream, whose texts are not sampled further', () =>
    withServer(async ({ post, engine }) => {
      for (let i = 0; i < 5; i++) {
        const stop = new AbortController();
        const answer = await fetch((await post('health', {})).url.replace('health', 'v1/completions'), {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ prompt: 'a', max_tokens: 20_000, stream: true }),
          signal: stop.signal,
        });
        await answer.body!.getReader().read();
        stop.abort();
      }
      for (let i = 0; i < 200 && engine.active > 0; i++) await new Promise((resolve) => setTimeout(resolve, 10));
      expect(engine.active).toBe(0);
      expect((await post('v1/completions', { prompt: 'a' })).status).toBe(200);
    }));

  test('after many malformed bodies, and never answers with 500', () =>
    withServer(async ({ post, logs }) => {
      const source = new Random(1);
      const random = (): number => source.uniform();
      const pick = <Value>(values: readonly Value[]): Value => values[Math.floor(random() * values.length)];
      const names = ['prompt', 'max_tokens', 'temperature', 'top_p', 'n', 'stop', 'seed', 'logprobs', 'echo', 'stream'];
      const values = [
        null,
        -1,
        0,
        1,
        1e308,
        0.5,
        '',
        'a',
        'é',
        [],
        ['a'],
        [[]],
        {},
        true,
        '\u0000',
        [1e9],
        'a'.repeat(99),
      ];
      for (let i = 0; i < 300; i++) {
        const body = Object.fromEntries(Array.from({ length: 1 + (i % 4) }, () => [pick(names), pick(values)]));
        const text = JSON.stringify({ max_tokens: 2, ...body });
        const answer = await post('v1/completions', random() < 0.2 ? text.slice(0, random() * text.length) : text);
        await answer.text();
      }
      expect(logs.map(({ status }) => status).filter((status) => status >= 500)).toEqual([]);
      expect(new Set(logs.map(({ status }) => status))).toContain(200);
    }));
});

test('a text that waits ends when its client leaves', () =>
  withServer(async ({ url, post, engine }) => {
    const long = post('v1/completions', { prompt: 'a', max_tokens: 5000, n: 64 });
    const until = async (waiting: number): Promise<void> => {
      while (engine.waiting !== waiting) await new Promise((resolve) => setTimeout(resolve, 5));
    };
    const leave = new AbortController();
    const body = JSON.stringify({ prompt: 'a', n: 2 });
    const left = fetch(`${url}v1/completions`, { method: 'POST', body, signal: leave.signal });
    await until(2);
    leave.abort();
    await expect(left).rejects.toThrow('aborted');
    await until(0);
    expect(engine.active).toBe(64);
    expect((await long).status).toBe(200);
  }));

test('texts that are scored end at the time limit, and the answer says so', () =>
  withServer(
    async ({ post, engine }) => {
      const answer = await post('v1/score', { input: 'a'.repeat(2000) });
      expect(answer.status).toBe(503);
      expect(((await answer.json()) as Failure).error.message).toContain('within the time limit');
      expect(engine.active).toBe(0);
    },
    { timeLimit: 20 },
    lively(300),
  ));

test('a text ends at the time limit', () =>
  withServer(
    async ({ post }) => {
      const answer = await post('v1/completions', { prompt: 'a', max_tokens: 20_000 });
      const [{ text, finish_reason }] = (
        (await answer.json()) as { choices: { text: string; finish_reason: string }[] }
      ).choices;
      expect(finish_reason).toBe('length');
      expect(text.length).toBeLessThan(20_000);
    },
    { timeLimit: 30 },
    lively(300),
  ));

test('a model is replaced, and requests that have begun end with the earlier one', () =>
  withServer(async ({ post, server }) => {
    const first = post('v1/completions', { prompt: 'a', max_tokens: 3000, seed: 1 });
    await new Promise((resolve) => setTimeout(resolve, 20));
    const engine = await Engine.open(lively(8), await openCpu({ threads: 1 }));
    await server.replace({ engine, name: 'other', created: 2, page: '' });
    const textOf = async (answer: Response): Promise<string> =>
      ((await answer.json()) as { choices: { text: string }[] }).choices[0].text;
    const earlier = await textOf(await first);
    expect(earlier).toHaveLength(3000);
    const later = await textOf(
      await post('v1/completions', { model: 'other', prompt: 'a', max_tokens: 3000, seed: 1 }),
    );
    expect(later).not.toBe(earlier);
  }));

test('the bits of a text are the log-probabilities that completions echo', () =>
  withServer(async ({ post }) => {
    const answer = await post('v1/score', { input: ['the king', 'a'] });
    const { data } = (await answer.json()) as {
      data: { text: string; bits: number; characters: { text: string; bits: number }[] }[];
    };
    expect(data.map(({ text }) => text)).toEqual(['the king', 'a']);
    expect(data[0].characters.map(({ text }) => text).join('')).toBe('the king');
    const echo = { prompt: 'the king', echo: true, max_tokens: 0, logprobs: 0 };
    const completion = (await (await post('v1/completions', echo)).json()) as {
      choices: { logprobs: { token_logprobs: number[] } }[];
    };
    const nats = -completion.choices[0].logprobs.token_logprobs.reduce((sum, each) => sum + each, 0);
    expect(data[0].bits).toBeCloseTo(nats / Math.LN2, 6);
    expect((await post('v1/score', { input: [] })).status).toBe(400);
    expect((await post('v1/score', { input: '' })).status).toBe(400);
    expect((await post('v1/score', { input: 'ÄÖ' })).status).toBe(400);
  }));
