// Speed of the WebAssembly kernels on one core: `node bench/kernels.js [relaxed|portable]` after
// `npm run build`. About 10 s. GFLOP/s count 2·M·N·K. Each figure is the best of several short
// runs, because other load on a machine can only make a run slower.
import binaryen from 'binaryen'; // comes with assemblyscript
import { instantiateKernels, loadKernels, packedPanelsSize } from '../dist/devices/cpu/kernels.js';
import { gemmPanelsScratch, gemmTransposedAScratch } from '../dist/devices/cpu/kernels.js';
import { addChain } from '../dist/devices/cpu/chain.js';
import { ModuleWriter } from '../dist/devices/cpu/wasm.js';
import { Builder } from '../dist/program/builder.js';

const { module, variant } = await loadKernels(process.argv[2]);
const pages = 2048;
const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
const kernels = instantiateKernels(module, memory);
const floats = new Float32Array(memory.buffer);

let top = 1024;
function allocate(elements) {
  const address = top;
  top += Math.ceil((elements * 4) / 64) * 64;
  return address;
}
/** Fills with values in [-0.5, 0.5): no denormals, no special values. */
function matrix(elements) {
  const address = allocate(elements);
  let seed = 1;
  for (let i = 0; i < elements; i++) {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    floats[address / 4 + i] = seed / 2 ** 32 - 0.5;
  }
  return address;
}

/** Seconds of one call: the best of 12 batches that take about 15 ms each. */
function secondsOf(call) {
  let calls = 1;
  let elapsed = 0;
  const batch = () => {
    const start = process.hrtime.bigint();
    for (let i = 0; i < calls; i++) call();
    return Number(process.hrtime.bigint() - start) / 1e9;
  };
  const warmUntil = performance.now() + 150; // V8 compiles the hot functions again
  while (performance.now() < warmUntil) call();
  while ((elapsed = batch()) < 0.015) calls = Math.max(calls * 2, Math.ceil((calls * 0.016) / Math.max(elapsed, 1e-6)));
  let best = elapsed;
  for (let i = 0; i < 12; i++) best = Math.min(best, batch());
  return best / calls;
}

/** A loop of twelve independent chains of multiply-adds on registers. */
async function extraModule() {
  const m = binaryen.parseText(loops());
  m.setFeatures(binaryen.Features.All);
  return new WebAssembly.Instance(await WebAssembly.compile(m.emitBinary()), { env: { memory } }).exports;
}
/** Source of one multiply-add of chain i. */
const chain = (i) =>
  variant === 'relaxed'
    ? `(local.set $s${i} (f32x4.relaxed_madd (local.get $s${i}) (local.get $x) (local.get $y)))`
    : `(local.set $s${i} (f32x4.add (f32x4.mul (local.get $s${i}) (local.get $x)) (local.get $y)))`;
function loops() {
  const chains = Array.from({ length: 12 }, (_, i) => i);
  const sum = chains.reduce((text, i) => `(f32x4.add ${text} (local.get $s${i}))`, '(v128.const i32x4 0 0 0 0)');
  return `(module
    (import "env" "memory" (memory 1 65536 shared))
    (func (export "peak") (param $count i32) (param $value f32) (result f32)
      (local $x v128) (local $y v128) ${chains.map((i) => `(local $s${i} v128)`).join(' ')}
      (local.set $x (f32x4.splat (local.get $value)))
      (local.set $y (f32x4.splat (local.get $value)))
      (loop $next ${chains.map(chain).join(' ')}
        (br_if $next (local.tee $count (i32.sub (local.get $count) (i32.const 1)))))
      (f32x4.extract_lane 0 ${sum})))`;
}

/** An elementwise operation in place, as in programs. */
function chainOf(name) {
  const ops = new Builder();
  const input = ops.input('x', 1, 4);
  const value = ops.elementwise(name, [input]);
  const writer = new ModuleWriter();
  const operands = new Map([[input, { pointer: 0, column: 0, walk: 'matrix' }]]);
  addChain(
    writer,
    { values: [value], operands, stores: new Map([[value, [{ pointer: 1, column: 0 }]]]), strides: [0, 0] },
    variant,
    'chain',
  );
  return new WebAssembly.Instance(new WebAssembly.Module(writer.encode(pages)), { env: { memory } }).exports.chain;
}

const extra = await extraModule();
const peak = (96 * 10000) / secondsOf(() => extra.peak(10000, 0.001)) / 1e9;
console.log(`${variant} kernels, Node ${process.version}, multiply-adds on registers: ${peak.toFixed(1)} GFLOP/s`);

function report(name, flops, call) {
  const rate = flops / secondsOf(call) / 1e9;
  console.log(`${name.padEnd(38)} ${rate.toFixed(1).padStart(6)} GFLOP/s  ${((100 * rate) / peak).toFixed(0)} %`);
}
const start = top;
for (const [M, N, K] of [
  [25, 512, 128],
  [32, 512, 128],
  [50, 512, 128],
  [1250, 512, 128],
  [32, 1024, 256],
  [25, 128, 512],
  [1250, 65, 128],
  [1, 512, 128],
  [1, 1024, 256],
  [1, 2048, 512],
  [2, 512, 128],
  [3, 512, 128],
  [4, 512, 128],
  [5, 512, 128],
]) {
  top = start;
  const a = matrix(M * K);
  const b = matrix(K * N);
  const panels = allocate(packedPanelsSize(K, N));
  const c = allocate(M * N);
  const scratch = allocate(gemmPanelsScratch(M, K));
  kernels.packPanels(b, N, K, N, 0, panels, 0, Math.ceil(N / 8));
  report(`gemmPanels ${M}×${N}×${K}`, 2 * M * N * K, () =>
    kernels.gemmPanels(M, N, K, a, K, panels, c, N, 0, 0, scratch),
  );
}
for (const [M, N, K] of [
  [128, 512, 1250],
  [256, 1024, 2048],
  [128, 65, 1250],
]) {
  top = start;
  const a = matrix(M * K);
  const b = matrix(K * N);
  const c = allocate(M * N);
  const scratch = allocate(gemmTransposedAScratch(M, K));
  report(`gemmTransposedA ${M}×${N}×${K}`, 2 * M * N * K, () =>
    kernels.gemmTransposedA(M, N, K, a, M, b, N, c, N, 0, scratch),
  );
}

top = start;
function reportElements(name, elements, call) {
  console.log(`${name.padEnd(38)} ${((secondsOf(call) * 1e9) / elements).toFixed(3).padStart(6)} ns/element`);
}
const count = 4096;
const x = matrix(count);
for (const name of ['sigmoid', 'tanh']) {
  const apply = chainOf(name);
  reportElements(`${name}, a separate chain`, count, () => apply(1, count, x, x));
}
top = start;
const rows = 1250;
const columns = 65;
const logits = matrix(rows * columns);
const gradient = allocate(rows * columns);
const targets = allocate(rows);
kernels.zero(targets, rows * 4);
reportElements('softmaxCrossEntropy 1250×65', rows * columns, () =>
  kernels.softmaxCrossEntropy(rows, columns, logits, columns, targets, gradient, columns, 1, 0),
);
top = start;
const wide = matrix(1250 * 512);
const table = allocate(65 * 512);
const ids = allocate(1250);
new Int32Array(memory.buffer, ids, 1250).forEach((_, i, all) => {
  all[i] = (i * 7) % 65;
});
reportElements('gather 1250×512', 1250 * 512, () => kernels.gather(1250, 512, table, 512, ids, wide, 512, 0));
kernels.zero(wide, 1250 * 512 * 4);
reportElements('scatterAdd 1250×512', 1250 * 512, () => kernels.scatterAdd(1250, 512, wide, 512, ids, table, 512));
reportElements('columnSums 1250×512', 1250 * 512, () => kernels.columnSums(1250, 512, wide, 512, table, 0));
reportElements('sumOfSquares 640000', 640000, () => kernels.sumOfSquares(wide, 640000));
reportElements('packPanels 128×512', 65536, () => kernels.packPanels(wide, 512, 128, 512, 0, table, 0, 64));
reportElements('packPanels 512×128 transposed', 65536, () => kernels.packPanels(wide, 512, 512, 128, 1, table, 0, 16));
