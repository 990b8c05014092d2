// A BLAS of the system, called through koffi: loading it, its one function that is used, and what
// is known of the implementations. Whether one is worth using is choose.ts's.
import { firstLine } from '../../../errors.ts';
import { type ForeignLibrary, koffi } from '../foreign.ts';

/**
 * A library that was loaded and has what is needed; plain data that can be posted to a worker
 * thread, which loads it again.
 */
export interface BlasLibrary {
  /** As the system's loader takes it. */
  readonly path: string;
  /** e.g. `OpenBLAS 0.3.21 (SkylakeX)` */
  readonly name: string;
  /** What the names of its functions end in: nothing, or something that tells of 64-bit sizes. */
  readonly suffix: string;
  /** Whether sizes are 64-bit integers (ILP64). */
  readonly wide: boolean;
  /**
   * Whether it multiplies small matrices without packing them first, so that panels of weights are
   * faster than whole ones.
   */
  readonly takesSmall: boolean;
  /**
   * Whether it was built without threads: unless it has locks all the same, calls from several
   * threads get in each other's way.
   */
  readonly oneCaller: boolean;
}

/**
 * C (M, N) = A·B, + C with `accumulate`; row-major, addresses of the process in bytes; op()
 * transposes what is stored the other way round.
 */
export type Sgemm = (
  transposeA: number,
  transposeB: number,
  M: number,
  N: number,
  K: number,
  a: number,
  lda: number,
  b: number,
  ldb: number,
  accumulate: number,
  c: number,
  ldc: number,
) => void;

/** Where the implementations are, by the name that the loader looks up: most wanted first. */
export function usualLibraries(platform: NodeJS.Platform = process.platform): readonly string[] {
  switch (platform) {
    case 'darwin':
      return [
        '/System/Library/Frameworks/Accelerate.framework/Accelerate',
        '/opt/homebrew/opt/openblas/lib/libopenblas.dylib',
        '/usr/local/opt/openblas/lib/libopenblas.dylib',
      ];
    case 'win32':
      return ['libopenblas.dll', 'openblas.dll', 'mkl_rt.2.dll', 'libblis.dll'];
    default:
      return [
        'libopenblas.so.0',
        'libopenblas.so',
        'libmkl_rt.so.2',
        'libmkl_rt.so',
        'libblis.so.4',
        'libblis.so',
        'libblas.so.3',
      ];
  }
}

/**
 * Loads a library and sees what it is, without calling its products. @returns why not, if it cannot
 * be used
 */
export function inspectLibrary(path: string): BlasLibrary | string {
  let library: ForeignLibrary;
  try {
    library = load(path);
  } catch (error) {
    return firstLine(error);
  }
  // With 64-bit sizes, the names may end in another way.
  const suffix = ['', '64_'].find((ending) => has(library, `cblas_sgemm${ending}`));
  if (suffix === undefined) return 'has no cblas_sgemm';
  restrain(library, suffix);
  const config = text(library, `openblas_get_config${suffix}`);
  const core = text(library, `openblas_get_corename${suffix}`);
  return {
    path,
    suffix,
    wide:
      suffix !== '' ||
      config?.includes('USE64BITINT') === true ||
      call(library, 'int64 bli_info_get_blas_int_type_size()') === 64,
    name: nameOf(library, path, config, core),
    takesSmall: core !== null && coresWithSmallKernels.has(core.toLowerCase()),
    oneCaller: config !== null && call(library, `int openblas_get_parallel${suffix}()`) === 0,
  };
}

/**
 * From 0.3.17 on, OpenBLAS multiplies matrices of M·N·K ≤ 100³ without packing on these processors
 * (interface/gemm.c and kernel/x86_64/sgemm_small_kernel_permit_skylakex.c). Where it packs blocks
 * like whole matrices, as with its kernels for Haswell, they are up to a tenth slower.
 */
const coresWithSmallKernels: ReadonlySet<string> = new Set(['skylakex', 'cooperlake', 'sapphirerapids']);

/** The product of a library, which is told to use one thread: threads are the device's. */
export function bindSgemm({ path, suffix, wide }: BlasLibrary): Sgemm {
  const library = load(path);
  restrain(library, suffix);
  const size = wide ? 'int64' : 'int';
  const sgemm = library.func(
    `void cblas_sgemm${suffix}(int, int, int, ${size}, ${size}, ${size}, float, int64, ${size}, int64, ${size}, float, int64, ${size})`,
  );
  return (transposeA, transposeB, M, N, K, a, lda, b, ldb, accumulate, c, ldc) => {
    // 101: row-major; 111: as it is stored, 112: transposed
    sgemm(101, 111 + transposeA, 111 + transposeB, M, N, K, 1, a, lda, b, ldb, accumulate, c, ldc);
  };
}

// Kept, or a library could be unloaded while its functions are called.
const loaded = new Map<string, ForeignLibrary>();

function load(path: string): ForeignLibrary {
  // Else OpenBLAS starts a thread for every core while it is loaded.
  process.env['OPENBLAS_NUM_THREADS'] ??= '1';
  const library = loaded.get(path) ?? koffi().load(path);
  loaded.set(path, library);
  return library;
}

function nameOf(library: ForeignLibrary, path: string, openBlas: string | null, core: string | null): string {
  if (openBlas !== null) return `${openBlas.split(' ').slice(0, 2).join(' ')}${core === null ? '' : ` (${core})`}`;
  const blis = text(library, 'bli_info_get_version_str');
  if (blis !== null) return `BLIS ${blis}`;
  if (has(library, 'MKL_Set_Threading_Layer')) return 'Intel MKL';
  if (path.includes('Accelerate.framework')) return 'Accelerate';
  return path;
}

/**
 * The functions that set how many threads a library uses, in the order in which they must be
 * called, and the argument that stands for one.
 */
const settings = (suffix: string): readonly (readonly [declaration: string, argument: number])[] => [
  // Before anything else of MKL: 32-bit sizes (MKL_INTERFACE_LP64), no threads
  // (MKL_THREADING_SEQUENTIAL).
  ['int MKL_Set_Interface_Layer(int)', 0],
  ['int MKL_Set_Threading_Layer(int)', 1],
  [`void openblas_set_num_threads${suffix}(int)`, 1],
  ['void bli_thread_set_num_threads(int64)', 1],
  // BLAS_THREADING_SINGLE_THREADED, from macOS 15 on.
  ['int BLASSetThreading(int)', 1],
];

/**
 * For the whole process, or for the calling thread where a library has it so: called in each
 * worker.
 */
function restrain(library: ForeignLibrary, suffix: string): void {
  for (const [declaration, argument] of settings(suffix)) call(library, declaration, argument);
}

function text(library: ForeignLibrary, name: string): string | null {
  return (call(library, `const char *${name}()`) as string | undefined) ?? null;
}

function has(library: ForeignLibrary, name: string): boolean {
  return find(library, `void ${name}()`) !== null;
}

/** What a function gives that a library may have; undefined if it has not. */
function call(library: ForeignLibrary, declaration: string, ...values: number[]): unknown {
  return find(library, declaration)?.(...values);
}

function find(library: ForeignLibrary, declaration: string): ((...values: number[]) => unknown) | null {
  try {
    return library.func(declaration);
  } catch {
    return null;
  }
}
