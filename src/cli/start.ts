// The real process: its arguments, streams and exit code, and uncaught exceptions.
import { failureOf } from './failures.ts';
import { openProcessIo } from './process/io.ts';
import { run } from './main.ts';
import { signalCodes } from './process/signals.ts';

/** Runs the command line of this process and sets its exit code. */
export async function start(): Promise<void> {
  process.on('uncaughtException', (error) => {
    // Erase a progress bar.
    if (process.stderr.isTTY) process.stderr.write('\r\u001B[K');
    const { code, message, hint, stack } = failureOf(error, { debug: process.argv.includes('--debug') });
    for (const line of [stack, `error: ${message}`, hint && `hint: ${hint}`]) if (line) console.error(line);
    process.exit(code);
  });
  // By default, Node opens the port of its debugger at USR1. Here USR1 ends a command that has
  // nothing to save, as other signals do.
  process.on('SIGUSR1', () => {
    if (process.listenerCount('SIGUSR1') === 1) process.exit(signalCodes.SIGUSR1);
  });
  process.exitCode = await run(process.argv.slice(2), openProcessIo());
}
