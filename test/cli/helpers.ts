// A process for the command line to run in: streams that record, an environment, and signals to
// send.
import { Readable, Writable } from 'node:stream';
import type { Io, OutputStream } from '../../src/cli/process/io.ts';
import { run } from '../../src/cli/main.ts';
import type { Signal } from '../../src/cli/process/signals.ts';

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Surroundings {
  readonly env?: Record<string, string>;
  readonly stdin?: string | Uint8Array;
  readonly stdout?: FakeStream;
  readonly stderr?: FakeStream;
  /** Used instead of starting the program once more, which only happens if a test says how. */
  readonly start?: Io['start'];
}

/** An output stream that records its chunks. It is a terminal if it has columns. */
export class FakeStream extends Writable {
  text = '';
  /** All bytes written so far. */
  readonly chunks: Buffer[] = [];
  readonly isTTY: boolean;
  readonly columns: number | undefined;
  readonly #failure: { after: number; code: string } | undefined;
  #writes = 0;
  #waiting: (() => void)[] | null = null;

  /**
   * `failure`: the number of successful writes before all others fail, and their error code.
   * `slow`: accepts no data until `flow()`.
   */
  constructor(options: { columns?: number; failure?: { after: number; code: string }; slow?: boolean } = {}) {
    super({ decodeStrings: false });
    this.isTTY = options.columns !== undefined;
    this.columns = options.columns;
    this.#failure = options.failure;
    if (options.slow) this.#waiting = [];
  }

  // oxlint-disable-next-line no-underscore-dangle -- the name that Node calls
  override _write(chunk: string | Uint8Array, _encoding: string, done: (error?: Error) => void): void {
    const { after, code } = this.#failure ?? { after: Number.POSITIVE_INFINITY, code: '' };
    if (this.#writes++ >= after) return done(Object.assign(new Error(`${code}: write failed`), { code }));
    this.chunks.push(Buffer.from(chunk));
    this.text += String(chunk);
    if (this.#waiting === null) done();
    else this.#waiting.push(done);
  }

  flow(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = null;
    for (const done of waiting) done();
  }
}

export class FakeProcess implements Io {
  readonly stdin: Readable;
  readonly isStdinTerminal: boolean = false;
  readonly stdout: OutputStream & FakeStream;
  readonly stderr: OutputStream & FakeStream;
  readonly env: Record<string, string>;
  readonly exits: number[] = [];
  readonly start: Io['start'];
  readonly #handlers = new Set<(signal: Signal) => void>();

  constructor({
    env = {},
    stdin = '',
    stdout = new FakeStream(),
    stderr = new FakeStream(),
    start = startNothing,
  }: Surroundings = {}) {
    this.start = start;
    this.env = env;
    this.stdin = Readable.from([Buffer.from(stdin)]);
    this.stdout = stdout as OutputStream & FakeStream;
    this.stderr = stderr as OutputStream & FakeStream;
  }

  closeStdin(): void {
    this.stdin.destroy();
  }

  get keys(): Readable {
    return this.stdin;
  }

  onSignal(handler: (signal: Signal) => void): () => void {
    this.#handlers.add(handler);
    return () => void this.#handlers.delete(handler);
  }

  onStop(): () => void {
    return () => {};
  }

  onContinue(): () => void {
    return () => {};
  }

  send(signal: Signal): void {
    for (const handler of this.#handlers) handler(signal);
  }

  get listensForSignals(): boolean {
    return this.#handlers.size > 0;
  }

  exit(code: number): void {
    this.exits.push(code);
  }

  randomSeed(): number {
    return 4711;
  }
}

const startNothing: Io['start'] = (argv) => {
  throw new Error(`rnn ${argv.join(' ')} was started`);
};

/** Runs a command line in this process. */
export async function rnn(
  argv: readonly string[],
  surroundings: Surroundings = {},
  io = new FakeProcess(surroundings),
): Promise<Ran> {
  return { code: await run(argv, io), stdout: io.stdout.text, stderr: io.stderr.text };
}

/** Text without colours and cursor movements. */
// oxlint-disable-next-line no-control-regex
export const bare = (text: string): string => text.replace(/\u001B\[[\d;?]*[A-Za-z]/g, '');
