// The kernel of a dispatch in WGSL: where operands are, how threads share the sums, and the
// translated bodies. Offsets come in a uniform buffer, so that all time steps share a kernel.
import type { Body, Space } from './body.ts';
import { spaces } from './body.ts';
import type { Dispatch } from './compile.ts';
import { sumsByWorkgroup } from './reduce.ts';
import { WORKGROUP_THREADS, sumText } from './source.ts';
import { type TileSize, sumsByTiles, tileMemory } from './tiles.ts';
import { translate } from './translate.ts';

/** How threads share the sums of a dispatch. A tile: each workgroup a tile of results. */
export type Style = 'element' | 'workgroup' | TileSize;

/** A kernel and what it is started with. */
export interface RenderedDispatch {
  readonly wgsl: string;
  /** Offsets of operands and integers, plane after plane. */
  readonly offsets: Int32Array;
  readonly workgroups: readonly [number, number, number];
}

/** Planes with bodies that differ only in their offsets. */
export interface Shared {
  readonly body: Body;
  readonly prefix: string;
  readonly firstPlane: number;
  readonly endPlane: number;
  /** The first of the offsets of its planes. */
  readonly firstOffset: number;
}

/** Workgroups of the style `element`: threads along a row, and rows. */
function elementThreads(columns: number): [number, number] {
  const across = Math.min(32, 2 ** Math.ceil(Math.log2(columns)));
  return [across, 128 / across];
}

export function renderDispatch({ planes }: Dispatch, style: Style): RenderedDispatch {
  const runs = runsOf(planes);
  const translated = runs.map(({ body, prefix }) =>
    translate(body, style === 'element' ? sumText(body) : null, prefix),
  );
  const functions = translated.find((each) => each.functions !== '')?.functions ?? '';
  const offsets = planes.flatMap(({ places, integers }) => [...places.map(({ offset }) => offset), ...integers]);
  const sums = Math.max(...planes.map((body) => body.sums.length));
  const [{ rows, columns }] = planes;
  const wgsl = [
    memoryText(Math.ceil(offsets.length / 4)),
    functions,
    `var<private> threadGid : vec3<u32>;`,
    `var<private> at : i32;`,
    ...(style === 'element' ? [] : [`var<private> sums : array<f32, ${Math.max(1, sums)}>;`]),
    ...(style === 'element'
      ? []
      : [
          style === 'workgroup'
            ? `var<workgroup> shared_sums : array<f32, ${WORKGROUP_THREADS}>;`
            : tileMemory(planes, style),
        ]),
    ...runs.flatMap((run, i) => [
      operandText(run),
      `fn ${run.prefix}_finish() {\n${translated[i].body}\n}`,
      ...(style === 'element' ? [] : [style === 'workgroup' ? sumsByWorkgroup(run) : sumsByTiles(run, style)]),
    ]),
    mainText(runs, style, rows, columns),
  ].join('\n');
  return { wgsl, offsets: Int32Array.from(offsets), workgroups: workgroupsOf(rows, columns, planes.length, style) };
}

function workgroupsOf(rows: number, columns: number, planes: number, style: Style): [number, number, number] {
  if (style === 'workgroup') return [columns, rows, planes];
  const [across, down] = style === 'element' ? elementThreads(columns) : [style.columns, style.rows];
  return [Math.ceil(columns / across), Math.ceil(rows / down), planes];
}

/** Planes next to each other with bodies of one key. */
function runsOf(planes: readonly Body[]): Shared[] {
  const runs: Shared[] = [];
  let firstOffset = 0;
  for (const [plane, body] of planes.entries()) {
    const last = runs.at(-1);
    if (last && last.body.key === body.key) runs[runs.length - 1] = { ...last, endPlane: plane + 1 };
    else runs.push({ body, prefix: `p${runs.length}`, firstPlane: plane, endPlane: plane + 1, firstOffset });
    firstOffset += body.places.length + body.integers.length;
  }
  return runs;
}

function memoryText(vectors: number): string {
  return [
    `struct Params { offsets : array<vec4<i32>, ${Math.max(1, vectors)}> }`,
    '@group(0) @binding(0) var<uniform> params : Params;',
    ...spaces.map((space, i) => `@group(0) @binding(${i + 1}) var<storage, read_write> ${space} : array<f32>;`),
  ].join('\n');
}

function operandText({ body, prefix, firstPlane, endPlane, firstOffset }: Shared): string {
  const offset = (index: number): string => {
    if (endPlane - firstPlane > 1) return `params.offsets[u32(at + ${index}) >> 2][u32(at + ${index}) & 3]`;
    const place = firstOffset + index;
    return `params.offsets[${place >> 2}].${'xyzw'[place & 3]}`;
  };
  const element = (operand: number, row: string, column: string): string => {
    const { space, stride } = body.places[operand];
    return `${space satisfies Space}[u32(${offset(operand)} + ${row} * ${stride} + ${column})]`;
  };
  return [
    ...body.places.map(
      (_, i) => `fn ${prefix}_x${i}(row : i32, column : i32) -> f32 { return ${element(i, 'row', 'column')}; }`,
    ),
    ...body.integers.map((_, i) => `fn ${prefix}_n${i}() -> i32 { return ${offset(body.places.length + i)}; }`),
    ...body.stores.map(
      ({ operand }, i) =>
        `fn ${prefix}_store${i}(x : f32) -> f32 { ${element(operand, 'i32(threadGid.y)', 'i32(threadGid.x)')} = x; return x; }`,
    ),
  ].join('\n');
}

function mainText(runs: readonly Shared[], style: Style, rows: number, columns: number): string {
  const step = style === 'element' ? 'finish' : 'sum';
  const calls = runs.map(({ body, prefix, firstPlane, endPlane, firstOffset }) => {
    const offsets = body.places.length + body.integers.length;
    return `if (plane < ${endPlane}) { at = ${firstOffset} + (plane - ${firstPlane}) * ${offsets}; ${prefix}_${step}(); return; }`;
  });
  if (style === 'element')
    return [
      `@compute @workgroup_size(${elementThreads(columns).join(', ')})`,
      'fn main(@builtin(global_invocation_id) gid : vec3<u32>) {',
      `if (gid.x >= ${columns}u || gid.y >= ${rows}u) { return; }`,
      'threadGid = gid;',
      'let plane = i32(gid.z);',
      ...calls,
      '}',
    ].join('\n');
  return [
    'var<private> me : i32;',
    'var<private> group : vec2<i32>;',
    `@compute @workgroup_size(${WORKGROUP_THREADS})`,
    'fn main(@builtin(workgroup_id) id : vec3<u32>, @builtin(local_invocation_index) index : u32) {',
    'me = i32(index);',
    'group = vec2<i32>(id.xy);',
    'let plane = i32(id.z);',
    ...calls,
    '}',
  ].join('\n');
}
