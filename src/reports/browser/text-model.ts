// The models that the page of a model talks to, in the page or on a server.

/** A character of the text on the page. */
export interface Piece {
  readonly text: string;
  /** Its surprisal, without any sampling option. Null if the model did not predict it. */
  readonly bits: number | null;
  /** It belongs to the prompt. */
  readonly isPrompt: boolean;
}

/** How to sample. */
export interface Settings {
  /** Characters, at most. */
  readonly length: number;
  readonly temperature: number;
  readonly topP: number;
  readonly seed: number;
  /** Ends the text. Empty for none. */
  readonly stop: string;
}

/** Why sampling ended: a length, a stop, the end of a record, or the user. */
export type Ending = 'length' | 'stop' | 'end' | 'user';

/** A token that the model expects, and its probability. */
export interface Expectation {
  readonly token: string;
  readonly probability: number;
}

/** A text, and the model that continues it. */
export interface TextModel {
  /** The text. It grows while the model samples. */
  readonly pieces: readonly Piece[];
  /** The names of units whose activations `activation` returns. */
  readonly units: readonly string[];
  /**
   * Begins a text.
   * @throws Error for a prompt that the model cannot read
   */
  read(prompt: string, signal: AbortSignal): Promise<void>;
  /** Keeps only the first pieces of the text. */
  cut(pieces: number): void;
  /**
   * Continues the text.
   * @param onPieces called from time to time when the text has grown
   */
  sample(settings: Settings, signal: AbortSignal, onPieces: () => void): Promise<Ending>;
  /** The likeliest tokens where a piece begins. Empty if they are not known. */
  expectations(piece: number): readonly Expectation[];
  /** Computes the activations of a unit, also of pieces that follow. Null for no unit. */
  watch(unit: string | null, signal: AbortSignal): Promise<void>;
  /** The activation of the unit after a piece. */
  activation(piece: number): number;
}
