// The request to open a run, from the command line or another program. Options have the names that
// they have in the program.
import type { TrainedModel } from '../runs/store.ts';
import type { Corpus, Source } from '../corpus/read.ts';
import type { ActivityListener } from '../training/activity.ts';
import type { TrainingOptions } from '../options/training.ts';
import { defaultValues, pick } from '../options/option.ts';
import { type MachineOptions, type ReadingOptions, readingNames, readingOptions } from '../options/run.ts';

const defaults = defaultValues(readingOptions) as ReadingOptions;

/**
 * The reading options of a new run: those given, and defaults for the rest. Byte-level text keeps
 * its line endings, and no part of the text is held out if another text is given for that purpose.
 */
export function readingOptionsOf(given: Partial<ReadingOptions>): ReadingOptions {
  const all: ReadingOptions = { ...defaults, keepLineEnds: given.unit === 'byte', ...pick(given, readingNames) };
  const { validationFile, testFile, validationFraction, testFraction } = all;
  return {
    ...all,
    validationFraction: validationFile === null ? validationFraction : 0,
    testFraction: testFile === null ? testFraction : 0,
  };
}

/** A text that was read already, and its reading options. */
export interface ReadText {
  readonly corpus: Corpus;
  readonly reading: ReadingOptions;
}

/** Whether the text of a request is in memory. Otherwise it is a list of files. */
export const isReadText = (text: RunRequest['text']): text is ReadText => 'corpus' in text;

/** A run to start or to resume, with its text, options and machine. */
export interface RunRequest {
  readonly text: readonly Source[] | ReadText;
  /** The run folder. Null keeps the run in memory. */
  readonly folder: string | null;
  /** Resume the run in the folder, if there is one. */
  readonly resume: boolean;
  /** Replace the run in the folder. */
  readonly force: boolean;
  /** Accept another text for the resumed run. */
  readonly acceptNewCorpus: boolean;
  /** Start the new run from these weights: a run folder, a file, or the model itself. */
  readonly initFrom: string | TrainedModel | null;
  /**
   * Only the options that were given. A resumed run takes all other options from its checkpoint,
   * and a new run from its text and the defaults.
   */
  readonly options: Partial<TrainingOptions>;
  readonly reading: Partial<ReadingOptions>;
  readonly machine: Partial<MachineOptions>;
  /** The reason for the device, if a note should state it. */
  readonly deviceOrigin?: string;
  /** Other files that are read, such as a configuration file. The run never replaces them. */
  readonly alsoReads?: readonly string[];
  readonly stdin?: AsyncIterable<Uint8Array | string> | undefined;
}

/** Receives messages that are not events. */
export interface MessageListener {
  /** A choice, or a change since the last invocation. */
  note(text: string): void;
  /** A failure from which the program recovered. */
  warn(text: string): void;
  /** The progress of long work. */
  readonly activity?: ActivityListener | undefined;
}

/** An option for reports of a running task. */
export interface ListenerOption {
  readonly listener?: Partial<MessageListener> | undefined;
}

/** A request, and its caller's listener and clock. */
export interface RunInvocation {
  readonly request: RunRequest;
  readonly listener: MessageListener;
  /** Milliseconds since an arbitrary moment. The clock may stop while the process is suspended. */
  readonly clock?: (() => number) | undefined;
}
