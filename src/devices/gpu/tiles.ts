// Products in tiles, for what the language of gpu.js kernels cannot say: a workgroup keeps a tile
// of each operand in the memory that its threads share, and every thread sums sixteen elements in
// registers. The WGSL goes into the kernel's source as a comment, above the plain kernel that
// computes the same; splice.ts puts it in the place of what gpu.js makes of that.
//
// A workgroup has 256 threads and makes a tile of 64×64, 32×32 or 16×16 elements. A thread has a
// block of 4×4 of them; where the tile has fewer blocks than there are threads, several threads
// have the same block, each with its share of k, and their sums are added at the end. In slices of
// 16, 32 or 64 of k, so that both tiles are always 1024 elements: one vec4 for each thread to
// fetch. It fetches the next slice before it works on the one that is there; of two halves of the
// shared memory one is written while the other is read.
import type { Node, Product, ProductTerm } from './nodes.ts';
import type { KernelWriter } from './writer.ts';

/** How products are done: one thread an element, in tiles, or each as suits its size. */
export const productStyles = ['plain', 'tiled', 'auto'] as const;
export type ProductStyle = (typeof productStyles)[number];

const THREADS = 256;
/** Elements of a slice of a tile of one operand. */
const SLICE = 4 * THREADS;
const SIZES = [64, 32, 16] as const;
type Size = (typeof SIZES)[number];

/**
 * Workgroups that should be there before tiles are made larger: large GPUs have 80 to 140
 * multiprocessors. Estimated, as are the limits below: not yet measured on a GPU.
 */
const FILL = 128;
/**
 * Smaller products gain nothing by tiles: most of a tile would lie outside them, or fetching it
 * would cost as much as it saves.
 */
const LEAST = { rows: 8, elements: 1024, inner: 32 } as const;

/**
 * The comment that makes a kernel of nodes of one shape a tiled one; nothing where that is not
 * wanted.
 */
export function tiledPart(nodes: readonly Node[], products: ProductStyle, writer: KernelWriter): string {
  const planes = nodes.flatMap(({ product }) => product ?? []);
  if (products === 'plain' || planes.length === 0 || planes.length < nodes.length) return '';
  if (products === 'auto' && !planes.some(gains)) return '';
  const size = sizeFor(planes[0], planes.length);
  const texts = planes.map((product, plane) => planeText(product, plane, size, writer.wgsl()));
  return `/* ${TILED} ${size}\n${[`var<workgroup> tiles : array<vec4<f32>, ${SLICE}>;`, ...texts, mainText(planes.length, size)].join('\n')}\n*/\n`;
}

const TILED = 'tiled by';

/** The WGSL in the source of a kernel and the size of its tiles, or null. */
export function tiledPartOf(source: string): { size: number; wgsl: string } | null {
  const found = new RegExp(`/\\* ${TILED} (\\d+)\\n([^]*?)\\n\\*/`).exec(source);
  return found && { size: Number(found[1]), wgsl: found[2] };
}

function gains({ rows, columns, terms }: Product): boolean {
  const inner = terms.reduce((sum, term) => sum + term.inner, 0);
  return rows >= LEAST.rows && rows * columns >= LEAST.elements && inner >= LEAST.inner;
}

/** The largest tiles that are enough to fill a GPU. */
export function sizeFor({ rows, columns }: { rows: number; columns: number }, planes: number): Size {
  const tiles = (size: Size): number => planes * Math.ceil(rows / size) * Math.ceil(columns / size);
  return SIZES.find((size) => tiles(size) >= FILL) ?? 16;
}

/** How the threads share out a tile. */
function divide(size: Size) {
  const quads = size / 4;
  const blocks = quads * quads;
  return { quads, blocks, inner: SLICE / size, shares: THREADS / blocks };
}

function planeText(product: Product, plane: number, size: Size, writer: KernelWriter): string {
  return [
    operandText('left', product, plane, size, writer),
    operandText('right', product, plane, size, writer),
    storeText(product, plane, writer),
    tileText(product, plane, size),
  ].join('\n');
}

/**
 * An element of an operand: of A, from its row, or of B, from its column. Zero beyond the matrix,
 * and where a term ends within a slice.
 */
function operandText(
  side: 'left' | 'right',
  { rows, columns, terms }: Product,
  plane: number,
  size: Size,
  writer: KernelWriter,
): string {
  const { inner: step } = divide(size);
  const read = (term: ProductTerm): string =>
    side === 'left' ? term.left(writer, 'line', 'at') : term.right(writer, 'at', 'line');
  let first = 0;
  const lines = terms.map((term, index) => {
    const last = first + slicesOf(term, size);
    const text = [
      `let at = ${first === 0 ? 'slice' : `(slice - ${first})`} * ${step} + k;`,
      `if (at >= ${term.inner}) { return 0.0; }`,
      `return ${read(term)};`,
    ].join('\n');
    first = last;
    return index < terms.length - 1 ? `if (slice < ${last}) {\n${text}\n}` : text;
  });
  return [
    `fn ${side}${plane}(slice : i32, line : i32, k : i32) -> f32 {`,
    `if (line >= ${side === 'left' ? rows : columns}) { return 0.0; }`,
    ...lines,
    '}',
    `fn four_${side}${plane}(slice : i32, line : i32, k : i32) -> vec4<f32> {`,
    `return vec4<f32>(${[0, 1, 2, 3].map((i) => `${side}${plane}(slice, line + ${i}, k)`).join(', ')});`,
    '}',
  ].join('\n');
}

/** Four sums next to each other: what becomes of them, into the result. */
function storeText({ rows, columns, finish }: Product, plane: number, writer: KernelWriter): string {
  return [
    `fn finish${plane}(row : i32, column : i32, total : f32) -> f32 {`,
    'var sum = total;',
    finish(writer),
    '}',
    `fn store${plane}(row : i32, column : i32, totals : vec4<f32>) {`,
    `if (row >= ${rows}) { return; }`,
    `let start = column + ${columns} * (row + ${rows} * ${plane});`,
    ...[0, 1, 2, 3].map(
      (i) =>
        `if (column + ${i} < ${columns}) { result[start + ${i}] = finish${plane}(row, column + ${i}, totals[${i}]); }`,
    ),
    '}',
  ].join('\n');
}

function slicesOf({ inner }: ProductTerm, size: Size): number {
  return Math.ceil(inner / divide(size).inner);
}

/**
 * One workgroup's work. `tiles` holds, twice, a vec4 of rows of A for each k and four rows, then as
 * many of columns of B.
 */
function tileText({ terms }: Product, plane: number, size: Size): string {
  const { quads, blocks, inner, shares } = divide(size);
  const slices = terms.reduce((sum, term) => sum + slicesOf(term, size), 0);
  // Neighbouring threads fetch neighbouring elements, as they lie in the first term; others mostly
  // lie alike.
  const [{ transposeA, transposeB }] = terms;
  const byK = ['me % INNER', 'me / INNER'];
  const byLine = ['me / QUADS', 'me % QUADS'];
  const place = (side: string, [k, quad]: readonly string[]): string =>
    `let ${side}_k = ${k};\nlet ${side}_quad = ${quad};\nlet ${side}_at = ${spot(`${side}_k`, `${side}_quad`)};`;
  const text = [
    `fn plane${plane}(corner : vec2<i32>, me : i32) {`,
    place('left', transposeA ? byLine : byK),
    place('right', transposeB ? byK : byLine),
    'let left_line = corner.y + 4 * left_quad;',
    'let right_line = corner.x + 4 * right_quad;',
    'let block = vec2<i32>(me % BLOCKS % QUADS, me % BLOCKS / QUADS);',
    'let share = me / BLOCKS;',
    'var s0 = vec4<f32>();\nvar s1 = vec4<f32>();\nvar s2 = vec4<f32>();\nvar s3 = vec4<f32>();',
    `for (var slice = 0; slice <= ${slices}; slice++) {`,
    // On its way while the slice before it is worked on.
    `let a = four_left${plane}(slice, left_line, left_k);`,
    `let b = four_right${plane}(slice, right_line, right_k);`,
    'if (slice > 0) {',
    `let there = ((slice - 1) & 1) * ${SLICE / 2};`,
    `for (var i = 0; i < ${inner / shares}; i++) {`,
    `let k = i * ${shares} + share;`,
    `let l = tiles[there + ${spot('k', 'block.y')}];`,
    `let r = tiles[there + ${SLICE / 4} + ${spot('k', 'block.x')}];`,
    ...['x', 'y', 'z', 'w'].map((component, i) => `s${i} = fma(vec4<f32>(l.${component}), r, s${i});`),
    '}',
    '}',
    `let here = (slice & 1) * ${SLICE / 2};`,
    'tiles[here + left_at] = a;',
    `tiles[here + ${SLICE / 4} + right_at] = b;`,
    'workgroupBarrier();',
    '}',
    ...(shares > 1
      ? sharedSums(plane)
      : [0, 1, 2, 3].map((i) => `store${plane}(corner.y + 4 * block.y + ${i}, corner.x + 4 * block.x, s${i});`)),
    '}',
  ].join('\n');
  return text
    .replaceAll('QUADS', String(quads))
    .replaceAll('BLOCKS', String(blocks))
    .replaceAll('INNER', String(inner))
    .replaceAll('SHARES', String(shares));
}

/**
 * Where four rows or columns at one k stand. Crossed with k, so that threads that write the same
 * four at many k use different banks.
 */
function spot(k: string, quad: string): string {
  return `${k} * QUADS + (${quad} ^ (${k} & (QUADS - 1)))`;
}

/** Adds up what the threads of one block have, and stores it. */
function sharedSums(plane: number): string[] {
  return [
    ...[0, 1, 2, 3].map((i) => `tiles[(4 * share + ${i}) * BLOCKS + me % BLOCKS] = s${i};`),
    'workgroupBarrier();',
    'if (me >= 4 * BLOCKS) { return; }',
    'var total = tiles[me];',
    'for (var i = 1; i < SHARES; i++) { total += tiles[4 * BLOCKS * i + me]; }',
    `store${plane}(corner.y + 4 * block.y + me / BLOCKS, corner.x + 4 * block.x, total);`,
  ];
}

function mainText(planes: number, size: Size): string {
  return [
    `@compute @workgroup_size(${THREADS})`,
    'fn main(@builtin(workgroup_id) group : vec3<u32>, @builtin(local_invocation_index) me : u32) {',
    `let corner = vec2<i32>(group.xy) * ${size};`,
    ...Array.from({ length: planes }, (_, plane) => `if (group.z == ${plane}u) { plane${plane}(corner, i32(me)); }`),
    '}',
  ].join('\n');
}
