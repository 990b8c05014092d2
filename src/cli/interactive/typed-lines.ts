// Lines that the user types at a prompt, with a history that the arrow keys move through.
import type { Interface } from 'node:readline/promises';
import type { Output } from '../output/output.ts';
import type { Io } from '../process/io.ts';

const PROMPT = '> ';
const HISTORY = 1000;

/** Reads lines from a terminal. Between two lines the terminal has its usual keys, such as Ctrl-C. */
export class TypedLines {
  readonly #io: Io;
  readonly #output: Output;
  readonly #words: readonly string[];
  readonly #hint: () => void;
  #history: string[] = [];
  /** Lines that came together with the last line, as when the user pastes a text. */
  readonly #lines: string[] = [];
  /** The beginning of the next line, which came together with the last line. */
  #begun = '';
  #isEnded = false;
  #hasInterrupted = false;

  /**
   * @param words words that TAB completes
   * @param hint called when Ctrl-C needs to be pressed again to quit
   */
  constructor(io: Io, output: Output, words: readonly string[], hint: () => void) {
    this.#io = io;
    this.#output = output;
    this.#words = words;
    this.#hint = hint;
  }

  /** The next line. Null after Ctrl-D, or after Ctrl-C twice. */
  async next(): Promise<string | null> {
    if (this.#lines.length === 0 && !this.#isEnded) await this.#prompt();
    return this.#lines.shift() ?? null;
  }

  /** Notes that the user has pressed Ctrl-C, so that the next Ctrl-C at an empty prompt quits. */
  interrupted(): void {
    this.#hasInterrupted = true;
  }

  async #prompt(): Promise<void> {
    const { createInterface } = await import('node:readline/promises');
    const terminal = createInterface({
      input: this.#io.keys,
      output: this.#output.stream,
      terminal: this.#output.isTerminal,
      history: this.#history,
      historySize: HISTORY,
      prompt: PROMPT,
      completer: (line: string): [string[], string] => [
        this.#words.filter((word) => line !== '' && word.startsWith(line)),
        line,
      ],
    });
    terminal.on('history', (history: string[]) => (this.#history = [...history]));
    let isRead = false;
    const ended = new Promise<void>((resolve) => {
      terminal.once('line', () => setImmediate(resolve)); // all lines that came together are events of one turn
      terminal.once('close', () => {
        this.#isEnded = !isRead;
        resolve();
      });
    });
    terminal.on('line', (line) => {
      this.#hasInterrupted = false;
      this.#lines.push(line);
    });
    terminal.on('SIGINT', () => this.#interrupt(terminal));
    terminal.prompt();
    if (this.#begun !== '') terminal.write(this.#begun);
    await ended;
    isRead = true;
    this.#begun = terminal.line;
    terminal.close();
  }

  /** Ctrl-C clears the line. At an empty line, the second time quits. */
  #interrupt(terminal: Interface): void {
    this.#output.stream.write('\n');
    const isEmpty = terminal.line === '';
    if (isEmpty && this.#hasInterrupted) return terminal.close();
    if (isEmpty) this.#hint();
    this.#hasInterrupted = true;
    terminal.write(null, { ctrl: true, name: 'e' });
    terminal.write(null, { ctrl: true, name: 'u' });
    terminal.prompt();
  }
}
