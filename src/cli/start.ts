// The real process: its arguments, its streams, its exit code, and what no promise caught.
import { processIo } from './io.ts';
import { run } from './main.ts';

export async function start(): Promise<void> {
  process.on('uncaughtException', (error) => {
    // A progress bar may be standing there.
    if (process.stderr.isTTY) process.stderr.write('\r\u001B[K');
    console.error(error);
    console.error('error: unexpected; this is a bug in rnn, please report it with the command and the lines above');
    process.exit(1);
  });
  process.exitCode = await run(process.argv.slice(2), processIo);
}
