// The real process: its arguments, its streams, its exit code, and what no promise caught.
import { failureOf } from './failures.ts';
import { processIo } from './io.ts';
import { run } from './main.ts';

export async function start(): Promise<void> {
  process.on('uncaughtException', (error) => {
    // A progress bar may be standing there.
    if (process.stderr.isTTY) process.stderr.write('\r\u001B[K');
    const { code, message, hint, stack } = failureOf(error, { debug: process.argv.includes('--debug') });
    for (const line of [stack, `error: ${message}`, hint && `hint: ${hint}`]) if (line) console.error(line);
    process.exit(code);
  });
  process.exitCode = await run(process.argv.slice(2), processIo);
}
