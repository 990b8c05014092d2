// The edges of the process that the command line touches, as one object, so that a test can hand
// over its own. Nothing else in cli/ reads `process`, but child.ts.
import { fstatSync } from 'node:fs';
import { Readable, type Writable } from 'node:stream';
import { isatty } from 'node:tty';
import { type Child, type ChildLines, startChild } from './child.ts';
import { isHangupIgnored } from './hangup.ts';
import { type Signal, endingSignals } from './signals.ts';

export interface OutputStream extends Writable {
  readonly isTTY?: boolean;
  /** Width of the terminal; it changes when the window does. */
  readonly columns?: number;
  readonly rows?: number;
}

export interface Io {
  /** It is opened when it is first read. */
  readonly stdin: AsyncIterable<Uint8Array | string>;
  /** The user types what is read from `stdin`. */
  readonly isStdinTerminal: boolean;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  /**
   * Calls `handler` for each signal, in place of the default, until the returned function is
   * called.
   */
  onSignal(handler: (signal: Signal) => void): () => void;
  /**
   * Calls `handler` before the process is stopped by Ctrl-Z, until the returned function is called.
   */
  onStop(handler: () => void): () => void;
  /**
   * Calls `handler` when the process goes on after it was stopped (Ctrl-Z, `kill -STOP`), until the
   * returned function is called.
   */
  onContinue(handler: () => void): () => void;
  /** Starts this program once more, with other arguments. */
  start(argv: readonly string[], lines: ChildLines): Child;
  /** Ends the process at once. */
  exit(code: number): void;
  /** A seed for who gave none. */
  randomSeed(): number;
}

/**
 * The real process. To be called once: from here on a hangup does not end a process that was to
 * outlive its terminal.
 */
export function openProcessIo(): Io {
  const ignoresHangup = isHangupIgnored({ env: process.env, parent: process.ppid });
  // Without a listener it would end the process.
  if (ignoresHangup) process.on('SIGHUP', () => {});
  const signals = endingSignals.filter((signal) => !(ignoresHangup && signal === 'SIGHUP'));
  return {
    // Merely looking at process.stdin opens it.
    stdin: {
      [Symbol.asyncIterator]: () => (isStdinFolder() ? folderAsStdin() : process.stdin)[Symbol.asyncIterator](),
    },
    isStdinTerminal: isatty(0),
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

/** Windows stops no process, and has no signals for it. */
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
    return false; // the error appears where it is read
  }
}

/** Node makes an empty stream of a folder. This one fails as reading the folder does. */
function folderAsStdin(): Readable {
  const error = Object.assign(new Error('it is a folder'), { code: 'EISDIR' });
  return new Readable({ read: (): void => void 0 }).destroy(error);
}
