// The options of `rnn serve`, under the headings of its help. Each option is a row: see option.ts.
import { duration, text, wholeNumber } from './kind.ts';
import type { OptionGroups } from './option.ts';
import { machineOfCommands as machine } from './run.ts';
import { jsonOption, positiveWholeNumber, sameAsArgument } from './shared.ts';

export const serveOptions = {
  'The server:': {
    checkpoint: sameAsArgument,
    port: {
      kind: wholeNumber(0, 65_535),
      help: 'Listen on this port. 0 is any free port',
      default: 8080,
      isCommon: true,
    },
    host: {
      kind: text(),
      placeholder: '<address>',
      help: 'Listen on this address. Other machines can reach addresses other than 127.0.0.1 and ::1',
      default: '127.0.0.1',
      isCommon: true,
    },
    token: {
      kind: text('at least 8 characters', (value) => value.length >= 8),
      placeholder: '<secret>',
      variableAppliesToAllCommands: true,
      help: 'Require this bearer token. Other users of the machine can see it on the command line, but not in RNN_TOKEN',
      isCommon: true,
    },
    origin: {
      kind: text('an origin such as https://example.com', (value) => /^https?:\/\/[^/\s]+$/.test(value)),
      placeholder: '<origin>',
      help: 'Let pages of this origin, such as https://example.com, use the server (CORS)',
    },
  },
  'Limits:': {
    maxQueue: { kind: positiveWholeNumber, help: 'Let this many texts wait. More are refused with 429', default: 1024 },
    maxPrompt: { kind: positiveWholeNumber, help: 'Accept prompts of at most this many characters', default: 100_000 },
    maxLength: { kind: positiveWholeNumber, help: 'Generate at most this many characters per text', default: 100_000 },
    timeLimit: {
      kind: duration,
      placeholder: '<time>',
      help: 'End a text after this time',
      default: 300_000,
      defaultInWords: '5m',
    },
  },
  'The machine:': machine,
  'Output:': { json: { ...jsonOption, help: 'Print one JSON object per request' } },
} as const satisfies OptionGroups;
