// Machine code in the memory of the process. Memory is first writable and then executable, never
// both. All threads of the process may call the code.
import { type ForeignFunction, loadKoffi } from '../foreign.ts';

/** Constants of mmap and mprotect on Linux. */
const READ_WRITE = 3;
const READ_EXECUTE = 5;
const PRIVATE_ANONYMOUS = 0x22;
const MAP_FAILED = -1;

export interface LoadedCode {
  /** The address of the code in the process. */
  readonly address: number;
  readonly bytes: number;
  /** Frees the memory. No thread may run the code then or later. */
  free(): void;
}

/** Functions in machine code, as data that can be posted to threads. */
export interface LoadedFunctions {
  readonly address: number;
  /** Offsets of the functions, in bytes. */
  readonly functions: readonly number[];
}

let library: ReturnType<typeof bind> | null = null;

function bind(): Record<'mmap' | 'mprotect' | 'munmap' | 'memcpy', ForeignFunction> {
  // null: the libraries that the process has already loaded, including the C library
  const libc = loadKoffi().load(null);
  return {
    mmap: libc.func('int64 mmap(int64, size_t, int, int, int, int64)'),
    mprotect: libc.func('int mprotect(int64, size_t, int)'),
    munmap: libc.func('int munmap(int64, size_t)'),
    memcpy: libc.func('int64 memcpy(int64, uint8_t*, size_t)'),
  };
}

/**
 * Puts code into executable memory.
 * @throws an Error if the system refuses, or if koffi is missing
 */
export function loadCode(code: Uint8Array): LoadedCode {
  const libc = (library ??= bind());
  const address = Number(libc.mmap(0, code.length, READ_WRITE, PRIVATE_ANONYMOUS, -1, 0));
  if (address === MAP_FAILED) throw new Error('cannot allocate memory for machine code: the system refuses it');
  const free = (): void => void libc.munmap(address, code.length);
  libc.memcpy(address, code, code.length);
  if (libc.mprotect(address, code.length, READ_EXECUTE) !== 0) {
    free();
    throw new Error('the system does not allow executable memory');
  }
  return { address, bytes: code.length, free };
}

/**
 * A function at an address of the process, with integer parameters and no result. The code must
 * stay there as long as the function is called.
 *
 * @param parameters the number of parameters
 */
export function functionAt(address: number, parameters: number): (...values: number[]) => void {
  // koffi is not ready for calls in a thread that has not loaded a library.
  library ??= bind();
  const types = new Array<string>(parameters).fill('int64').join(', ');
  return loadKoffi().decode(BigInt(address), loadKoffi().proto(`void (${types})`));
}
