// Machine code in the memory of the process: written first, then made executable, never both at
// once. All threads of the process may call it.
import { type ForeignFunction, koffi } from '../foreign.ts';

/** Of mmap and mprotect on Linux. */
const READ_WRITE = 3;
const READ_EXECUTE = 5;
const PRIVATE_ANONYMOUS = 0x22;
const MAP_FAILED = -1;

export interface Code {
  /** Where it begins in the process. */
  readonly address: number;
  readonly bytes: number;
  /** No thread may run it then, or later. */
  free(): void;
}

/** Functions in it: data that can be posted to threads. */
export interface LoadedFunctions {
  readonly address: number;
  /** Bytes from there on. */
  readonly functions: readonly number[];
}

let library: ReturnType<typeof bind> | null = null;

function bind(): Record<'mmap' | 'mprotect' | 'munmap' | 'memcpy', ForeignFunction> {
  // null: what the process has loaded already, the C library among it
  const libc = koffi().load(null);
  return {
    mmap: libc.func('int64 mmap(int64, size_t, int, int, int, int64)'),
    mprotect: libc.func('int mprotect(int64, size_t, int)'),
    munmap: libc.func('int munmap(int64, size_t)'),
    memcpy: libc.func('int64 memcpy(int64, uint8_t*, size_t)'),
  };
}

/**
 * Puts code into executable memory.
 * @throws an Error if the system refuses it, or there is no koffi
 */
export function loadCode(code: Uint8Array): Code {
  const libc = (library ??= bind());
  const address = Number(libc.mmap(0, code.length, READ_WRITE, PRIVATE_ANONYMOUS, -1, 0));
  if (address === MAP_FAILED) throw new Error('the system gives no memory for machine code');
  const free = (): void => void libc.munmap(address, code.length);
  libc.memcpy(address, code, code.length);
  if (libc.mprotect(address, code.length, READ_EXECUTE) !== 0) {
    free();
    throw new Error('the system lets no memory be executable');
  }
  return { address, bytes: code.length, free };
}

/**
 * A function at an address of the process, with integer parameters and no result. The code must stay
 * where it is as long as it is called.
 *
 * @param parameters how many
 */
export function functionAt(address: number, parameters: number): (...values: number[]) => void {
  // Without this, koffi is not ready for calls in a thread that has loaded no library.
  library ??= bind();
  const types = new Array<string>(parameters).fill('int64').join(', ');
  return koffi().decode(BigInt(address), koffi().proto(`void (${types})`));
}
