// Finds out whether this process should outlive its terminal, as with `nohup`. Other programs can
// ask the system whether they inherited an ignored signal. A Node program cannot, because Node
// resets every ignored signal to its default before any script runs (PlatformInit in src/node.cc).
// nohup leaves traces that are still visible.
import { readFileSync } from 'node:fs';

interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The number of the process that started this one. */
  readonly parent: number;
  /**
   * The text of a file, or empty if it does not exist, such as /proc on systems other than Linux.
   */
  readonly read?: (path: string) => string;
}

/** SIGHUP is signal 1: the lowest bit of a mask. */
const HANGUP = 1n;
const ACCESS_MODE = 3;
const WRITE_ONLY = 1;

/** Whether this process was started by nohup, or by a process that ignores SIGHUP. */
export function isHangupIgnored({ env, parent, read = textOf }: Surroundings): boolean {
  // bash, zsh and ksh put the path of the command that they start into this variable.
  if (/(^|\/)nohup$/.test(env._ ?? '')) return true;
  // GNU nohup replaces a terminal on stdin by a file that cannot be read.
  const flags = /^flags:\s*([0-7]+)$/m.exec(read('/proc/self/fdinfo/0'))?.[1];
  if (flags !== undefined && (Number.parseInt(flags, 8) & ACCESS_MODE) === WRITE_ONLY) return true;
  const ignored = /^SigIgn:\s*([\da-f]+)$/m.exec(read(`/proc/${parent}/status`))?.[1];
  return ignored !== undefined && (BigInt(`0x${ignored}`) & HANGUP) !== 0n;
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
