// `rnn sample --interactive`: the user types a line, and the model continues. The session keeps the
// state from line to line.
import type { Model } from '../../api/model.ts';
import type { ContinuationOptions, ModelSession, SessionOptions } from '../../api/session.ts';
import { separatorIn } from '../../corpus/vocabulary.ts';
import { RnnError } from '../../errors.ts';
import type { TextOrBytes } from '../../sampling/sample.ts';
import type { Context } from '../context.ts';
import { exitCodes } from '../failures.ts';
import { onOneLine } from '../output/format.ts';
import { signalCodes } from '../process/signals.ts';
import { type ChangingOptions, isSlashCommand, runSlashCommand, slashCommands } from './slash-commands.ts';
import { TypedLines } from './typed-lines.ts';

/** How the model continues lines. */
export interface ConversationOptions {
  readonly session: SessionOptions;
  /** The options of each answer, apart from those that commands change. */
  readonly answer: Omit<ContinuationOptions, keyof ChangingOptions | 'stop' | 'keepStop'>;
  readonly changing: ChangingOptions;
  /** Texts that end an answer. Undefined for the end of a line. */
  readonly stop: readonly TextOrBytes[] | undefined;
  /** Whether the text of `stop` belongs to the answer. */
  readonly keepStop: boolean;
  /** Whether the answer of a model of records begins with the line. */
  readonly keepPrime: boolean;
  /** The text between the input and the output of a pair. Null for a model without pairs. */
  readonly pairSeparator: string | null;
}

/** The lines of the user, or of a pipe. */
interface Lines {
  next(): Promise<string | null>;
  interrupted?(): void;
  /** Closes a pipe that is not read to its end. */
  close?(): Promise<unknown>;
}

/**
 * Answers lines until the user quits, or until the pipe ends.
 *
 * @returns 0, or the exit code of the first error about a line of a pipe
 */
export async function converse(model: Model, options: ConversationOptions, context: Context): Promise<number> {
  const { io, stderr, waiting } = context;
  const session = await model.session(options.session);
  waiting?.end();
  const lines = io.isStdinTerminal ? openTerminal(context) : await openPipe(context);
  const speaker = new Speaker(model, session, options, context);
  let code = 0;
  for (let line = await lines.next(); line !== null; line = await lines.next()) {
    try {
      if (isSlashCommand(line)) {
        const result = runSlashCommand(line, options.changing);
        if (result === 'quit') break;
        if (result === 'reset') await speaker.reset();
        else stderr.note(result.text);
      } else if (await speaker.answer(line.replace(/^\/\//, '/'))) lines.interrupted?.();
    } catch (error) {
      // A line that cannot be read is skipped. Any other error ends the conversation.
      if (!(error instanceof RnnError) || !['usage', 'corpus'].includes(error.kind)) throw error;
      stderr.line(`${stderr.colour.red('error:')} ${onOneLine(error.message)}`);
      if (error.hint !== undefined) stderr.line(stderr.colour.dim(`hint: ${onOneLine(error.hint)}`));
      if (!io.isStdinTerminal) code ||= exitCodes[error.kind];
    }
  }
  await lines.close?.();
  return code;
}

function openTerminal({ io, stdout, stderr }: Context): Lines {
  stderr.note('Type a line, which the model continues. /help lists the commands, and Ctrl-D quits.');
  const hint = (): void => stderr.note('Press Ctrl-C again or Ctrl-D to quit.');
  return new TypedLines(io, stdout.isTty ? stdout : stderr, slashCommands, hint);
}

async function openPipe({ io }: Context): Promise<Lines> {
  const { linesOf } = await import('../input/lines.ts');
  const lines = linesOf(io.stdin, 'utf-8');
  return {
    next: async () => {
      const { done, value } = await lines.next();
      return done ? null : String(value);
    },
    close: () => lines.return(),
  };
}

/** Continues lines, one after another. */
class Speaker {
  readonly #model: Model;
  readonly #session: ModelSession;
  readonly #options: ConversationOptions;
  readonly #context: Context;
  readonly #knowsNewline: boolean;
  /** The text so far ends within a line. */
  #isWithinLine = false;

  constructor(model: Model, session: ModelSession, options: ConversationOptions, context: Context) {
    this.#model = model;
    this.#session = session;
    this.#options = options;
    this.#context = context;
    const { unit, symbols } = model.vocabulary;
    this.#knowsNewline = unit === 'byte' || symbols.includes('\n');
  }

  async reset(): Promise<void> {
    await this.#session.reset();
    this.#isWithinLine = false;
  }

  /**
   * Reads a line and writes the continuation.
   *
   * @returns whether the user interrupted it
   */
  async answer(line: string): Promise<boolean> {
    const { stdout } = this.#context;
    const separator = separatorIn(this.#model.vocabulary);
    const { keepPrime, pairSeparator } = this.#options;
    const isRecord = separator !== null;
    try {
      if (isRecord) await this.#readRecord(line);
      else await this.#readLine(line);
    } catch (error) {
      if (!stdout.isTty) await stdout.write(separator ?? '\n'); // so that each line has an answer
      throw error;
    }
    const start = isRecord && keepPrime && pairSeparator === null ? line : '';
    if (start !== '') await stdout.write(stdout.colour.bold(stdout.shown(start)));
    const { end, isInterrupted } = await this.#writeAnswer();
    if (isRecord) await stdout.write(stdout.isTty ? '\n' : separator);
    else if (!end.endsWith('\n')) await stdout.write('\n');
    return isInterrupted;
  }

  /** A record starts from a zero state. */
  async #readRecord(line: string): Promise<void> {
    const { pairSeparator } = this.#options;
    await this.#session.reset();
    await this.#session.read(pairSeparator === null || line.includes(pairSeparator) ? line : line + pairSeparator);
  }

  /** The model reads a line as the user sees it: on a separate line, with the newline at its end. */
  async #readLine(line: string): Promise<void> {
    const newline = this.#knowsNewline ? '\n' : '';
    await this.#session.read(`${this.#isWithinLine ? newline : ''}${line}${newline}`);
    this.#isWithinLine = false;
  }

  /** @returns the last piece, and whether the user interrupted the answer */
  async #writeAnswer(): Promise<{ readonly end: string; readonly isInterrupted: boolean }> {
    const { io, stdout } = this.#context;
    const { answer, changing } = this.#options;
    const { stop, keepStop } = this.#stops();
    let isInterrupted = false;
    // At a prompt, Ctrl-C is a key. While the model answers, it is a signal.
    const stopListening = io.isStdinTerminal
      ? io.onSignal((signal) => {
          if (signal === 'SIGINT') isInterrupted = true;
          else io.exit(signalCodes[signal]);
        })
      : () => {};
    try {
      let [end, characters] = ['', 0];
      const asked = { ...answer, ...changing, stop, keepStop };
      changing.seed = changing.seed === Number.MAX_SAFE_INTEGER ? 0 : changing.seed + 1; // of the next answer
      for await (const piece of this.#session.sample(asked)) {
        await stdout.write(stdout.shown(piece));
        end = piece;
        characters += this.#model.vocabulary.unit === 'byte' ? Buffer.byteLength(piece) : [...piece].length;
        if (isInterrupted) break;
      }
      const isStopped = !isInterrupted && characters < asked.length;
      const isStopNewline = [stop ?? []].flat().every((each) => Buffer.from(each).at(-1) === 0x0a);
      this.#isWithinLine = !end.endsWith('\n') && !(isStopped && !keepStop && isStopNewline);
      return { end, isInterrupted };
    } finally {
      stopListening();
    }
  }

  /** The texts that end an answer. By default, a line ends it. */
  #stops(): { readonly stop?: readonly TextOrBytes[]; readonly keepStop: boolean } {
    const { stop, keepStop } = this.#options;
    if (stop !== undefined) return { stop, keepStop };
    return this.#knowsNewline && this.#model.vocabulary.end == null
      ? { stop: ['\n'], keepStop: true }
      : { keepStop: true };
  }
}
