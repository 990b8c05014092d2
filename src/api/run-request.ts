// What opening a run takes: all that the command line and the library have in common, every option under its program's
// name.
import type { TrainedModel } from '../runs/store.ts';
import { UTF8 } from '../corpus/encoding.ts';
import type { Corpus, Source, Vocabulary } from '../corpus/read.ts';
import type { ActivityListener } from '../training/activity.ts';
import type { TrainingOptions } from '../options/training.ts';
import type { MachineOptions, ReadingOptions } from '../options/run.ts';
import type { TrainingRooms } from './rooms.ts';

/** The last part of a text, to validate on. */
export const defaultValidationFraction = 0.1;

/** How the files of a new run's text are read, as far as it was given; bytes are always left as they are. */
export const readingOfCharacters = (
  unit: ReadingOptions['unit'],
  { encoding = UTF8, keepLineEnds = unit === 'byte', skipInvalid = false }: Partial<ReadingOptions>,
): Pick<ReadingOptions, 'encoding' | 'keepLineEnds' | 'skipInvalid'> => ({ encoding, keepLineEnds, skipInvalid });

/** A text that was read already, and how. */
export interface ReadText {
  readonly corpus: Corpus;
  readonly reading: ReadingOptions;
}

export interface RunRequest {
  readonly text: readonly Source[] | ReadText;
  /** The run folder; null keeps the run in memory. */
  readonly folder: string | null;
  /** Go on with the run in the folder, if there is one. */
  readonly resume: boolean;
  /** Replace the run in the folder. */
  readonly force: boolean;
  /** A run that goes on may have another text from here on. */
  readonly acceptNewCorpus: boolean;
  /** Whose weights a new run begins with: a run folder, a file, or the model itself. */
  readonly initFrom: string | TrainedModel | null;
  /**
   * What was given of each, and nothing else: a run that goes on has the rest from its checkpoint, a new one from its
   * text and the defaults.
   */
  readonly options: Partial<TrainingOptions>;
  readonly reading: Partial<ReadingOptions>;
  readonly machine: Partial<MachineOptions>;
  /** Who chose the device, where that is worth telling. */
  readonly deviceBy?: string;
  /** Files that are read besides, such as one with options: the run replaces none of them. */
  readonly alsoReads?: readonly string[];
  readonly stdin?: AsyncIterable<Uint8Array | string>;
}

/** How what is not an event reaches whoever opened the run. */
export interface Teller {
  /** What was chosen, or is not as it was. */
  note(text: string): void;
  /** What went wrong before, and was made good. */
  warn(text: string): void;
  /** How far something is that takes its time. */
  readonly activity?: ActivityListener;
}

/** The modules and the listener that a run needs from its caller. */
export interface Surroundings {
  readonly rooms?: TrainingRooms;
  readonly tell: Teller;
  /** Milliseconds from any moment on; it may stand still while the process is suspended. */
  readonly clock?: () => number;
}

/** What the steps of opening a run hand on. */
export interface Way {
  readonly request: RunRequest;
  readonly rooms: TrainingRooms;
  readonly tell: Teller;
}

/** Beside how a text is read: for what run. */
export interface KnownSymbols {
  readonly runFolder?: string;
  /** Its symbols and no others. */
  readonly vocabulary?: Vocabulary['data'];
  /** These symbols, and those of the text. */
  readonly known?: Vocabulary['data'];
  readonly plainValidation?: boolean;
  readonly plainTest?: boolean;
  /** The command that trains a model with more characters, for a hint. */
  readonly toAddCharacters?: string;
}
