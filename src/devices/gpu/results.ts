// The results of a call, as the host reads them back: the report, then the outputs.
import { type RawResult, packRows } from './backend.ts';
import type { Space } from './body.ts';
import type { CompiledJob } from './compile.ts';
import { reportNumbers } from './finish.ts';

/** The copies from memory to the results of a call. */
export interface ResultLayout {
  readonly copies: readonly ResultCopy[];
  /** The bytes of the results of a call. */
  readonly bytes: number;
}

/** One copy, in bytes. */
interface ResultCopy {
  /** The name of the output. Null for the report. */
  readonly name: string | null;
  readonly space: Space;
  readonly from: number;
  readonly to: number;
  readonly bytes: number;
}

export function layOutResults({ call, outputs }: CompiledJob): ResultLayout {
  const copies: ResultCopy[] = [];
  let to = 0;
  const add = (name: string | null, space: Space, offset: number, elements: number): void => {
    copies.push({ name, space, from: 4 * offset, to, bytes: 4 * elements });
    to += 4 * elements;
  };
  add(null, 'call', call.report, reportNumbers.length);
  for (const [name, { place, rows, columns }] of outputs)
    add(name, place.space, place.offset, (rows - 1) * place.stride + columns);
  return { copies, bytes: to };
}

/** @param start the first byte of the results of the call */
export function resultOf(
  { outputs }: CompiledJob,
  { copies }: ResultLayout,
  results: ArrayBuffer,
  start: number,
): RawResult {
  const part = ({ to, bytes }: ResultCopy): Float32Array => new Float32Array(results, start + to, bytes / 4).slice();
  const [report, ...others] = copies;
  return {
    report: part(report),
    outputs: Object.fromEntries(
      others.map((copy) => {
        const { place, rows, columns } = outputs.get(copy.name!)!;
        return [copy.name!, packRows(part(copy), rows, columns, place.stride)];
      }),
    ),
  };
}
