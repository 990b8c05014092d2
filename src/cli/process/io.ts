// The parts of the process that the command line uses, as one object, so that a test can pass its
// own. In cli/, only this file and child.ts read `process`.
import { fstatSync } from 'node:fs';
import { Readable, type Writable } from 'node:stream';
import { isatty } from 'node:tty';
import { type Child, type ChildLines, startChild } from './child.ts';
import { isHangupIgnored } from './hangup.ts';
import { type Signal, endingSignals } from './signals.ts';

export interface OutputStream extends Writable {
  readonly isTTY?: boolean;
  /** Width of the terminal. It changes with the window. */
  readonly columns?: number;
  readonly rows?: number;
}

/** The streams, the environment and the signals of a process. */
export interface Io {
  /** The stream is opened when it is first read. */
  readonly stdin: AsyncIterable<Uint8Array | string>;
  /** Whether the user types the content of `stdin`. */
  readonly isStdinTerminal: boolean;
  /**
   * Stops reading `stdin`, so that the process can end while another process keeps the pipe open.
   */
  closeStdin(): void;
  /** The keys that the user types, for a prompt. The stream is opened when it is first used. */
  readonly keys: NodeJS.ReadableStream;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  /**
   * Calls `handler` for each signal, instead of the default action, until the returned function is
   * called.
   */
  onSignal(handler: (signal: Signal) => void): () => void;
  /**
   * Calls `handler` before the process is stopped by Ctrl-Z, until the returned function is called.
   */
  onStop(handler: () => void): () => void;
  /**
   * Calls `handler` when the process continues after a stop (Ctrl-Z, `kill -STOP`), until the
   * returned function is called.
   */
  onContinue(handler: () => void): () => void;
  /** Starts this program again, with other arguments. */
  start(argv: readonly string[], lines: ChildLines): Child;
  /** Ends the process immediately. */
  exit(code: number): void;
  /** A seed for users who gave none. */
  randomSeed(): number;
}

/**
 * The real process. Call it only once. After the call, a hangup does not end a process that should
 * outlive its terminal.
 */
export function openProcessIo(): Io {
  const ignoresHangup = isHangupIgnored({ env: process.env, parent: process.ppid });
  // Without a listener SIGHUP would end the process.
  if (ignoresHangup) process.on('SIGHUP', () => {});
  const signals = endingSignals.filter((signal) => !(ignoresHangup && signal === 'SIGHUP'));
  let stdin: Readable | null = null;
  return {
    // Even reading the property process.stdin opens the stream.
    stdin: {
      [Symbol.asyncIterator]: () => (stdin = isStdinFolder() ? folderAsStdin() : process.stdin)[Symbol.asyncIterator](),
    },
    isStdinTerminal: isatty(0),
    closeStdin: () => void stdin?.destroy(),
    get keys() {
      return process.stdin;
    },
    get stdout() {
      return process.stdout;
    },
    get stderr() {
      return process.stderr;
    },
    env: process.env,
    onSignal: (handler) => listen(signals, handler),
    onStop: (handler) =>
      listen(stopsProcesses ? ['SIGTSTP'] : [], () => {
        handler();
        process.kill(process.pid, 'SIGSTOP'); // a process that listens for TSTP is not stopped by it
      }),
    onContinue: (handler) => listen(stopsProcesses ? ['SIGCONT'] : [], handler),
    start: startChild,
    exit: (code) => process.exit(code),
    randomSeed: () => crypto.getRandomValues(new Uint32Array(1))[0],
  };
}

/** Windows cannot stop processes and has no signals for it. */
const stopsProcesses = process.platform !== 'win32';

function listen<Name extends NodeJS.Signals>(signals: readonly Name[], handler: (signal: Name) => void): () => void {
  for (const signal of signals) process.on(signal, handler);
  return () => {
    for (const signal of signals) process.off(signal, handler);
  };
}

function isStdinFolder(): boolean {
  try {
    return fstatSync(0).isDirectory();
  } catch {
    return false; // reading stdin reports the error
  }
}

/** Node makes an empty stream from a folder. This stream fails as reading the folder does. */
function folderAsStdin(): Readable {
  const error = Object.assign(new Error('it is a folder'), { code: 'EISDIR' });
  return new Readable({ read: (): void => void 0 }).destroy(error);
}
