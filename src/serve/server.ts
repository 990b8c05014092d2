// An HTTP server for a model: the routes, and the rules for requests before they reach the model.
import { createHash, timingSafeEqual } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isIP } from 'node:net';
import { complete, type Answer } from './completions.ts';
import type { Engine } from './engine.ts';
import { ApiError, apiError } from './errors.ts';
import type { Limits } from './request.ts';
import { scoreTexts } from './score.ts';

/** How to serve. */
export interface ServerOptions extends Limits {
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
  /** Requests must have this bearer token. Null for none. */
  readonly token: string | null;
  /** Pages of this origin may read the answers. Null for none. */
  readonly origin: string | null;
}

/** A request that was answered. */
export interface RequestLog {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly milliseconds: number;
  /** Sampled or scored characters. */
  readonly characters: number;
  readonly client: string;
}

/** The model that is served at the moment. */
export interface Served {
  readonly engine: Engine;
  /** The name of the model in the API. */
  readonly name: string;
  /** Seconds since 1970, when the model was saved. */
  readonly created: number;
  /** The page at `/`. */
  readonly page: string;
}

const MAX_BODY_BYTES = 2 ** 20;
/** A client that is slower to send its request is refused. */
const TIMEOUTS = { headersTimeout: 10_000, requestTimeout: 30_000, keepAliveTimeout: 60_000 };
const MAX_CONNECTIONS = 1024;
/** Bytes that may wait for a slow client. */
const MAX_UNSENT_BYTES = 2 ** 22;

const JSON_TYPE = 'application/json';

/** Serves a model until `close`. */
export class ModelServer {
  readonly #server: Server;
  readonly #options: ServerOptions;
  readonly #onRequest: (log: RequestLog) => void;
  #served: Served;

  /** @param onRequest called for each request, once it is answered */
  constructor(served: Served, options: ServerOptions, onRequest: (log: RequestLog) => void) {
    this.#served = served;
    this.#options = options;
    this.#onRequest = onRequest;
    this.#server = createServer(TIMEOUTS, (request, response) => void this.#answer(request, response));
    this.#server.maxConnections = MAX_CONNECTIONS;
    this.#server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
      if (error.code === 'ECONNRESET' || !socket.writable) return socket.destroy();
      const status = error.code === 'HPE_HEADER_OVERFLOW' ? 431 : error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400;
      const body = JSON.stringify(new ApiError(status, 'the request is not valid HTTP').body);
      socket.end(
        `HTTP/1.1 ${status} Bad Request\r\nConnection: close\r\nContent-Type: ${JSON_TYPE}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      );
    });
  }

  /** Returns the URL. @throws the error of the system, such as EADDRINUSE */
  async listen(): Promise<string> {
    const { host, port } = this.#options;
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, host, resolve);
    });
    const { address, port: actual, family } = this.#server.address() as AddressInfo;
    return `http://${family === 'IPv6' ? `[${address}]` : address}:${actual}/`;
  }

  /** Serves another model. Requests that have begun end with the earlier one. */
  async replace(served: Served): Promise<void> {
    const earlier = this.#served;
    this.#served = served;
    await earlier.engine.close();
  }

  /** Refuses new requests, and waits until all others are answered. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeIdleConnections();
    await this.#served.engine.close();
    await closed;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const began = performance.now();
    const path = (request.url ?? '/').split('?')[0];
    const client = request.socket.remoteAddress ?? '';
    let characters = 0;
    response.once('close', () =>
      this.#onRequest({
        method: request.method ?? '',
        path,
        status: response.statusCode,
        milliseconds: performance.now() - began,
        characters,
        client,
      }),
    );
    const answer = answerTo(response);
    try {
      this.#check(request, response);
      if (request.method === 'OPTIONS') response.writeHead(204).end();
      else characters = await this.#route(request, path, answer, response);
    } catch (error) {
      const failure = apiError(error);
      if (!response.headersSent) {
        if (!request.complete) response.setHeader('connection', 'close');
        answer.json(failure.status, failure.body);
      } else response.destroy();
    }
  }

  async #route(request: IncomingMessage, path: string, answer: Answer, response: ServerResponse): Promise<number> {
    const { engine, name, created } = this.#served;
    const context = { engine, name, limits: this.#options, client: request.socket };
    const allow = (method: 'GET' | 'POST'): void => {
      if (request.method === method || (method === 'GET' && request.method === 'HEAD')) return;
      response.setHeader('allow', method);
      throw new ApiError(405, `cannot ${request.method} ${path}: expected ${method}`);
    };
    const model = { id: name, object: 'model', created, owned_by: 'rnn' };
    switch (path) {
      case '/':
        allow('GET');
        response.setHeader('content-type', 'text/html; charset=utf-8').end(this.#served.page);
        return 0;
      case '/health':
        allow('GET');
        answer.json(200, { status: 'ok', model: name, active: engine.active, waiting: engine.waiting });
        return 0;
      case '/v1/models':
        allow('GET');
        answer.json(200, { object: 'list', data: [model] });
        return 0;
      case `/v1/models/${encodeURIComponent(name)}`:
        allow('GET');
        answer.json(200, model);
        return 0;
      case '/v1/completions':
        allow('POST');
        return complete(await readJson(request), context, answer);
      case '/v1/score':
        allow('POST');
        return scoreTexts(await readJson(request), context, answer);
      case '/v1/chat/completions':
        throw new ApiError(404, 'a model of characters has no chat: use /v1/completions');
      default:
        throw new ApiError(404, `path not found: ${path.slice(0, 200)}`);
    }
  }

  /**
   * Refuses requests that a page of another site may have caused.
   *
   * @throws ApiError 401 or 403
   */
  #check({ headers, socket }: IncomingMessage, response: ServerResponse): void {
    const { token, origin } = this.#options;
    if (headers.origin !== undefined && headers.origin === origin) {
      response.setHeader('access-control-allow-origin', origin);
      response.setHeader('access-control-allow-headers', 'authorization, content-type');
      response.setHeader('access-control-allow-methods', 'GET, POST');
      response.setHeader('vary', 'origin');
    } else if (headers.origin !== undefined && headers.origin !== `http://${headers.host}`)
      throw new ApiError(
        403,
        `origin not allowed: ${headers.origin.slice(0, 200)}. Start the server with --origin to allow it`,
      );
    // A page elsewhere can make its name resolve to this address, but cannot change the header.
    if (token === null && !isOwnHost(headers.host, socket.localAddress))
      throw new ApiError(
        403,
        `host not allowed: ${headers.host?.slice(0, 200)}. Use the address that the server listens on, or localhost`,
      );
    if (token !== null && !isSame(headers.authorization ?? '', `Bearer ${token}`)) {
      response.setHeader('www-authenticate', 'Bearer');
      throw new ApiError(401, 'the token is missing or wrong: expected the header Authorization: Bearer TOKEN', {
        code: 'invalid_api_key',
      });
    }
  }
}

/** Whether a Host header is localhost or the address of the server. */
function isOwnHost(header: string | undefined, address: string | undefined): boolean {
  const host = header
    ?.replace(/:\d+$/, '')
    .replace(/^\[(.*)\]$/, '$1')
    .toLowerCase();
  return host === 'localhost' || (host !== undefined && isIP(host) !== 0 && host === address?.replace(/^::ffff:/, ''));
}

/** Compares in a time that does not depend on the texts. */
function isSame(a: string, b: string): boolean {
  const [first, second] = [a, b].map((text) => createHash('sha256').update(text).digest());
  return timingSafeEqual(first, second);
}

/** @throws ApiError for a body that is too large, of another type or not JSON */
async function readJson(request: IncomingMessage): Promise<unknown> {
  const { origin, 'content-type': type = JSON_TYPE } = request.headers;
  // A page needs permission to send JSON. Programs may send any type, as curl does by default.
  if (origin !== undefined && type.split(';')[0].trim().toLowerCase() !== JSON_TYPE)
    throw new ApiError(415, `content-type is ${type.slice(0, 100)}: expected ${JSON_TYPE}`);
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES)
      throw new ApiError(413, `the body is too large: expected at most ${MAX_BODY_BYTES} bytes`);
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown;
  } catch (error) {
    throw new ApiError(400, `the body is not JSON: ${(error as Error).message.slice(0, 200)}`);
  }
}

function answerTo(response: ServerResponse): Answer {
  const gone = new AbortController();
  setMaxListeners(0, gone.signal); // each text of a request listens
  response.once('close', () => gone.abort());
  response.on('error', () => gone.abort());
  return {
    signal: gone.signal,
    json(status, body) {
      if (response.destroyed) return;
      response.writeHead(status, { 'content-type': JSON_TYPE, 'cache-control': 'no-store' }).end(JSON.stringify(body));
    },
    begin() {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    },
    event(data) {
      if (response.destroyed) return;
      response.write(`data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`);
      if (response.writableLength > MAX_UNSENT_BYTES) response.destroy();
    },
    end() {
      response.end();
    },
  };
}
