// The server with curl, the client of scripts.
import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { withServer } from './fixture.ts';

const isInstalled = spawnSync('curl', ['--version']).status === 0;
const curl = async (...argv: readonly string[]): Promise<string> =>
  (await promisify(execFile)('curl', ['--silent', '--show-error', ...argv])).stdout;
const note = isInstalled ? '' : ' (skipped: curl is not installed)';

describe.skipIf(!isInstalled)(`curl${note}`, () => {
  test('gets a completion without any header', () =>
    withServer(async ({ url }) => {
      const answer = JSON.parse(await curl(`${url}v1/completions`, '-d', '{"prompt": "the", "max_tokens": 30}')) as {
        choices: { text: string; finish_reason: string }[];
      };
      expect(answer.choices).toHaveLength(1);
      expect(answer.choices[0].text).toHaveLength(30);
      expect(answer.choices[0].finish_reason).toBe('length');
    }));

  test('gets a stream that ends with [DONE]', () =>
    withServer(async ({ url }) => {
      const body = '{"prompt": "the", "max_tokens": 200, "stream": true}';
      const events = (await curl('--no-buffer', `${url}v1/completions`, '-d', body)).trim().split('\n\n');
      expect(events.at(-1)).toBe('data: [DONE]');
      const parts = events.slice(0, -1).map((event) => {
        expect(event).toMatch(/^data: \{/);
        return (JSON.parse(event.slice(6)) as { choices: { text: string }[] }).choices[0].text;
      });
      expect(parts.join('')).toHaveLength(200);
    }));

  test('gets the headers and the error of a wrong request', () =>
    withServer(async ({ url }) => {
      const answer = await curl('--include', `${url}v1/completions`, '-d', '{"max_tokens": -1}');
      expect(answer).toMatch(/^HTTP\/1.1 400 /);
      expect(answer.toLowerCase()).toContain('content-type: application/json');
      expect(answer).toContain('"param":"max_tokens"');
    }));

  test('needs the token of the server', () =>
    withServer(
      async ({ url }) => {
        expect(await curl(`${url}v1/models`)).toContain('the token is missing or wrong');
        expect(await curl(`${url}v1/models`, '-H', 'Authorization: Bearer secret-token')).toContain('"id":"test"');
      },
      { token: 'secret-token' },
    ));
});
