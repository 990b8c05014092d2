// Matrix products in tiles, which the language of gpu.js kernels cannot express. A workgroup keeps a
// slice of each operand in the memory that its threads share, and each thread sums a block of
// results in registers. Products with the same left operand, such as the products of all gates of a
// cell, share the slice of it.
import type { Body, Factor } from './body.ts';
import { type NamedBody, WORKGROUP_THREADS } from './source.ts';

/** A tile of results, and the block of it that one thread computes. */
export interface TileSize {
  readonly rows: number;
  readonly columns: number;
  /** Rows and columns of a block. */
  readonly down: number;
  readonly across: number;
}

/** From large to small. */
const sizes: readonly TileSize[] = [
  { rows: 64, columns: 64, down: 4, across: 4 },
  { rows: 32, columns: 32, down: 2, across: 2 },
  { rows: 16, columns: 16, down: 1, across: 1 },
];
/** Terms of a slice. */
const SLICE = 16;
/** Results of one thread, which should fit into its registers. */
const MOST_RESULTS = 24;
/** The shared memory of a workgroup that every WebGPU device has. */
const SHARED_BYTES = 16_384;
/**
 * Smaller products gain nothing by tiles: most of a tile would lie outside them, or fetching it
 * would cost as much as it saves.
 */
const LEAST = { rows: 8, elements: 1024, terms: 32 } as const;

/** Sums that share their left operand. */
interface Stage {
  readonly count: number;
  readonly left: Factor;
  readonly rights: readonly { readonly sum: number; readonly factor: Factor }[];
}

/** The tiles that suit the planes of a dispatch, from large to small. Empty if tiles gain nothing. */
export function tilesFor(planes: readonly Body[]): readonly TileSize[] {
  const [{ rows, columns }] = planes;
  const terms = planes.flatMap(({ sums }) => sums.flat());
  const areProducts = planes.every(({ sums }) => sums.length > 0) && terms.every(({ left, right }) => left && right);
  const largest = Math.max(0, ...terms.map(({ count }) => count));
  if (!areProducts || rows < LEAST.rows || rows * columns < LEAST.elements || largest < LEAST.terms) return [];
  const sums = Math.max(...planes.map((body) => body.sums.length));
  return sizes.filter(
    (size) =>
      (sums * size.down * size.across <= MOST_RESULTS || size.down === 1) &&
      4 * memoryElements(planes, size) <= SHARED_BYTES,
  );
}

/** Workgroups that tiles of this size would be. */
export function tileCount(planes: readonly Body[], size: TileSize): number {
  const [{ rows, columns }] = planes;
  return planes.length * Math.ceil(rows / size.rows) * Math.ceil(columns / size.columns);
}

/** The shared memory of a kernel with these planes. */
export function tileMemory(planes: readonly Body[], size: TileSize): string {
  return `var<workgroup> tiles : array<f32, ${memoryElements(planes, size)}>;`;
}

function memoryElements(planes: readonly Body[], { rows, columns }: TileSize): number {
  const rights = Math.max(...planes.flatMap((body) => stagesOf(body).map((stage) => stage.rights.length)));
  return SLICE * (rows + rights * columns);
}

function stagesOf({ sums }: Body): Stage[] {
  const stages: (Omit<Stage, 'rights'> & { rights: { sum: number; factor: Factor }[] })[] = [];
  for (const [sum, terms] of sums.entries())
    for (const { count, left, right } of terms) {
      const same = stages.find(
        (stage) =>
          stage.count === count && stage.left.operand === left!.operand && stage.left.transposed === left!.transposed,
      );
      const stage = same ?? stages[stages.push({ count, left: left!, rights: [] }) - 1];
      stage.rights.push({ sum, factor: right! });
    }
  return stages;
}

/** The function of one workgroup: it computes the sums of a tile and finishes each result. */
export function sumsByTiles({ body, prefix }: NamedBody, size: TileSize): string {
  const { rows, columns, down, across } = size;
  const block = Array.from({ length: down }, (_, d) =>
    Array.from({ length: across }, (_, a) => [d, a] as const),
  ).flat();
  const result = (sum: number, d: number, a: number): string => `r${sum}_${d}_${a}`;
  const declared = body.sums.flatMap((_, sum) => block.map(([d, a]) => `var ${result(sum, d, a)} = 0.0;`));
  const stages = stagesOf(body).map((stage) => stageText(body, stage, prefix, size, result));
  const finish = block.map(([d, a]) =>
    [
      `if (first_row + ${d} < ${body.rows} && first_column + ${a} < ${body.columns}) {`,
      `threadGid = vec3<u32>(u32(first_column + ${a}), u32(first_row + ${d}), 0u);`,
      ...body.sums.map((_, sum) => `sums[${sum}] = ${result(sum, d, a)};`),
      `${prefix}_finish();`,
      '}',
    ].join('\n'),
  );
  return [
    `fn ${prefix}_sum() {`,
    `let corner = vec2<i32>(group.x * ${columns}, group.y * ${rows});`,
    `let my_row = me / ${columns / across} * ${down};`,
    `let my_column = me % ${columns / across} * ${across};`,
    `let first_row = corner.y + my_row;`,
    `let first_column = corner.x + my_column;`,
    ...declared,
    ...stages,
    ...finish,
    '}',
  ].join('\n');
}

function stageText(
  body: Body,
  { count, left, rights }: Stage,
  prefix: string,
  { rows, columns, down, across }: TileSize,
  result: (sum: number, d: number, a: number) => string,
): string {
  const rightStart = (index: number): number => SLICE * (rows + index * columns);
  const each = (length: number, text: (i: number) => string): string[] => Array.from({ length }, (_, i) => text(i));
  const multiply = rights.flatMap(({ sum }, i) => [
    ...each(across, (a) => `let b${i}_${a} = tiles[${rightStart(i)} + k * ${columns} + my_column + ${a}];`),
    ...each(down, (d) =>
      each(across, (a) => `${result(sum, d, a)} = fma(a_${d}, b${i}_${a}, ${result(sum, d, a)});`).join(' '),
    ),
  ]);
  return [
    `for (var first = 0; first < ${count}; first += ${SLICE}) {`,
    fetchText(`${prefix}_x${left.operand}`, left.transposed, true, 0, rows, 'corner.y', body.rows, count),
    ...rights.map(({ factor }, i) =>
      fetchText(
        `${prefix}_x${factor.operand}`,
        factor.transposed,
        false,
        rightStart(i),
        columns,
        'corner.x',
        body.columns,
        count,
      ),
    ),
    'workgroupBarrier();',
    `for (var k = 0; k < ${SLICE}; k++) {`,
    ...each(down, (d) => `let a_${d} = tiles[k * ${rows} + my_row + ${d}];`),
    ...multiply,
    '}',
    'workgroupBarrier();',
    '}',
  ].join('\n');
}

/**
 * Fetches a slice of an operand: for each term, `lines` elements next to each other. Threads next
 * to each other fetch elements that are next to each other in memory. Beyond the matrix are zeros.
 */
function fetchText(
  read: string,
  transposed: boolean,
  isLeft: boolean,
  start: number,
  lines: number,
  corner: string,
  most: number,
  count: number,
): string {
  const byTerm = isLeft !== transposed;
  const [line, k] = byTerm ? [`i / ${SLICE}`, `i % ${SLICE}`] : [`i % ${lines}`, `i / ${lines}`];
  const element = byTerm ? `${read}(line, term)` : `${read}(term, line)`;
  // Whole tiles and slices have nothing beyond the matrix.
  const checks = [
    ...(most % lines === 0 ? [] : [`line < ${most}`]),
    ...(count % SLICE === 0 ? [] : [`term < ${count}`]),
  ];
  return [
    `for (var i = me; i < ${lines * SLICE}; i += ${WORKGROUP_THREADS}) {`,
    `let line = ${corner} + ${line};`,
    `let term = first + ${k};`,
    ...(checks.length === 0
      ? [`let x = ${element};`]
      : ['var x = 0.0;', `if (${checks.join(' && ')}) { x = ${element}; }`]),
    `tiles[${start} + (${k}) * ${lines} + ${line}] = x;`,
    '}',
  ].join('\n');
}
