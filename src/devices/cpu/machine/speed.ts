// The speed of a large matrix product on one core and the peak of the core, for rnn doctor.
import { addressOf } from '../foreign.ts';
import { allocateMemory } from '../memory.ts';
import { WASM_PAGE_BYTES } from '../sizes.ts';
import { functionAt, loadCode } from './code.ts';
import type { InstructionSet } from './operands.ts';
import { peakOperations, peakProgram } from './peak.ts';
import { productScratch } from './product.ts';
import { type MachineProgram, MachineWriter } from './program.ts';

const [M, N, K] = [1024, 1024, 512];
const RUNS = 5;

/** GFLOP/s of both, the best of a few alternating runs. Takes about 100 ms. */
export function measureSpeed(width: InstructionSet): { readonly product: number; readonly peak: number } {
  const shape = { M, N, K, transposedA: false, lda: K, ldb: 0, ldc: N, addend: 'nothing' } as const;
  const sizes = [M * K, N * K, M * N, productScratch(shape, width)];
  const [a, b, c, scratch] = sizes.map((_, index) => ({ fixed: 4 * sizes.slice(0, index).reduce((x, y) => x + y, 0) }));
  const pages = Math.ceil((4 * sizes.reduce((x, y) => x + y)) / WASM_PAGE_BYTES);
  const memory = allocateMemory({ pages, bytes: pages * WASM_PAGE_BYTES });
  const writer = new MachineWriter(width, { fixed: pages * WASM_PAGE_BYTES, inShard: 0 });
  writer.product(shape, { a, b, c, bias: null, scratch });
  writer.close();
  const [product, peak] = fastest([writer.finish(), peakProgram(width, pages).machine!], memory);
  return { product: (2 * M * N * K) / product / 1e6, peak: peakOperations(width) / peak / 1e6 };
}

/** The minimum milliseconds of a run of each program. */
function fastest(programs: readonly MachineProgram[], memory: WebAssembly.Memory): number[] {
  const loaded = programs.map(({ code }) => loadCode(code));
  const calls = loaded.map(({ address }, index) => functionAt(address + programs[index].functions[0], 2));
  const best = calls.map(() => Infinity);
  try {
    for (let run = 0; run < RUNS; run++)
      for (const [index, call] of calls.entries()) {
        const started = performance.now();
        const base = addressOf(memory);
        call(base, base);
        best[index] = Math.min(best[index], performance.now() - started);
      }
  } finally {
    for (const code of loaded) code.free();
  }
  return best;
}
