// The real process: its arguments, its streams, its exit code, and what no promise caught.
import { failureOf } from './failures.ts';
import { openProcessIo } from './process/io.ts';
import { run } from './main.ts';
import { signalCodes } from './process/signals.ts';

export async function start(): Promise<void> {
  process.on('uncaughtException', (error) => {
    // A progress bar may be standing there.
    if (process.stderr.isTTY) process.stderr.write('\r\u001B[K');
    const { code, message, hint, stack } = failureOf(error, { debug: process.argv.includes('--debug') });
    for (const line of [stack, `error: ${message}`, hint && `hint: ${hint}`]) if (line) console.error(line);
    process.exit(code);
  });
  // A command that has nothing to save ends by it, as by other signals, where Node would open the
  // port of its debugger.
  process.on('SIGUSR1', () => {
    if (process.listenerCount('SIGUSR1') === 1) process.exit(signalCodes.SIGUSR1);
  });
  process.exitCode = await run(process.argv.slice(2), openProcessIo());
}
