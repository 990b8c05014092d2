// How a run is evaluated, sampled and saved while it trains. Each option is a row: see option.ts.
import { orNull, wholeNumber } from './kind.ts';
import { MAX_SIZE } from './network.ts';
import type { Options } from './option.ts';

export const monitoringOptions = {
  /**
   * In update steps. Null spaces ten evaluations evenly over the run: by update steps or, with a
   * budget, by time.
   */
  evaluateEvery: {
    kind: orNull(wholeNumber(0)),
    aliases: ['eval-every'],
    help: 'Set the update steps between evaluations. 0 evaluates only at the end',
    defaultInWords: 'chosen from the text, or ten per run with --budget',
    affectsOnlyMonitoring: true,
  },
  checkpointEvery: {
    kind: wholeNumber(0),
    help: 'Set the update steps between checkpoints. 0 saves only at the end',
    defaultInWords: 'at each evaluation, at least every 1,000',
    affectsOnlyMonitoring: true,
  },
  keep: {
    kind: wholeNumber(0),
    help: 'Keep this many of the newest checkpoints, in addition to the best and the latest',
    default: 0,
    affectsOnlyMonitoring: true,
  },
  /** Null spaces four samples over the run, in the same way as `evaluateEvery`. */
  sampleEvery: {
    kind: orNull(wholeNumber(0)),
    help: 'Set the update steps between samples. 0 turns them off',
    defaultInWords: 'up to four per run',
    affectsOnlyMonitoring: true,
  },
  sampleLength: {
    kind: wholeNumber(1, MAX_SIZE),
    help: 'Generate this many characters per sample',
    default: 150,
    affectsOnlyMonitoring: true,
  },
  /** The characters are in evenly spaced chunks. `rnn eval` always scores the whole text. */
  validationCharacters: {
    kind: wholeNumber(0),
    aliases: ['val-characters'],
    help: 'Validate on this many characters, in evenly spaced chunks. 0 validates on all',
    legacyValue: 0,
    defaultInWords: 'chosen from the text',
    affectsOnlyMonitoring: true,
  },
  /**
   * With 1, the whole validation part is scored as one sequence, so that no context is lost between
   * chunks. A sample of the part (`validationCharacters`) always has several chunks.
   */
  evaluationStreams: {
    kind: wholeNumber(1),
    aliases: ['streams'],
    help: 'Score the validation part in this many parallel chunks. 1 keeps the whole context, but is slow',
    defaultInWords: 'chosen from the text',
    affectsOnlyMonitoring: true,
  },
} as const satisfies Options;
