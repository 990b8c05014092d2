// Functions of the system's libraries, called through koffi, a foreign function interface. It is an
// optional dependency: where it is missing, or has no binary for the system, the program does
// without what it is for.
//
// Of koffi only the packages with its binaries are dependencies, one for each system. The package
// `koffi` itself chooses among them, adds names of older versions, and has an install script that
// compiles it with CMake where there is no binary; none of that is needed here.
import { createRequire } from 'node:module';
import { firstLine } from '../../errors.ts';

/** As much of koffi as is used; its own types are not there where it is not. */
interface Koffi {
  /** @param path null for what the process has loaded already */
  load(path: string | null): ForeignLibrary;
  address(memory: Uint8Array): bigint;
  /** A type of functions. */
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
export function koffi(): Koffi {
  // No import, which would be a condition of starting at all.
  return (loaded ??= createRequire(import.meta.url)(koffiPackage) as Koffi);
}

/** Why no library at all can be called, or null. */
export function koffiProblem(): string | null {
  try {
    koffi();
    return null;
  } catch (error) {
    return firstLine(error);
  }
}

/** Where a memory begins in the address space of the process. */
export const addressOf = (memory: WebAssembly.Memory): number => addressOfShared(memory.buffer);

/** Where a shared buffer begins in the address space of the process: it stays there. */
export function addressOfShared(buffer: ArrayBufferLike): number {
  return Number(koffi().address(new Uint8Array(buffer)));
}
