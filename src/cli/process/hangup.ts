// Whether this process was to outlive its terminal, as `nohup` has it. A program that inherits an
// ignored signal can ask the system for it; one in Node cannot: Node gives every ignored signal its
// default back before any script runs (PlatformInit in src/node.cc). What can still be seen are the
// traces that nohup leaves. Knows nothing of what is done with the answer.
import { readFileSync } from 'node:fs';

interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The number of the process that started this one. */
  readonly parent: number;
  /** The text of a file; empty where there is none, as in /proc on other systems than Linux. */
  readonly read?: (path: string) => string;
}

/** SIGHUP is signal 1: the lowest bit of a mask. */
const HANGUP = 1n;
const ACCESS_MODE = 3;
const WRITE_ONLY = 1;

/** Whether it was started by nohup, or by a process that itself ignores SIGHUP. */
export function isHangupIgnored({ env, parent, read = textOf }: Surroundings): boolean {
  // Shells leave there what they were told to start: bash, zsh and ksh do.
  if (/(^|\/)nohup$/.test(env._ ?? '')) return true;
  // GNU's nohup puts an unreadable file in the place of a terminal.
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
