// Runs in a separate process with the built program. It computes products and chains whose operands
// end where protected memory begins, or begin where it ends. Reading or writing one byte beyond an
// operand ends the process. Then it makes many calls from two threads. Prints `done`.
import { Worker, isMainThread, workerData } from 'node:worker_threads';
import { loadKoffi } from '../../../../dist/devices/cpu/foreign.js';
import { functionAt, loadCode } from '../../../../dist/devices/cpu/machine/code.js';
import { supportedInstructionSets } from '../../../../dist/devices/cpu/machine/processor.js';
import { productScratch } from '../../../../dist/devices/cpu/machine/product.js';
import { MachineWriter } from '../../../../dist/devices/cpu/machine/program.js';
import { panelColumns } from '../../../../dist/devices/cpu/machine/tile.js';
import { Builder } from '../../../../dist/program/builder.js';
import { Random } from '../../../../dist/random.js';

const PAGE = 4096;
const [NOTHING, READ_WRITE, PRIVATE_ANONYMOUS] = [0, 3, 0x22];
const CALLS = Number(process.argv[2] ?? 200_000);

/** Shapes whose A and B are packed, in blocks, with panels that are prefetched. */
const large = [
  [30, 200, 40, true],
  [13, 300, 270, true],
  [400, 520, 20, true],
  [5, 257, 3, true],
  [100, 70, 300, false],
  [390, 40, 20, false],
  [3, 1000, 256, false],
];

if (isMainThread) {
  for (const width of supportedInstructionSets()) guard(width);
  await callFromThreads();
  console.log('done');
} else {
  const call = functionAt(workerData.at, 2);
  for (let each = 0; each < CALLS / 2; each++) call(workerData.memory, workerData.memory);
}

/** An operand of `bytes` bytes with a protected page on either side, next to one of them. */
function operandsOf(mmap, mprotect) {
  return (bytes, isAtEnd) => {
    const pages = Math.max(1, Math.ceil(bytes / PAGE)) * PAGE;
    const region = mmap(0, pages + 2 * PAGE, READ_WRITE, PRIVATE_ANONYMOUS, -1, 0);
    mprotect(region, PAGE, NOTHING);
    mprotect(region + PAGE + pages, PAGE, NOTHING);
    return isAtEnd ? region + PAGE + pages - bytes : region + PAGE;
  };
}

function guard(width) {
  const libc = loadKoffi().load(null);
  const mmap = libc.func('int64 mmap(int64, size_t, int, int, int, int64)');
  const mprotect = libc.func('int mprotect(int64, size_t, int)');
  const operand = operandsOf(mmap, mprotect);
  const random = new Random(5);
  const below = (limit) => Math.floor(random.uniform() * limit);
  const columns = panelColumns(width);
  for (let each = 0; each < 120 + large.length; each++) {
    const [M, N, K, transposedA] =
      each >= 120
        ? large[each - 120]
        : [1 + below(40), 1 + below(90), 1 + below(each % 8 === 0 ? 300 : 40), each % 2 === 0];
    const addend = ['nothing', 'c', 'bias'][below(transposedA ? 2 : 3)];
    const [lda, ldb, ldc] = [(transposedA ? M : K) + below(3), N + below(3), N + below(3)];
    const shape = { M, N, K, transposedA, lda, ldb, ldc, addend };
    const size = (rows, wide, leading) => 4 * ((rows - 1) * leading + wide);
    const sizes = {
      a: transposedA ? size(K, M, lda) : size(M, K, lda),
      b: transposedA ? size(K, N, ldb) : 4 * Math.ceil(N / columns) * columns * K,
      c: size(M, N, ldc),
      bias: 4 * N,
      scratch: Math.max(4, 4 * productScratch(shape, width)),
    };
    for (const isAtEnd of [true, false]) {
      const places = Object.fromEntries(Object.entries(sizes).map(([name, bytes]) => [name, operand(bytes, isAtEnd)]));
      // Addresses count from the lowest operand.
      const base = Math.min(...Object.values(places));
      const reach = Math.max(...Object.keys(sizes).map((name) => places[name] + sizes[name])) - base;
      const writer = new MachineWriter(width, { fixed: reach, inShard: reach });
      writer.product(
        shape,
        Object.fromEntries(Object.entries(places).map(([name, at]) => [name, { fixed: at - base }])),
      );
      writer.close();
      const { code, functions } = writer.finish();
      const loaded = loadCode(code);
      functionAt(loaded.address + functions[0], 2)(base, base);
      loaded.free();
    }
  }
  // sigmoid(x)·y + z, with a row and one element among the operands
  for (let columns = 1; columns <= 40; columns++)
    for (const isAtEnd of [true, false]) {
      const ops = new Builder();
      const [x, y, z] = [ops.input('x', 3, columns), ops.input('y', 1, columns), ops.input('z', 1, 1)];
      const gate = ops.sigmoid(x);
      const scaled = ops.multiply(gate, y);
      const sum = ops.add(scaled, z);
      const bytes = [12 * columns, 4 * columns, 4, 12 * columns];
      const places = bytes.map((size) => operand(size, isAtEnd));
      const base = Math.min(...places);
      const reach = Math.max(...places.map((at, index) => at + bytes[index])) - base;
      const writer = new MachineWriter(width, { fixed: reach, inShard: reach });
      const place = (pointer, walk) => ({ pointer, column: 0, walk });
      // With one column, a row is also one element.
      const operands = new Map([
        [x, place(0, 'matrix')],
        [y, place(1, columns === 1 ? 'scalar' : 'row')],
        [z, place(2, 'scalar')],
      ]);
      const chain = {
        values: [gate, scaled, sum],
        operands,
        stores: new Map([[sum, [place(3)]]]),
        strides: [columns, 0, 0, columns],
      };
      writer.chain(
        chain,
        3,
        columns,
        places.map((at) => ({ fixed: at - base })),
      );
      writer.close();
      const { code, functions } = writer.finish();
      const loaded = loadCode(code);
      functionAt(loaded.address + functions[0], 2)(base, base);
      loaded.free();
    }
}

async function callFromThreads() {
  const libc = loadKoffi().load(null);
  const memory = libc.func('int64 mmap(int64, size_t, int, int, int, int64)')(
    0,
    1 << 20,
    READ_WRITE,
    PRIVATE_ANONYMOUS,
    -1,
    0,
  );
  const [width] = supportedInstructionSets();
  const writer = new MachineWriter(width, { fixed: 1 << 20, inShard: 1 << 20 });
  const at = (fixed) => ({ fixed });
  const shape = { M: 2, N: 5, K: 3, transposedA: false, lda: 3, ldb: 0, ldc: 5, addend: 'nothing' };
  writer.product(shape, { a: at(0), b: at(4096), c: at(65536), bias: null, scratch: at(0) });
  writer.close();
  const { code, functions } = writer.finish();
  const loaded = loadCode(code);
  const threads = [0, 1].map(
    () =>
      new Promise((resolve, reject) => {
        const thread = new Worker(new URL(import.meta.url), {
          argv: process.argv.slice(2),
          workerData: { at: loaded.address + functions[0], memory },
        });
        thread.on('exit', (status) => (status === 0 ? resolve() : reject(new Error(`a thread ended with ${status}`))));
        thread.on('error', reject);
      }),
  );
  await Promise.all(threads);
}
