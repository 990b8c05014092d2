// The kernel of a dispatch in WGSL: where operands are, how threads share the sums, and the
// translated bodies. Offsets come in a uniform buffer, so that all time steps share a kernel.
import { type Body, type Space, spaces } from './body.ts';
import type { Dispatch } from './compile.ts';
import { sumsByWorkgroup, workgroupMemory } from './reduce.ts';
import { type NamedBody, WORKGROUP_THREADS, sumText } from './source.ts';
import { type TileSize, sumsByTiles, tileMemory } from './tiles.ts';
import { translate } from './translate.ts';

/**
 * How threads share the sums of a dispatch: a thread has the sums of one result, a workgroup has the
 * sums of one result or of one row, or a workgroup has a tile of results.
 */
export type Style = 'element' | 'workgroup' | 'row' | TileSize;

/** A kernel and the arguments of its start. */
export interface RenderedDispatch {
  readonly wgsl: string;
  /** Offsets of operands and integers, plane after plane. */
  readonly offsets: Int32Array;
  readonly workgroups: readonly [number, number, number];
}

/** Planes with bodies that differ only in their offsets. */
interface Shared extends NamedBody {
  readonly firstPlane: number;
  readonly endPlane: number;
  /** The first of the offsets of its planes, and the first of this body in a plane. */
  readonly firstOffset: number;
  readonly within: number;
}

/** The parts of the text of a kernel that depend on its style. */
interface Division {
  /** Threads of a workgroup along a row, and rows. */
  readonly threads: readonly [number, number];
  /** Columns and rows of results of a workgroup. */
  readonly extent: readonly [number, number];
  readonly memory: string;
  /** The function that computes the sums, or null if the thread of a result does. */
  readonly sums: ((named: NamedBody) => string) | null;
}

function divisionOf(style: Style, planes: readonly Body[]): Division {
  if (style === 'element') {
    const across = Math.min(32, 2 ** Math.ceil(Math.log2(planes[0].columns)));
    return { threads: [across, 128 / across], extent: [across, 128 / across], memory: '', sums: null };
  }
  const threads = [WORKGROUP_THREADS, 1] as const;
  if (style === 'workgroup' || style === 'row') {
    const across = (body: Body): number => (style === 'row' ? body.columns : 1);
    return {
      threads,
      extent: [across(planes[0]), 1],
      memory: workgroupMemory,
      sums: (named) => sumsByWorkgroup(named, across(named.body)),
    };
  }
  return {
    threads,
    extent: [style.columns, style.rows],
    memory: tileMemory(planes, style),
    sums: (named) => sumsByTiles(named, style),
  };
}

/** Kernels that have been written in this process. */
const texts = new Map<string, string>();

/** The kernel of a dispatch in a style, and the arguments of its start. */
export function renderDispatch({ planes }: Dispatch, style: Style): RenderedDispatch {
  const [{ rows, columns }] = planes;
  const division = divisionOf(style, planes);
  const key = `${JSON.stringify(style)} ${planes.map((body) => body.key).join()}`;
  const wgsl = texts.get(key) ?? kernelText(planes, division);
  texts.set(key, wgsl);
  const [across, down] = division.extent;
  return {
    wgsl,
    offsets: Int32Array.from(planes.flatMap(offsetsOf)),
    workgroups: [Math.ceil(columns / across), Math.ceil(rows / down), planes.length],
  };
}

function offsetsOf({ inTurn }: Body): number[] {
  return inTurn.flatMap(({ places, integers }) => [...places.map(({ offset }) => offset), ...integers]);
}

function kernelText(planes: readonly Body[], division: Division): string {
  const runs = runsOf(planes);
  const bodies = runs.flatMap(bodiesOf);
  const translated = bodies.map(({ body, prefix }) => translate(body, division.sums ? null : sumText(body), prefix));
  return [
    memoryText(Math.ceil(planes.flatMap(offsetsOf).length / 4)),
    translated.find(({ functions }) => functions !== '')?.functions ?? '',
    'var<private> threadGid : vec3<u32>;',
    'var<private> at : i32;',
    `var<private> sums : array<f32, ${Math.max(1, ...bodies.map(({ body }) => body.sums.length))}>;`,
    division.memory,
    ...bodies.flatMap((shared, i) => [
      operandText(shared),
      `fn ${shared.prefix}_finish() {\n${translated[i].body}\n}`,
      division.sums?.(shared) ?? '',
    ]),
    mainText(runs, division, planes[0]),
  ].join('\n');
}

/** Planes next to each other with bodies of one key. */
function runsOf(planes: readonly Body[]): Shared[] {
  const runs: Shared[] = [];
  let firstOffset = 0;
  for (const [plane, body] of planes.entries()) {
    const last = runs.at(-1);
    if (last && last.body.key === body.key) runs[runs.length - 1] = { ...last, endPlane: plane + 1 };
    else runs.push({ body, prefix: `p${runs.length}`, firstPlane: plane, endPlane: plane + 1, firstOffset, within: 0 });
    firstOffset += offsetsOf(body).length;
  }
  return runs;
}

/** A body and those that follow it in the same planes. */
function bodiesOf(run: Shared): Shared[] {
  return run.body.inTurn.map((body, turn) => ({
    ...run,
    body,
    prefix: `${run.prefix}t${turn}`,
    within: offsetsOf(run.body).length - offsetsOf(body).length,
  }));
}

function memoryText(vectors: number): string {
  return [
    `struct Params { offsets : array<vec4<i32>, ${Math.max(1, vectors)}> }`,
    '@group(0) @binding(0) var<uniform> params : Params;',
    ...spaces.map((space, i) => `@group(0) @binding(${i + 1}) var<storage, read_write> ${space} : array<f32>;`),
  ].join('\n');
}

function operandText({ body, prefix, firstPlane, endPlane, firstOffset, within }: Shared): string {
  const offset = (operand: number): string => {
    const index = within + operand;
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

function mainText(runs: readonly Shared[], { threads, sums }: Division, { rows, columns }: Body): string {
  const calls = runs.map((run) => {
    const { body, firstPlane, endPlane, firstOffset } = run;
    const start = `at = ${firstOffset} + (plane - ${firstPlane}) * ${offsetsOf(body).length};`;
    const inTurn = bodiesOf(run).map(({ prefix }) => `${prefix}_${sums ? 'sum' : 'finish'}();`);
    return `if (plane < ${endPlane}) { ${start} ${inTurn.join(' storageBarrier(); ')} return; }`;
  });
  return [
    'var<private> me : i32;',
    'var<private> group : vec2<i32>;',
    `@compute @workgroup_size(${threads.join(', ')})`,
    'fn main(',
    '@builtin(workgroup_id) id : vec3<u32>,',
    '@builtin(local_invocation_index) index : u32,',
    '@builtin(global_invocation_id) gid : vec3<u32>) {',
    'me = i32(index);',
    'group = vec2<i32>(id.xy);',
    ...(sums ? [] : [`if (gid.x >= ${columns}u || gid.y >= ${rows}u) { return; }`]),
    'threadGid = gid;',
    'let plane = i32(id.z);',
    ...calls,
    '}',
  ].join('\n');
}
