// One output stream: its colours, its width, and the errors of writing to it.
import { systemCode, machineError } from '../../errors.ts';
import type { TextLook } from '../../reports/terminal.ts';
import type { Colours } from './colour.ts';
import { escapeControls, harmlessJson } from './format.ts';
import type { Io, OutputStream } from '../process/io.ts';

/**
 * Thrown by `write` when the reader has closed the stream (`rnn sample | head -1`). It is a reason
 * to stop, not a failure.
 */
export class OutputClosed extends Error {}

/** Error codes of a closed stream. A closed pipe gives EPIPE, or EOF on Windows. */
const readerGone = new Set(['EPIPE', 'EOF', 'ECONNRESET', 'EIO', 'ERR_STREAM_DESTROYED', 'ERR_STREAM_WRITE_AFTER_END']);

function hintOn(code: string, stream: string): string {
  if (code === 'EBADF') return `open ${stream} for writing`;
  return code === 'EFBIG'
    ? 'raise ulimit -f, or redirect the output elsewhere'
    : 'free disk space, or redirect the output elsewhere';
}

/** A line that stays below everything that is printed. */
export interface Pinned {
  /** The control sequence that erases the line. */
  eraseText(): string;
  /** The text that draws the line. */
  drawText(): string;
}

/** An output stream of the command line. */
export class Output {
  readonly colour: Colours;
  /** A terminal of any kind. */
  readonly isTty: boolean;
  /** A terminal that understands cursor movements. */
  readonly isTerminal: boolean;
  pinned: Pinned | null = null;
  /** Called before each write of results. */
  beforeWrite: () => void = () => {};
  readonly #name: string;
  readonly stream: OutputStream;

  constructor(name: 'stdout' | 'stderr', io: Io, colour: Colours) {
    this.#name = name;
    this.stream = io[name];
    this.isTty = this.stream.isTTY === true;
    this.isTerminal = this.isTty && io.env.TERM !== 'dumb';
    this.colour = colour;
    // Without a listener, a closed pipe would be an uncaught exception. write() gets the error,
    // too.
    this.stream.on('error', () => {});
  }

  get columns(): number {
    return this.stream.columns || 80;
  }

  get rows(): number {
    return this.stream.rows || 24;
  }

  /**
   * The look of charts with `rows`. One column stays free, because a full last column makes some
   * terminals wrap.
   */
  look(rows: number): TextLook {
    const { bold, dim, series } = this.colour;
    return { columns: this.columns - 1, rows, bold, dim, series: series.length === 0 ? null : series };
  }

  /**
   * Settles once the stream has taken the text or the bytes. Await it to respect backpressure.
   * @throws OutputClosed if the reader has closed the stream, a machine error if writing fails (a
   * full disk)
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

  /** Text from a model or a file. For a terminal, its control characters are escaped. */
  shown(text: string): string {
    return this.isTty ? escapeControls(text) : text;
  }

  /** An object as JSON on one line, safe for a terminal. */
  json(object: object): string {
    return this.isTty ? harmlessJson(object) : JSON.stringify(object);
  }

  /** Writes each object on a line, and settles as `write` does. */
  writeJson(...objects: readonly object[]): Promise<void> {
    return this.write(objects.map((object) => `${this.json(object)}\n`).join(''));
  }

  /** Writes a line to stderr without waiting. A line that cannot be written is lost. */
  line(text: string): void {
    this.stream.write(`${this.pinned?.eraseText() ?? ''}${text}\n${this.pinned?.drawText() ?? ''}`);
  }

  /** Writes a note to stderr, such as the name of a file. */
  note(text: string): void {
    this.line(this.colour.dim(escapeControls(text)));
  }

  /** Writes a warning to stderr. */
  warn(text: string): void {
    this.line(this.colour.yellow(escapeControls(`warning: ${text}`)));
  }
}
