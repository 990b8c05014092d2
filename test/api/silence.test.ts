// A library must not touch the streams, the signals and the end of its process.
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { Corpus, openModel, train } from '../../src/index.ts';
import { allOf, newFolder, small, verse } from './fixture.ts';

const events = [
  'SIGINT',
  'SIGTERM',
  'SIGHUP',
  'SIGCONT',
  'SIGTSTP',
  'exit',
  'beforeExit',
  'uncaughtException',
  'unhandledRejection',
  'warning',
] as const;
const listeners = (): readonly (readonly [string, number])[] =>
  events.map((event) => [event, process.listenerCount(event)] as const);

afterEach(() => {
  vi.restoreAllMocks();
});

it('the library does not print, listen for signals, end the process or read environment variables of the command line', async () => {
  const said: string[] = [];
  for (const stream of [process.stdout, process.stderr])
    vi.spyOn(stream, 'write').mockImplementation((chunk) => said.push(String(chunk)) > 0);
  for (const method of ['log', 'info', 'warn', 'error', 'debug'] as const)
    vi.spyOn(console, method).mockImplementation((...words) => void said.push(words.join(' ')));
  const exit = vi.spyOn(process, 'exit').mockImplementation((() => {}) as never);
  vi.stubEnv('RNN_DEVICE', 'abacus');
  const before = {
    listeners: listeners(),
    exitCode: process.exitCode,
    folder: process.cwd(),
    variables: Object.keys(process.env),
  };
  let during: unknown;
  let device = '';
  const out = join(newFolder(), 'run');
  const { device: _, ...request } = small;
  for await (const update of train({ ...request, out })) {
    if (update.event === 'start') [during, device] = [listeners(), update.device];
  }
  for await (const update of train({ ...request, out, resume: true, maxSteps: 60 }))
    if (update.event === 'report') break;
  const model = await openModel(out);
  await allOf(model.sample({ length: 30, seed: 1 }));
  await model.evaluate(verse);
  await model.inspect(verse.slice(0, 500));
  await model.close();
  await Corpus.fromText('').catch(() => {});
  await train({ ...request, out })
    .finished()
    .catch(() => {});
  vi.unstubAllEnvs();
  expect(said).toEqual([]);
  expect(exit).not.toHaveBeenCalled();
  expect(device).toMatch(/^cpu/);
  expect(during).toEqual(before.listeners);
  expect({ listeners: listeners(), exitCode: process.exitCode, folder: process.cwd() }).toEqual({
    listeners: before.listeners,
    exitCode: before.exitCode,
    folder: before.folder,
  });
  expect(Object.keys(process.env).filter((name) => !before.variables.includes(name))).toEqual([]);
});
