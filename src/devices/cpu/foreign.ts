// Functions of system libraries, called through koffi, a foreign function interface. koffi is an
// optional dependency: if it is missing or has no binary for the system, the program works without
// the functions that need it.
//
// This project depends on the packages with koffi's binaries, one for each system, but not on the
// package `koffi`. That package chooses among the binaries, which koffiPackage does here. It also
// has names of older versions, and an install script that compiles koffi with CMake. The program
// needs neither.
import { createRequire } from 'node:module';
import { firstLine } from '../../errors.ts';

/** The part of koffi that is used. Its own types are missing where koffi is not installed. */
interface Koffi {
  /** @param path null for the libraries that the process has already loaded */
  load(path: string | null): ForeignLibrary;
  address(memory: Uint8Array): bigint;
  /** The type of a function. */
  proto(declaration: string): unknown;
  /** The function at an address. */
  decode(address: bigint, type: unknown): ForeignFunction;
}

export type ForeignFunction = (...values: (number | Uint8Array)[]) => unknown;

export interface ForeignLibrary {
  /** @throws an Error if the library has no such function */
  func(declaration: string): ForeignFunction;
}

let loaded: Koffi | null = null;

/** The package with the binary for this system. */
export const koffiPackage = `@koromix/koffi-${process.platform}-${process.arch}`;

/** @throws an Error if it is missing */
export function loadKoffi(): Koffi {
  // Not an import: the program would not start without koffi.
  return (loaded ??= createRequire(import.meta.url)(koffiPackage) as Koffi);
}

/** The reason why this process cannot call libraries, or null if it can. */
export function koffiProblem(): string | null {
  try {
    loadKoffi();
    return null;
  } catch (error) {
    return firstLine(error);
  }
}

/** The address of a memory in the process. */
export const addressOf = (memory: WebAssembly.Memory): number => addressOfShared(memory.buffer);

/** The address of a shared buffer in the process. It never changes. */
export function addressOfShared(buffer: ArrayBufferLike): number {
  return Number(loadKoffi().address(new Uint8Array(buffer)));
}
