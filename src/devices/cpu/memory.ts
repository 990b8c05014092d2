// The one shared memory of a workload.
import { RnnError } from '../../errors.ts';
import { addressOf, koffi } from './foreign.ts';
import { PAGE_BYTES } from './sizes.ts';

export function allocate({ pages, bytes }: { readonly pages: number; readonly bytes: number }): WebAssembly.Memory {
  const memory = sharedMemory(pages);
  if (bytes >= WORTH_LARGE_PAGES && process.platform === 'linux') adviseLargePages(memory);
  return memory;
}

/**
 * V8 reserves addresses for the largest shared memory there is, up to 10 GB, which a limit such as
 * ulimit -v may forbid.
 */
export function sharedMemory(pages: number): WebAssembly.Memory {
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  } catch (cause) {
    throw new RnnError(
      'machine',
      `cannot allocate ${Math.ceil((pages * PAGE_BYTES) / 1e6)} MB of shared memory: the system refuses it`,
      {
        hint: 'free memory or raise ulimit -v: WebAssembly reserves up to 10 GB of addresses however little it uses, and each thread some more',
        cause,
      },
    );
  }
}

/** Smaller memories fit the caches of addresses, and loading koffi takes longer than they gain. */
const WORTH_LARGE_PAGES = 4e6;
const MADV_HUGEPAGE = 14;

/**
 * Asks Linux for pages of 2 MB, which it mostly gives only to those who ask: 6 % faster training at
 * H128 and H256, 2 % at H512, 4 % faster sampling of large models. It may decline, and where it
 * cannot be asked nothing is lost.
 */
function adviseLargePages(memory: WebAssembly.Memory): void {
  try {
    // null: what the process has loaded already, the C library among it
    koffi().load(null).func('int madvise(int64, size_t, int)')(
      addressOf(memory),
      memory.buffer.byteLength,
      MADV_HUGEPAGE,
    );
  } catch {
    // no koffi, or no madvise
  }
}
