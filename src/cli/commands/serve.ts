// `rnn serve`: a trained model for other programs, over HTTP. serve/ answers the requests.
import { stat } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import type { MachineChoice } from '../../api/model-results.ts';
import { machineError, usageError } from '../../errors.ts';
import type { CommandOptionValues } from '../../options/option.ts';
import { serveOptions } from '../../options/serve.ts';
import type { RequestLog, Served } from '../../serve/server.ts';
import { defineCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { machineFrom } from '../devices.ts';
import { escapeControls, onOneLine } from '../output/format.ts';
import { checkpointOf } from '../given-runs.ts';

type ServeFlags = CommandOptionValues<typeof serveOptions>;

export const { define } = defineCommand({
  description:
    'Serve a trained model over HTTP, with the completions of the OpenAI API. SIGHUP reloads the checkpoint, SIGTERM and Ctrl-C finish the requests that run.',
  argument: 'A run folder or a checkpoint [default: the newest run]',
  options: serveOptions,
  examples: [
    ['rnn serve', 'the newest run, on http://127.0.0.1:8080/'],
    ['rnn serve checkpoints/hamlet --port 0', 'on any free port'],
    [
      `curl -s localhost:8080/v1/completions -d '{"prompt": "Once", "max_tokens": 100}' -H 'content-type: application/json'`,
      'a text from the server',
    ],
    ['RNN_TOKEN=... rnn serve --host 0.0.0.0', 'for other machines'],
  ],
  run: (run: string | undefined, flags, context) => serve({ ...flags, ...checkpointOf(run, context) }, context),
});

async function serve(flags: ServeFlags, context: Context): Promise<void> {
  const { io, stdout, stderr } = context;
  const { host, port, token, json = false } = flags;
  if (token === undefined && !isLoopback(host))
    throw usageError(
      `cannot use --host ${host} without --token: other machines can reach the server`,
      'set RNN_TOKEN to a secret, or add --token',
      { options: ['--host', '--token'] },
    );
  const { machine } = machineFrom(flags, context);
  const { ModelServer } = await import('../../serve/server.ts');
  const load = (): Promise<Served> => loadModel(flags, machine);
  const served = await load();
  const write = (log: RequestLog): void =>
    void (json ? stdout.writeJson({ event: 'request', ...log }) : stderr.line(lineOf(log)));
  const server = new ModelServer(served, flags, write);
  const url = await server.listen().catch(async (cause: NodeJS.ErrnoException) => {
    await served.engine.close();
    throw machineError(`cannot listen on ${host}:${port}: ${cause.message}`, 'use another --port, or --port 0', {
      cause,
    });
  });
  await (json ? stdout.writeJson({ event: 'listening', url, model: served.name }) : stdout.write(`${url}\n`));
  await new Promise<void>((stop) => {
    const forget = io.onSignal((signal) => {
      if (signal !== 'SIGHUP') {
        forget();
        stderr.note(`${signal} received: finishing the requests that run`);
        return stop();
      }
      load()
        .then((fresh) => {
          stderr.note(`reloaded ${fresh.name}`);
          return server.replace(fresh);
        })
        .catch((error: Error) => stderr.warn(`cannot reload the checkpoint: ${error.message}`));
    });
  });
  await server.close();
}

async function loadModel(flags: ServeFlags, machine: MachineChoice): Promise<Served> {
  const { readModel } = await import('../../api/trained.ts');
  const { openDevice } = await import('../../devices/open.ts');
  const { Engine } = await import('../../serve/engine.ts');
  const { servedPage } = await import('../../reports/model-page.ts');
  const { path, trained } = await readModel(flags.checkpoint);
  const { device: name = 'auto', threads, kernels } = machine;
  // The cpu samples one character after another faster than a GPU.
  const device = await openDevice(name === 'auto' ? 'cpu' : name, { threads, kernels });
  const run = basename(dirname(resolve(path)));
  const created = Math.floor((await stat(path)).mtimeMs / 1000);
  const page = servedPage(trained, run, flags);
  return { engine: await Engine.open(trained, device), name: onOneLine(run), created, page };
}

const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || host.startsWith('127.');

/** A line of the log, such as `127.0.0.1 POST /v1/completions 200 12 ms, 100 characters`. */
const lineOf = ({ client, method, path, status, milliseconds, characters }: RequestLog): string =>
  `${client} ${method} ${escapeControls(path)} ${status} ${Math.round(milliseconds)} ms${characters > 0 ? `, ${characters} characters` : ''}`;
