// The one shared memory of a workload.
import { RnnError } from '../../errors.ts';
import { addressOf, koffi } from './foreign.ts';

/** V8 reserves 10 GB of addresses for any shared memory, which a limit such as ulimit -v may forbid. */
export function allocate({ pages, bytes }: { readonly pages: number; readonly bytes: number }): WebAssembly.Memory {
  let memory: WebAssembly.Memory;
  try {
    memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  } catch (cause) {
    throw new RnnError('machine', `this machine gives no ${(bytes / 1e6).toFixed(0)} MB of shared memory`, {
      hint: 'WebAssembly reserves about 10 GB of addresses, whatever it uses: look at ulimit -v',
      cause,
    });
  }
  if (bytes >= WORTH_LARGE_PAGES && process.platform === 'linux') adviseLargePages(memory);
  return memory;
}

/** Smaller memories fit the caches of addresses, and loading koffi takes longer than they gain. */
const WORTH_LARGE_PAGES = 4e6;
const MADV_HUGEPAGE = 14;

/**
 * Asks Linux for pages of 2 MB, which it mostly gives only to those who ask: 6 % faster training at H128 and H256, 2 % at H512, 4 % faster
 * sampling of large models. It may decline, and where it cannot be asked nothing is lost.
 */
function adviseLargePages(memory: WebAssembly.Memory): void {
  try {
    // null: what the process has loaded already, the C library among it
    koffi().load(null).func('int madvise(int64, size_t, int)')(addressOf(memory), memory.buffer.byteLength, MADV_HUGEPAGE);
  } catch {
    // no koffi, or no madvise
  }
}
