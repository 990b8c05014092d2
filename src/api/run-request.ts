// What opening a run takes, from the command line as from other programs: every option under its program's name.
import type { TrainedModel } from '../runs/store.ts';
import { UTF8 } from '../corpus/encoding.ts';
import type { Corpus, Source } from '../corpus/read.ts';
import type { ActivityListener } from '../training/activity.ts';
import type { TrainingOptions } from '../options/training.ts';
import type { MachineOptions, ReadingOptions } from '../options/run.ts';

/** The last part of a text, to validate on. */
export const defaultValidationFraction = 0.1;

/** How the files of a new run's text are read; bytes are always left as they are. */
export const readingOfCharacters = (
  unit: ReadingOptions['unit'],
  { encoding = UTF8, keepLineEnds = unit === 'byte', skipInvalid = false }: Partial<ReadingOptions>,
): Pick<ReadingOptions, 'encoding' | 'keepLineEnds' | 'skipInvalid'> => ({ encoding, keepLineEnds, skipInvalid });

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
   * What was given of each, and nothing else: a resumed run has the rest from its checkpoint, a new one from its text and the defaults.
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

/** How what is not an event reaches the caller. */
export interface Teller {
  /** What was chosen, or is not as it was. */
  note(text: string): void;
  /** What went wrong before, and was made good. */
  warn(text: string): void;
  /** How far something is that takes its time. */
  readonly activity?: ActivityListener | undefined;
}

/** A request, and what a run needs from its caller. */
export interface Asked {
  readonly request: RunRequest;
  readonly tell: Teller;
  /** Milliseconds from any moment on; it may stand still while the process is suspended. */
  readonly clock?: (() => number) | undefined;
}
