// The request to open a run, from the command line or another program: every option under its name
// in the program.
import type { TrainedModel } from '../runs/store.ts';
import type { Corpus, Source } from '../corpus/read.ts';
import type { ActivityListener } from '../training/activity.ts';
import type { TrainingOptions } from '../options/training.ts';
import { defaultValues, pick } from '../options/option.ts';
import { type MachineOptions, type ReadingOptions, readingNames, readingOptions } from '../options/run.ts';

const defaults = defaultValues(readingOptions) as ReadingOptions;

/**
 * How the text of a new run is read: as given, else by default. Bytes are left as they are, and no
 * part of a text is held out where another text is given for it.
 */
export function readingOf(asked: Partial<ReadingOptions>): ReadingOptions {
  const all: ReadingOptions = { ...defaults, keepLineEnds: asked.unit === 'byte', ...pick(asked, readingNames) };
  const { validationFile, testFile, validationFraction, testFraction } = all;
  return {
    ...all,
    validationFraction: validationFile === null ? validationFraction : 0,
    testFraction: testFile === null ? testFraction : 0,
  };
}

/** A text that was read already, and how. */
export interface ReadText {
  readonly corpus: Corpus;
  readonly reading: ReadingOptions;
}

export const wasRead = (text: RunRequest['text']): text is ReadText => 'corpus' in text;

export interface RunRequest {
  readonly text: readonly Source[] | ReadText;
  /** The run folder; null keeps the run in memory. */
  readonly folder: string | null;
  /** Continue the run in the folder, if there is one. */
  readonly resume: boolean;
  /** Replace the run in the folder. */
  readonly force: boolean;
  /** A resumed run may have another text from here on. */
  readonly acceptNewCorpus: boolean;
  /** Whose weights a new run begins with: a run folder, a file, or the model itself. */
  readonly initFrom: string | TrainedModel | null;
  /**
   * Only the options that were given: a resumed run has the others from its checkpoint, a new one
   * from its text and the defaults.
   */
  readonly options: Partial<TrainingOptions>;
  readonly reading: Partial<ReadingOptions>;
  readonly machine: Partial<MachineOptions>;
  /** Who chose the device, where a note should say so. */
  readonly deviceBy?: string;
  /** Files that are read besides, such as one with options: the run replaces none of them. */
  readonly alsoReads?: readonly string[];
  readonly stdin?: AsyncIterable<Uint8Array | string> | undefined;
}

/** How messages that are not events reach the caller. */
export interface Listener {
  /** A choice, or a difference from before. */
  note(text: string): void;
  /** A failure that was recovered from. */
  warn(text: string): void;
  /** The progress of work that takes long. */
  readonly activity?: ActivityListener | undefined;
}

/** What a task reports while it runs. */
export interface Listening {
  readonly listener?: Partial<Listener> | undefined;
}

/** A request, with its caller's listener and clock. */
export interface Asked {
  readonly request: RunRequest;
  readonly tell: Listener;
  /** Milliseconds from any moment on; it may stand still while the process is suspended. */
  readonly clock?: (() => number) | undefined;
}
