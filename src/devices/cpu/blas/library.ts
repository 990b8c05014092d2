// A BLAS of the system, called through koffi: loading it, its one function that is used, and what is known of the implementations.
// Whether one is worth using is choose.ts's.
import { type ForeignLibrary, firstLine, koffi } from '../foreign.ts';

/** A library that was loaded and has what is needed; plain data that can be posted to a worker thread, which loads it again. */
export interface BlasLibrary {
  /** As the system's loader takes it. */
  readonly path: string;
  /** e.g. `OpenBLAS 0.3.21 (SkylakeX)` */
  readonly name: string;
  readonly symbol: string;
  /** Whether sizes are 64-bit integers (ILP64). */
  readonly wide: boolean;
  /** Whether it multiplies small matrices without packing them first, so that panels of weights are faster than whole ones. */
  readonly takesSmall: boolean;
}

/** C (M, N) = A·B, + C with `accumulate`; row-major, addresses of the process in bytes; op() transposes what is stored the other way round. */
export type Sgemm = (
  transposeA: number, transposeB: number, M: number, N: number, K: number, a: number, lda: number, b: number, ldb: number,
  accumulate: number, c: number, ldc: number,
) => void;

/** Where the implementations are, by the name that the loader looks up: most wanted first. */
export function usualLibraries(platform: NodeJS.Platform = process.platform): readonly string[] {
  switch (platform) {
    case 'darwin': return [
      '/System/Library/Frameworks/Accelerate.framework/Accelerate',
      '/opt/homebrew/opt/openblas/lib/libopenblas.dylib',
      '/usr/local/opt/openblas/lib/libopenblas.dylib',
    ];
    case 'win32': return ['libopenblas.dll', 'openblas.dll', 'mkl_rt.2.dll', 'libblis.dll'];
    default: return ['libopenblas.so.0', 'libopenblas.so', 'libmkl_rt.so.2', 'libmkl_rt.so', 'libblis.so.4', 'libblis.so', 'libblas.so.3'];
  }
}

/** Loads a library and sees what it is, without calling its products. @returns why not, if it cannot be used */
export function inspectLibrary(path: string): BlasLibrary | string {
  let library: ForeignLibrary;
  try {
    library = load(path);
  } catch (error) {
    return firstLine(error);
  }
  const config = text(library, 'openblas_get_config');
  const isOpenBlas = config !== null;
  const wide = config?.includes('USE64BITINT') ?? false;
  const symbol = ['cblas_sgemm', ...(wide ? ['cblas_sgemm64_'] : [])].find((name) => has(library, name));
  if (symbol === undefined) return 'has no cblas_sgemm';
  const core = text(library, 'openblas_get_corename');
  return { path, symbol, wide, name: nameOf(library, path, config, core), takesSmall: isOpenBlas && core !== null && coresWithSmallKernels.has(core.toLowerCase()) };
}

/**
 * From 0.3.17 on, OpenBLAS multiplies matrices of M·N·K ≤ 100³ without packing on these processors (interface/gemm.c and
 * kernel/x86_64/sgemm_small_kernel_permit_skylakex.c). Before that panels are no slower than whole matrices.
 */
const coresWithSmallKernels: ReadonlySet<string> = new Set(['skylakex', 'cooperlake', 'sapphirerapids']);

/** The product of a library. It is set to one thread, for the whole process: threads are the device's. */
export function bindSgemm({ path, symbol, wide }: BlasLibrary): Sgemm {
  const library = load(path);
  useOneThread(library);
  const size = wide ? 'int64' : 'int';
  const sgemm = library.func(`void ${symbol}(int, int, int, ${size}, ${size}, ${size}, float, int64, ${size}, int64, ${size}, float, int64, ${size})`);
  return (transposeA, transposeB, M, N, K, a, lda, b, ldb, accumulate, c, ldc) => {
    // 101: row-major; 111: as it is stored, 112: transposed
    sgemm(101, 111 + transposeA, 111 + transposeB, M, N, K, 1, a, lda, b, ldb, accumulate, c, ldc);
  };
}

// Kept, or a library could be unloaded while its functions are called.
const loaded = new Map<string, ForeignLibrary>();

function load(path: string): ForeignLibrary {
  const library = loaded.get(path) ?? koffi().load(path);
  loaded.set(path, library);
  return library;
}

function nameOf(library: ForeignLibrary, path: string, openBlas: string | null, core: string | null): string {
  if (openBlas !== null) return `${openBlas.split(' ').slice(0, 2).join(' ')}${core === null ? '' : ` (${core})`}`;
  const blis = text(library, 'bli_info_get_version_str');
  if (blis !== null) return `BLIS ${blis}`;
  if (has(library, 'MKL_Set_Num_Threads')) return 'Intel MKL';
  if (path.includes('Accelerate.framework')) return 'Accelerate';
  return path;
}

/** The functions that set how many threads a library uses, and what stands for one. */
const threadSettings: readonly (readonly [declaration: string, argument: number])[] = [
  ['void openblas_set_num_threads(int)', 1],
  ['void MKL_Set_Num_Threads(int)', 1],
  ['void bli_thread_set_num_threads(int64)', 1],
  // BLAS_THREADING_SINGLE_THREADED, from macOS 15 on.
  ['int BLASSetThreading(int)', 1],
];

function useOneThread(library: ForeignLibrary): void {
  for (const [declaration, argument] of threadSettings) tryFunction(library, declaration)?.(argument);
}

function text(library: ForeignLibrary, name: string): string | null {
  return (tryFunction(library, `const char *${name}()`)?.() as string | undefined) ?? null;
}

function has(library: ForeignLibrary, name: string): boolean {
  return tryFunction(library, `void ${name}()`) !== null;
}

function tryFunction(library: ForeignLibrary, declaration: string): ((...values: number[]) => unknown) | null {
  try {
    return library.func(declaration);
  } catch {
    return null;
  }
}
