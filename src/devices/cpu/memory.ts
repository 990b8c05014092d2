// The shared memory of a workload.
import { RnnError } from '../../errors.ts';
import { addressOf, loadKoffi } from './foreign.ts';
import { WASM_PAGE_BYTES } from './sizes.ts';

export function allocateMemory({
  pages,
  bytes,
}: {
  readonly pages: number;
  readonly bytes: number;
}): WebAssembly.Memory {
  const memory = allocateSharedMemory(pages);
  if (bytes >= WORTH_LARGE_PAGES && process.platform === 'linux') adviseLargePages(memory);
  return memory;
}

/**
 * Allocates shared memory. V8 reserves up to 10 GB of addresses for it, which a limit such as
 * ulimit -v may forbid.
 * @throws RnnError `machine` if the system refuses the memory
 */
export function allocateSharedMemory(pages: number): WebAssembly.Memory {
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  } catch (cause) {
    throw new RnnError(
      'machine',
      `cannot allocate ${Math.ceil((pages * WASM_PAGE_BYTES) / 1e6)} MB of shared memory: the system refuses it`,
      {
        hint: 'free memory or raise ulimit -v: WebAssembly reserves up to 10 GB of addresses for any size, and each thread reserves more',
        cause,
      },
    );
  }
}

/**
 * The address caches of the processor cover smaller memories, and loading koffi takes longer than
 * large pages save.
 */
const WORTH_LARGE_PAGES = 4e6;
const MADV_HUGEPAGE = 14;

/**
 * Asks Linux for pages of 2 MB, which it usually gives only on request: 6 % faster training at H128
 * and H256, 2 % at H512, 4 % faster sampling of large models. Linux may decline the request.
 * Without koffi there is no request and everything still works.
 */
function adviseLargePages(memory: WebAssembly.Memory): void {
  try {
    // null: the libraries that the process has already loaded, including the C library
    loadKoffi().load(null).func('int madvise(int64, size_t, int)')(
      addressOf(memory),
      memory.buffer.byteLength,
      MADV_HUGEPAGE,
    );
  } catch {
    // No koffi, or no madvise.
  }
}
