// One output stream: its colours, its width, and what happens when nobody reads it any more. Knows
// nothing of what is written.
import { systemCode, machineError } from '../../errors.ts';
import type { TextLook } from '../../reports/terminal.ts';
import type { Colours } from './colour.ts';
import { harmless, harmlessJson } from './format.ts';
import type { Io, OutputStream } from '../process/io.ts';

/**
 * Thrown by `write` when the reader has gone (`rnn sample | head -1`): not a failure, only a reason
 * to stop.
 */
export class OutputClosed extends Error {}

/** EOF is what Windows may say of a closed pipe, EPIPE what all others do. */
const readerGone = new Set(['EPIPE', 'EOF', 'ECONNRESET', 'EIO', 'ERR_STREAM_DESTROYED', 'ERR_STREAM_WRITE_AFTER_END']);

function hintOn(code: string, stream: string): string {
  if (code === 'EBADF') return `open ${stream} for writing`;
  return code === 'EFBIG' ? 'raise ulimit -f, or send it elsewhere' : 'make room where it goes, or send it elsewhere';
}

/**
 * A line that stays below everything that is printed: how to take it away, and how to put it back.
 */
export interface Pinned {
  erased(): string;
  drawn(): string;
}

export class Output {
  readonly colour: Colours;
  /** A terminal of any kind. */
  readonly isTty: boolean;
  /** A terminal that understands cursor movements. */
  readonly isTerminal: boolean;
  pinned: Pinned | null = null;
  /** Is called before each write of what a command has to say. */
  beforeWrite: () => void = () => {};
  readonly #name: string;
  readonly stream: OutputStream;

  constructor(name: 'stdout' | 'stderr', io: Io, colour: Colours) {
    this.#name = name;
    this.stream = io[name];
    this.isTty = this.stream.isTTY === true;
    this.isTerminal = this.isTty && io.env.TERM !== 'dumb';
    this.colour = colour;
    // Without a listener a closed pipe would be an uncaught exception; write() hears of it too.
    this.stream.on('error', () => {});
  }

  get columns(): number {
    return this.stream.columns || 80;
  }

  get rows(): number {
    return this.stream.rows || 24;
  }

  /** For charts of `rows`. One column stays free: a full last column makes some terminals wrap. */
  look(rows: number): TextLook {
    const { bold, dim, series } = this.colour;
    return { columns: this.columns - 1, rows, bold, dim, series: series.length === 0 ? null : series };
  }

  /**
   * Settles once the stream has taken the text or the bytes, so that awaiting it honours
   * backpressure.
   * @throws OutputClosed if nobody reads any more, a machine error if it cannot be written (a full
   * disk)
   */
  write(content: string | Uint8Array): Promise<void> {
    this.beforeWrite();
    return new Promise((resolve, reject) => {
      this.stream.write(content, (error) => {
        if (!error) return resolve();
        const code = systemCode(error);
        if (readerGone.has(code)) return reject(new OutputClosed(`${this.#name} is closed`));
        reject(
          machineError(`cannot write to ${this.#name}: ${error.message}`, hintOn(code, this.#name), { cause: error }),
        );
      });
    });
  }

  /**
   * Text that came from a model or a file. A terminal would obey the control characters in it, so
   * there they are escaped.
   */
  shown(text: string): string {
    return this.isTty ? harmless(text) : text;
  }

  /** The object on one line. */
  json(object: object): string {
    return this.isTty ? harmlessJson(object) : JSON.stringify(object);
  }

  /** Settles as `write` does. */
  writeJson(...objects: readonly object[]): Promise<void> {
    return this.write(objects.map((object) => `${this.json(object)}\n`).join(''));
  }

  /** A line that nobody waits for; one that cannot be written is lost. For stderr. */
  line(text: string): void {
    this.stream.write(`${this.pinned?.erased() ?? ''}${text}\n${this.pinned?.drawn() ?? ''}`);
  }

  /** Such a line beside the results, such as which file was read. */
  note(text: string): void {
    this.line(this.colour.dim(harmless(text)));
  }

  warn(text: string): void {
    this.line(this.colour.yellow(harmless(`warning: ${text}`)));
  }
}
