// rnn serve: its output, its signals and bad input. test/serve has the requests.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FakeProcess, type Ran, rnn } from './helpers.ts';

const machine = ['--device', 'cpu', '--threads', '1'];
let folder: string;
let runFolder: string;

const trained = (seed: number): Promise<Ran> =>
  rnn(
    ['train', join(folder, 'text.txt'), '--out', runFolder, '--seed', String(seed)].concat(
      '--force --quiet --hidden 8 --layers 1 --max-steps 5 --sample-every 0'.split(' '),
      machine,
    ),
  );

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rnn-serve-'));
  runFolder = join(folder, 'run');
  await writeFile(join(folder, 'text.txt'), 'the quick brown fox jumps over the lazy dog\n'.repeat(60));
  await trained(1);
});
afterAll(() => rm(folder, { recursive: true }));

/** Waits until `find` returns a value. */
async function until<Value>(find: () => Value | null | undefined): Promise<Value> {
  for (;;) {
    const found = find();
    if (found !== null && found !== undefined) return found;
    await setTimeout(5);
  }
}

/** Serves the run for the time of a test. Returns the URL, and the end of the command. */
async function serve(...argv: readonly string[]) {
  const io = new FakeProcess();
  const ended = rnn(['serve', runFolder, '--port', '0', ...machine, ...argv], {}, io);
  const url = await until(() => /http:\/\/[^\s"]+/.exec(io.stdout.text)?.[0]);
  const text = async (): Promise<string> => {
    const response = await fetch(`${url}v1/completions`, {
      method: 'POST',
      body: JSON.stringify({ prompt: 'the', max_tokens: 40, seed: 1 }),
    });
    return ((await response.json()) as { choices: { text: string }[] }).choices[0].text;
  };
  return { io, ended, url, text };
}

describe('rnn serve', () => {
  it('prints its URL, logs requests, and ends with 0 after SIGTERM', async () => {
    const { io, ended, url, text } = await serve();
    expect(io.stdout.text).toBe(`${url}\n`);
    expect(await text()).toHaveLength(40);
    expect(await (await fetch(url)).text()).toContain('<!doctype html>');
    io.send('SIGTERM');
    const { code, stderr } = await ended;
    expect(code).toBe(0);
    expect(stderr).toMatch(/POST \/v1\/completions 200 \d+ ms, 40 characters\n/);
    expect(stderr).toContain('SIGTERM received');
    await expect(fetch(url)).rejects.toThrow('fetch failed');
  });

  it('finishes a request that has begun before SIGINT', async () => {
    const { io, ended, url } = await serve();
    const answer = fetch(`${url}v1/completions`, { method: 'POST', body: '{"prompt": "the", "max_tokens": 20000}' });
    await setTimeout(30);
    io.send('SIGINT');
    const { choices } = (await (await answer).json()) as { choices: { text: string }[] };
    expect(choices[0].text).toHaveLength(20_000);
    expect((await ended).code).toBe(0);
  });

  it('loads the checkpoint again after SIGHUP, and keeps the model if it cannot', async () => {
    const { io, ended, text } = await serve();
    const first = await text();
    expect((await trained(2)).code).toBe(0);
    io.send('SIGHUP');
    await until(() => /reloaded run/.exec(io.stderr.text));
    const second = await text();
    expect(second).not.toBe(first);
    await rm(runFolder, { recursive: true });
    io.send('SIGHUP');
    await until(() => /cannot reload the checkpoint: .*not found/.exec(io.stderr.text));
    expect(await text()).toBe(second);
    io.send('SIGTERM');
    expect((await ended).code).toBe(0);
    expect((await trained(1)).code).toBe(0);
  });

  it('prints JSON with --json', async () => {
    const { io, ended, url, text } = await serve('--json');
    await text();
    io.send('SIGTERM');
    const lines = (await ended).stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    expect(lines).toMatchObject([
      { event: 'listening', url, model: 'run' },
      { event: 'request', method: 'POST', path: '/v1/completions', status: 200, characters: 40, client: '127.0.0.1' },
    ]);
  });

  it.each([
    [['--host', '0.0.0.0'], 2, 'cannot use --host 0.0.0.0 without --token'],
    [['--token', 'short'], 2, '--token is short: expected at least 8 characters'],
    [['--port', '70000'], 2, '--port is 70000: expected a whole number'],
    [['--origin', 'example.com'], 2, '--origin is example.com: expected an origin'],
    [['--time-limit', '5'], 2, '--time-limit is 5: expected a duration'],
    [['--checkpoint', 'nowhere'], 2, 'name the run once'],
  ])('refuses %j', async (argv, code, message) => {
    const refused = await rnn(['serve', runFolder, ...machine, ...argv]);
    expect(refused.code).toBe(code);
    expect(refused.stderr).toContain(message);
    expect(refused.stdout).toBe('');
  });

  it('says that another program listens on the port', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    const refused = await rnn(['serve', runFolder, '--port', String(port), ...machine]);
    other.close();
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(`cannot listen on 127.0.0.1:${port}: listen EADDRINUSE`);
  });
});
