// Records a program in a terminal with `script` of util-linux, and reads its recordings.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Runs a command of the shell in a terminal of this size, and records its output.
 * @param size { columns, rows } of the terminal
 * @param folder for the files of `script`
 * @returns pieces of output, each { atMs, bytes }
 * @throws if the command fails, or if `script` is missing
 */
export function recordTerminal(command, { size, folder, cwd }) {
  const [output, timing] = [join(folder, 'output'), join(folder, 'timing')];
  const inTerminal = `stty cols ${size.columns} rows ${size.rows}; ${command}`;
  const { status, error } = spawnSync(
    'script',
    ['--quiet', '--return', '--log-out', output, '--log-timing', timing, '--command', inTerminal],
    { cwd, env: terminalVariables(process.env), stdio: ['ignore', 'ignore', 'inherit'] },
  );
  if (error !== undefined) throw new Error(`cannot run script of util-linux: ${error.message}`);
  if (status !== 0) throw new Error(`'${command}' ended with ${status}:\n${readFileSync(output, 'utf8')}`);
  return piecesOf(readFileSync(output), readFileSync(timing, 'utf8'));
}

/** The environment of a user's terminal, without variables that change colours or options. */
function terminalVariables(variables) {
  const kept = Object.entries(variables).filter(
    ([name]) => !/^(RNN_|npm_|NO_COLOR$|FORCE_COLOR$|CI$|COLUMNS$|LINES$)/.test(name),
  );
  return { ...Object.fromEntries(kept), TERM: 'xterm-256color' };
}

/**
 * The pieces of a recording. Pure.
 * @param output the file of --log-out: a header line, the bytes of the terminal, a footer
 * @param timing the file of --log-timing: for each piece, a line with the seconds since the piece
 * before, and its number of bytes
 */
export function piecesOf(output, timing) {
  let start = output.indexOf('\n') + 1;
  let atMs = 0;
  return timing
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [seconds, length] = line.split(' ').map(Number);
      if (!(seconds >= 0) || !Number.isInteger(length) || start + length > output.length)
        throw new Error(`a line of the timing is '${line}': expected seconds and a number of recorded bytes`);
      atMs += 1000 * seconds;
      start += length;
      return { atMs, bytes: output.subarray(start - length, start) };
    });
}

/**
 * The pieces with each occurrence of a text replaced, such as the folder of a clone. An occurrence
 * that two pieces share stays. Pure.
 */
export const withoutText = (pieces, text, replacement) =>
  pieces.map(({ atMs, bytes }) => ({
    atMs,
    // One character for each byte, so that a letter of several bytes may be cut.
    bytes: Buffer.from(bytes.toString('latin1').replaceAll(latin1(text), latin1(replacement)), 'latin1'),
  }));

const latin1 = (text) => Buffer.from(text).toString('latin1');
