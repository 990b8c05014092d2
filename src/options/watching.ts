// How a run is evaluated, sampled and saved while it trains. Each option is a row: see option.ts.
import { orNull, wholeNumber } from './kind.ts';
import { MAX_SIZE } from './network.ts';
import type { Options } from './option.ts';

export const watchingOptions = {
  /**
   * In update steps. Null spaces ten evaluations evenly over the run: by update steps or, with a
   * budget, by time.
   */
  evaluateEvery: {
    kind: orNull(wholeNumber(0)),
    aliases: ['eval-every'],
    help: 'Update steps between evaluations. 0 evaluates only at the end',
    defaultInWords: 'ten a run',
    isForWatching: true,
  },
  checkpointEvery: {
    kind: wholeNumber(0),
    help: 'Update steps between checkpoints. 0 saves only at the end',
    defaultInWords: 'ten a run',
    isForWatching: true,
  },
  keep: {
    kind: wholeNumber(0),
    help: 'Newest checkpoints to keep by number, next to the best and the latest',
    default: 0,
    isForWatching: true,
  },
  /** Null spaces four samples over the run, in the same way as `evaluateEvery`. */
  sampleEvery: {
    kind: orNull(wholeNumber(0)),
    help: 'Update steps between samples. 0 is never',
    defaultInWords: 'four a run',
    isForWatching: true,
  },
  sampleLength: {
    kind: wholeNumber(1, MAX_SIZE),
    help: 'Characters per sample',
    default: 150,
    isForWatching: true,
  },
  /** The characters are in evenly spaced chunks. `rnn eval` always scores the whole text. */
  validationCharacters: {
    kind: wholeNumber(0),
    aliases: ['val-characters'],
    help: 'Characters to validate on, in evenly spaced chunks. 0 is all',
    legacyValue: 0,
    defaultInWords: 'by the text',
    isForWatching: true,
  },
  /** With 1, the text is scored as one sequence, which is the strict measure. */
  evaluationStreams: {
    kind: wholeNumber(1),
    aliases: ['streams'],
    help: 'Parallel chunks of the validation part. 1 is the strict measure',
    defaultInWords: 'by the text',
    isForWatching: true,
  },
} as const satisfies Options;
