// Matrix products in machine code on one core, compared with the processor's peak and with OpenBLAS
// where it is installed: `node bench/products.js [avx512|avx2] [MxNxK …]` after `npm run build`.
// Each figure is a median of rounds in which the three alternate, because a shared machine changes
// its speed all the time. A name that ends in T is Aᵀ·B, summed over K rows.
import { loadKoffi, addressOf } from '../dist/devices/cpu/foreign.js';
import { functionAt, loadCode } from '../dist/devices/cpu/machine/code.js';
import { peakOperations, peakProgram } from '../dist/devices/cpu/machine/peak.js';
import { supportedInstructionSets } from '../dist/devices/cpu/machine/processor.js';
import { productScratch } from '../dist/devices/cpu/machine/product.js';
import { MachineWriter } from '../dist/devices/cpu/machine/program.js';
import { panelColumns } from '../dist/devices/cpu/machine/tile.js';
import { allocateMemory } from '../dist/devices/cpu/memory.js';

const usual =
  '25x512x128 25x128x512 32x1024x256 32x2048x512 32x512x2048 1250x512x128 2048x2048x512 128x512x2500T 512x2048x2048T 1x512x128 1x2048x512 8x2048x512';
const ROUNDS = 21;
const MILLISECONDS = 8;
/**
 * Operands of products with few rows are at this number of places in turn, like the operands of
 * time steps.
 */
const PLACES = 20;
const FEW = 100;

const [first, ...others] = process.argv.slice(2);
const isWidth = first === 'avx512' || first === 'avx2';
const width = isWidth ? first : supportedInstructionSets()[0];
const shapes = [...(first && !isWidth ? [first] : []), ...others];
const names = shapes.length > 0 ? shapes : usual.split(' ');
const wrong = names.find((name) => !/^\d+x\d+x\d+T?$/.test(name));
if (wrong !== undefined) {
  console.error(`error: ${wrong} is neither avx512, avx2 nor a product such as 25x512x128 or 128x512x2500T`);
  process.exit(2);
}
// OpenBLAS chooses its kernels when it is loaded.
if (width === 'avx2') process.env.OPENBLAS_CORETYPE = 'Haswell';
process.env.OPENBLAS_NUM_THREADS = '1';

const pages = 8192;
const memory = allocateMemory({ pages, bytes: pages * 65536 });
new Float32Array(memory.buffer).fill(0.01);
const base = addressOf(memory);
const sgemm = findSgemm();
const peak = functionOf(peakProgram(width, 1).machine);
const peakOfRun = peakOperations(width) / 1e6;
console.log(`${width}, Node ${process.version}; OpenBLAS: ${sgemm ? 'yes' : 'not installed'}`);
console.log('product'.padEnd(18), 'GFLOP/s', ' of the peak', sgemm ? ' times OpenBLAS' : '');
for (const name of names) report(name);

function report(name) {
  const [, M, N, K, T] = /^(\d+)x(\d+)x(\d+)(T?)$/.exec(name);
  const [rows, columns, depth, transposedA] = [Number(M), Number(N), Number(K), T === 'T'];
  const shape = {
    M: rows,
    N: columns,
    K: depth,
    transposedA,
    lda: transposedA ? rows : depth,
    ldb: columns,
    ldc: columns,
    addend: 'c',
  };
  const places = rows <= FEW ? PLACES : 1;
  let next = 0;
  const take = (elements) => {
    const at = next;
    next += Math.ceil((4 * elements) / 4096) * 4096;
    return at;
  };
  const wide = panelColumns(width);
  const b = take(Math.ceil(columns / wide) * wide * depth);
  const scratch = take(productScratch(shape, width));
  const calls = Array.from({ length: places }, () => {
    const [a, c] = [take(rows * depth), take(rows * columns)];
    const writer = new MachineWriter(width, { fixed: pages * 65536, inShard: 0 });
    const at = (fixed) => ({ fixed });
    writer.product(shape, { a: at(a), b: at(b), c: at(c), bias: null, scratch: at(scratch) });
    writer.close();
    return { run: functionOf(writer.finish()), a: base + a, c: base + c };
  });
  const mine = (i) => calls[i % places].run(base, base);
  const theirs = (i) => {
    const { a, c } = calls[i % places];
    sgemm(101, transposedA ? 112 : 111, 111, rows, columns, depth, 1, a, shape.lda, base + b, columns, 1, c, columns);
  };
  const operations = 2 * rows * columns * depth;
  const rounds = Array.from({ length: ROUNDS }, () => {
    const before = peakOfRun / millisecondsOf(() => peak(base, base), 1);
    const own = operations / 1e6 / millisecondsOf(mine, MILLISECONDS);
    const blas = sgemm ? operations / 1e6 / millisecondsOf(theirs, MILLISECONDS) : NaN;
    const after = peakOfRun / millisecondsOf(() => peak(base, base), 1);
    return { own, part: (2 * own) / (before + after), times: own / blas };
  });
  const middle = (of) => rounds.map(of).toSorted((x, y) => x - y)[ROUNDS >> 1];
  const [own, part, times] = [
    middle((each) => each.inShard),
    middle((each) => each.part),
    middle((each) => each.times),
  ];
  const cells = [
    own.toFixed(0).padStart(7),
    `${(100 * part).toFixed(0)} %`.padStart(12),
    sgemm ? times.toFixed(2).padStart(15) : '',
  ];
  console.log(name.padEnd(18), ...cells);
}

/** The time of one call: the mean of as many calls as take this long. */
function millisecondsOf(call, least) {
  let calls = 0;
  const started = performance.now();
  let elapsed = 0;
  while (elapsed < least) {
    call(calls++);
    elapsed = performance.now() - started;
  }
  return elapsed / calls;
}

function functionOf({ code, functions }) {
  return functionAt(loadCode(code).address + functions[0], 2);
}

function findSgemm() {
  try {
    return loadKoffi()
      .load('libopenblas.so.0')
      .func('void cblas_sgemm(int, int, int, int, int, int, float, int64, int, int64, int, float, int64, int)');
  } catch {
    return null;
  }
}
