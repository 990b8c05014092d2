// Clients that send half a request, do not read, or leave: each is answered or closed, and the server
// lives on.
import { type Socket, connect } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { type OpenServer, withServer } from './fixture.ts';

/** Waits that are shorter than usual. */
const slowRequests = { waits: { headersTimeout: 100, requestTimeout: 200, connectionsCheckingInterval: 20 } };
const slowReaders = { waits: { answerTimeout: 200 } };
const slowAtEnd = { waits: { endTimeout: 200 } };

interface Client {
  readonly socket: Socket;
  /** Everything that the server has sent, once it has closed the connection. */
  readonly answer: Promise<string>;
}

function clientOf(url: string, text: string): Client {
  const { hostname, port } = new URL(url);
  const socket = connect({ port: Number(port), host: hostname, allowHalfOpen: true });
  socket.write(text);
  socket.on('error', () => {});
  let received = '';
  socket.on('data', (chunk) => (received += String(chunk)));
  const answer = new Promise<string>((resolve) => {
    socket.on('end', () => socket.end());
    socket.on('close', () => resolve(received));
  });
  return { socket, answer };
}

const post = (body: string, path = '/v1/completions', length = body.length): string =>
  `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${length}\r\n\r\n${body}`;
const request = (members: object): string => post(JSON.stringify({ prompt: 'a', ...members }));

/** An answer of about 20 MB, more than the system keeps for a client that does not read. */
const large = { n: 16, max_tokens: 2000, logprobs: 20 };

/** The status and the error of an answer. */
function errorIn(answer: string): { readonly status: number; readonly message: string } {
  const [head, body] = answer.split('\r\n\r\n');
  const { error } = JSON.parse(body) as { readonly error: { readonly message: string } };
  return { status: Number(head.split(' ')[1]), message: error.message };
}

const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await setTimeout(5);
};

const nextStatus = async ({ post: send }: OpenServer): Promise<number> =>
  (await send('v1/completions', { prompt: 'a' })).status;

describe('a client that', () => {
  test.each([
    ['says nothing', ''],
    ['sends half a header', 'POST /v1/completions HTTP/1.1\r\nHost: local'],
    ['sends half a body', post('{"prompt": "a', '/v1/completions', 100)],
    [
      'sends half a body in chunks',
      'POST /v1/score HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"inp',
    ],
  ])('%s gets the error that its request did not arrive in time', (_, text) =>
    withServer(async (server) => {
      const answer = await clientOf(server.url, text).answer;
      expect(errorIn(answer)).toEqual({ status: 408, message: 'the request did not arrive in time' });
      expect(await nextStatus(server)).toBe(200);
    }, slowRequests),
  );

  test('sends headers that are too large gets an error', () =>
    withServer(async (server) => {
      const headers = `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'a'.repeat(20_000)}`;
      expect(errorIn(await clientOf(server.url, headers).answer)).toEqual({
        status: 431,
        message: 'the headers are too large',
      });
      expect(await nextStatus(server)).toBe(200);
    }));

  test('sends a body that is too large gets the error once it has sent the body, and can send another request', () =>
    withServer(async (server) => {
      const next = 'GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n';
      const answer = await clientOf(server.url, post('a'.repeat(3e6)) + next).answer;
      expect(answer).toContain('the body is too large: expected at most 1048576 bytes');
      expect(answer.match(/HTTP\/1.1 \d+/g)).toEqual(['HTTP/1.1 413', 'HTTP/1.1 200']);
    }));

  test.each([true, false])('does not read its answer is closed (stream: %s)', (stream) =>
    withServer(async (server) => {
      const { socket } = clientOf(server.url, request({ ...large, stream }));
      socket.pause();
      await until(() => server.logs.length === 1);
      await until(() => server.engine.active === 0);
      expect(server.logs[0].characters === 16 * 2000).toBe(!stream);
      socket.destroy();
      expect(await nextStatus(server)).toBe(200);
    }, slowReaders),
  );

  test.each([true, false])('closes its side after its request is closed, and its text ends (stream: %s)', (stream) =>
    withServer(async (server) => {
      const { socket, answer } = clientOf(server.url, request({ max_tokens: 20_000, n: 8, stream }));
      await until(() => server.engine.active === 8);
      socket.end();
      await answer;
      await until(() => server.engine.active === 0);
      await until(() => server.logs.length === 1);
      const [{ characters, status }] = server.logs;
      expect(characters).toBeGreaterThan(0);
      expect(characters).toBeLessThan(8 * 20_000);
      expect(status).toBe(stream ? 200 : 499);
      expect(await nextStatus(server)).toBe(200);
    }),
  );
});

describe('a server that ends', () => {
  test('closes clients that are slow or idle', async () => {
    const clients: Client[] = [];
    await withServer(async ({ url, logs }) => {
      clients.push(
        clientOf(url, ''),
        clientOf(url, 'GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n'),
        clientOf(url, 'POST /v1/score HTTP/1.1\r\nHost: loc'),
        clientOf(url, post('{"prompt": "a', '/v1/completions', 100)),
        clientOf(url, request(large)),
      );
      clients.at(-1)!.socket.pause();
      await until(() => logs.length === 1);
    }, slowAtEnd);
    for (const { socket } of clients) socket.resume();
    const answers = await Promise.all(clients.map(({ answer }) => answer));
    expect(answers[1]).toContain('"status":"ok"');
  });

  test('finishes texts that have begun, and refuses a request that arrives later', () =>
    withServer(async (server) => {
      const begun = server.post('v1/completions', { prompt: 'a', max_tokens: 20_000, n: 8 });
      const late = clientOf(server.url, post('{"prompt": "a', '/v1/completions', 15));
      await until(() => server.engine.active === 8);
      const closed = server.server.close();
      late.socket.write('"}');
      expect(errorIn(await late.answer)).toEqual({ status: 503, message: 'the server is stopping' });
      const { choices } = (await (await begun).json()) as { choices: { text: string }[] };
      expect(choices.map(({ text }) => text.length)).toEqual(new Array(8).fill(20_000));
      await closed;
    }));
});
