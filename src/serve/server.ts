// An HTTP server for a model: the routes, and the rules for requests before they reach the model.
import { createHash, timingSafeEqual } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { IncomingMessage, type Server, ServerResponse, createServer } from 'node:http';
import { type AddressInfo, type Socket, isIP } from 'node:net';
import { complete } from './completions.ts';
import type { Engine } from './engine.ts';
import { ApiError, apiError } from './errors.ts';
import type { CommandOptionValues } from '../options/option.ts';
import type { serveOptions } from '../options/serve.ts';
import type { Limits } from './request.ts';
import { scoreTexts } from './score.ts';

/** How to serve. */
export type ServerOptions = Limits &
  Pick<CommandOptionValues<typeof serveOptions>, 'host' | 'port' | 'token' | 'origin'>;

/** A request that was answered. */
export interface RequestLog {
  readonly method: string;
  readonly path: string;
  /** 499 if the client left before it was answered, as in the logs of nginx. */
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
const MAX_CONNECTIONS = 1024;
/** Bytes that may wait for a slow client. */
const MAX_UNSENT_BYTES = 2 ** 22;
const JSON_TYPE = 'application/json';

/** How long the server waits for a slow client, in milliseconds. The first four are options of Node. */
export const WAITS = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  keepAliveTimeout: 60_000,
  /** Between two checks of the first two. */
  connectionsCheckingInterval: 2000,
  /** For a client that reads nothing of its answer. */
  answerTimeout: 30_000,
  /** For clients that read the rest of their answers when the server ends. */
  endTimeout: 5000,
};

/** The handlers of requests with a body, by their paths. */
const handlers = new Map([
  ['/v1/completions', complete],
  ['/v1/score', scoreTexts],
]);

/** Serves a model until `close`. */
export class ModelServer {
  readonly #server: Server;
  readonly #options: ServerOptions;
  readonly #waits: typeof WAITS;
  readonly #onRequest: (log: RequestLog) => void;
  /** The answers that have not ended, by their connections. */
  readonly #answers = new Map<object, ServerResponse>();
  #served: Served;
  #isClosing = false;

  /** @param onRequest called for each request, once it is answered */
  constructor(served: Served, options: ServerOptions, onRequest: (log: RequestLog) => void, waits = WAITS) {
    this.#served = served;
    this.#options = options;
    this.#waits = waits;
    this.#onRequest = onRequest;
    this.#server = createServer(waits, (request, response) => void this.#answer(request, response));
    this.#server.maxConnections = MAX_CONNECTIONS;
    this.#server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
      if (error.code === 'ECONNRESET' || !socket.writable) return socket.destroy();
      const [status, message] = protocolErrors[error.code ?? ''] ?? [400, 'the request is not valid HTTP'];
      this.#fail(this.#answers.get(socket) ?? answerOn(socket as Socket), new ApiError(status, message));
      (socket as Socket).destroySoon();
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

  /** Serves another model. Requests that have begun end with the earlier model. */
  async replace(served: Served): Promise<void> {
    const earlier = this.#served;
    this.#served = served;
    await earlier.engine.close();
  }

  /** Refuses new requests, and waits until all texts have ended and clients have read their answers. */
  async close(): Promise<void> {
    this.#isClosing = true;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    await this.#served.engine.close();
    const closeIdle = setInterval(() => this.#server.closeIdleConnections(), 20);
    const closeAll = setTimeout(() => this.#server.closeAllConnections(), this.#waits.endTimeout);
    await closed;
    clearInterval(closeIdle);
    clearTimeout(closeAll);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const began = performance.now();
    const { method = '', url = '/', socket } = request;
    const [path] = url.split('?');
    const client = socket.remoteAddress ?? '';
    const end = new AbortController();
    setMaxListeners(0, end.signal); // each text of a request listens
    const timer = setTimeout(() => end.abort(), this.#options.timeLimit);
    this.#answers.set(socket, response);
    response.on('error', () => response.destroy());
    response.once('close', () => end.abort());
    const closed = new Promise((resolve) => response.once('close', resolve));
    const characters = await this.#route(request, response, path, end.signal).catch((error: unknown) => {
      request.resume(); // the client can read the answer when it has sent everything
      this.#fail(response, apiError(error));
    });
    await closed;
    clearTimeout(timer);
    if (this.#answers.get(socket) === response) this.#answers.delete(socket);
    const status = response.headersSent ? response.statusCode : 499;
    const milliseconds = performance.now() - began;
    this.#onRequest({ method, path, status, milliseconds, characters: characters ?? 0, client });
  }

  /** Answers, and returns the number of sampled or scored characters. */
  async #route(request: IncomingMessage, response: ServerResponse, path: string, signal: AbortSignal) {
    const { method = '', socket } = request;
    this.#check(request, response, path);
    if (method === 'OPTIONS') return void response.writeHead(204).end();
    const [content, handler] = [this.#contents().get(path), handlers.get(path)];
    if (path === '/v1/chat/completions')
      throw new ApiError(404, 'a model of characters has no chat: use /v1/completions');
    if (content === undefined && handler === undefined)
      throw new ApiError(404, `path not found: ${path.slice(0, 200)}`);
    const allowed = content === undefined ? ['POST'] : ['GET', 'HEAD'];
    if (!allowed.includes(method)) {
      response.setHeader('allow', allowed.join(', '));
      throw new ApiError(405, `cannot ${method} ${path}: expected ${allowed[0]}`);
    }
    if (content !== undefined) return void this.#send(response, 200, content);
    const body = await readJson(request);
    if (this.#isClosing) throw new ApiError(503, 'the server is stopping');
    const { engine, name } = this.#served;
    const send = (event: object): void => sendEvent(response, event);
    const answer = await handler!(body, { engine, name, limits: this.#options, client: socket, signal, send });
    if (answer.body === null) sendEvent(response, '[DONE]');
    this.#send(response, 200, answer.body);
    return answer.characters;
  }

  /** The answers to GET by their paths. */
  #contents(): ReadonlyMap<string, object | string> {
    const { engine, name, created, page } = this.#served;
    const model = { id: name, object: 'model', created, owned_by: 'rnn' };
    return new Map<string, object | string>([
      ['/', page],
      ['/health', { status: 'ok', model: name, active: engine.active, waiting: engine.waiting }],
      ['/v1/models', { object: 'list', data: [model] }],
      [`/v1/models/${encodeURIComponent(name)}`, model],
    ]);
  }

  /** Ends an answer. @param content a page, an object, or null if the answer was streamed */
  #send(response: ServerResponse, status: number, content: object | string | null): void {
    if (response.destroyed || response.writableEnded) return;
    if (content === null) response.end();
    else {
      const isPage = typeof content === 'string';
      response.statusCode = status;
      response.setHeader('content-type', isPage ? 'text/html; charset=utf-8' : JSON_TYPE);
      response.setHeader('cache-control', 'no-store').end(isPage ? content : JSON.stringify(content));
    }
    response.setTimeout(this.#waits.answerTimeout);
  }

  #fail(response: ServerResponse, { status, body }: ApiError): void {
    if (response.headersSent) sendEvent(response, body);
    this.#send(response, status, response.headersSent ? null : body);
  }

  /**
   * Refuses requests that a page of another site may have caused, and requests without the token.
   *
   * @throws ApiError 401 or 403
   */
  #check({ method, headers, socket }: IncomingMessage, response: ServerResponse, path: string): void {
    const { token, origin } = this.#options;
    const { host, origin: from, authorization = '' } = headers;
    if (from !== undefined && from !== `http://${host}`) {
      if (from !== origin)
        throw new ApiError(
          403,
          `origin not allowed: ${from.slice(0, 200)}. Start the server with --origin to allow it`,
        );
      response.setHeader('access-control-allow-origin', from);
      response.setHeader('access-control-allow-headers', 'authorization, content-type');
    }
    // A page elsewhere can make its name resolve to this address, but cannot change the header.
    if (token === undefined && !isOwnHost(host, socket.localAddress))
      throw new ApiError(
        403,
        `host not allowed: ${host?.slice(0, 200)}. Use the address that the server listens on, or localhost`,
      );
    // Browsers open the page, and ask about another origin, without the token.
    if (token === undefined || path === '/' || method === 'OPTIONS' || isSame(authorization, `Bearer ${token}`)) return;
    response.setHeader('www-authenticate', 'Bearer');
    const message = 'the token is missing or wrong: expected the header Authorization: Bearer TOKEN';
    throw new ApiError(401, message, null, 'invalid_api_key');
  }
}

/** Errors of the HTTP parser by their codes. */
const protocolErrors: Readonly<Record<string, readonly [status: number, message: string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'the headers are too large'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'the request did not arrive in time'],
};

/** An answer to a request that could not be read. */
function answerOn(socket: Socket): ServerResponse {
  const response = new ServerResponse(new IncomingMessage(socket));
  response.assignSocket(socket);
  return response;
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
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
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

/** Sends a server-sent event. */
function sendEvent(response: ServerResponse, event: object | '[DONE]'): void {
  if (response.destroyed || response.writableEnded) return;
  if (!response.headersSent)
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  response.write(`data: ${typeof event === 'string' ? event : JSON.stringify(event)}\n\n`);
  if (response.writableLength > MAX_UNSENT_BYTES) response.destroy();
}
