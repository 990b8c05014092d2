// A server in this process, with a small model.
import { characterVocabulary } from '../../src/corpus/vocabulary.ts';
import type { Checkpoint } from '../../src/runs/checkpoint.ts';
import { openCpu } from '../../src/devices/cpu/cpu.ts';
import { servedPage } from '../../src/reports/model-page.ts';
import { Engine } from '../../src/serve/engine.ts';
import { ModelServer, type RequestLog, type ServerOptions, WAITS } from '../../src/serve/server.ts';
import { untrained } from '../sampling/fixture.ts';

export const letters = characterVocabulary('abcdefghijklmnopqrstuvwxyz \n', false).data;

/** A model whose texts vary. */
export const lively = (hidden = 16): Checkpoint =>
  untrained(letters, (_, data) => data.forEach((value, i) => void (data[i] = 3 * value)), { hidden });

const defaults: ServerOptions = {
  host: '127.0.0.1',
  port: 0,
  maxPrompt: 2000,
  maxLength: 20_000,
  maxQueue: 200,
  timeLimit: 60_000,
};

export interface OpenServer {
  readonly url: string;
  readonly server: ModelServer;
  readonly logs: RequestLog[];
  readonly engine: Engine;
  /** Posts an object as JSON, or a text unchanged. */
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Response>;
}

/** Opens a server for the time of a test. */
export async function withServer(
  use: (server: OpenServer) => Promise<void>,
  { waits = {}, ...options }: Partial<ServerOptions> & { readonly waits?: Partial<typeof WAITS> } = {},
  checkpoint = lively(),
): Promise<void> {
  const engine = await Engine.open(checkpoint, await openCpu({ threads: 1 }));
  const logs: RequestLog[] = [];
  const served = {
    engine,
    name: 'test',
    created: 1,
    page: servedPage(checkpoint, 'test', { ...defaults, ...options }),
  };
  const log = (each: RequestLog): void => void logs.push(each);
  const server = new ModelServer(served, { ...defaults, ...options }, log, { ...WAITS, ...waits });
  const url = await server.listen();
  const post: OpenServer['post'] = (path, body, headers = {}) =>
    fetch(`${url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  try {
    await use({ url, server, logs, engine, post });
  } finally {
    await server.close();
  }
}
