// Other programs, run to their end.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** The stdout of a program. @throws with its stderr */
export function run(command, args, { cwd = root, env = {}, seconds = 600 } = {}) {
  const { status, signal, stdout, stderr, error } = spawnSync(command, args.map(String), {
    cwd,
    env: { ...process.env, ...withoutTuning(process.env), ...env },
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    timeout: 1000 * seconds,
  });
  if (status !== 0)
    throw new Error(`${command} ${args.join(' ')} ended with ${status ?? signal}:\n${error?.message ?? stderr}`);
  return stdout;
}

/**
 * The variables that would change a measurement, as undefined, which removes them: all of rnn, and
 * two of OpenBLAS that are set for one machine.
 */
export function withoutTuning(variables) {
  return Object.fromEntries(
    Object.keys(variables)
      .filter((name) => /^(RNN_|OPENBLAS_(CORETYPE|L2_SIZE)$)/i.test(name))
      .map((name) => [name, undefined]),
  );
}

export function jsonLines(text) {
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

export function secondsOf(act) {
  const before = performance.now();
  act();
  return (performance.now() - before) / 1000;
}
