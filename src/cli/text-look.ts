// How charts look on an output: as wide as it is, in the colours that it has.
import type { TextLook } from '../reports/terminal.ts';
import type { Output } from './output.ts';

/** @param rows of the first chart */
export function lookOf({ columns, colour: { bold, dim, series } }: Output, rows: number): TextLook {
  // One column stays free: a full last column makes some terminals wrap.
  return { columns: columns - 1, rows, bold, dim, series: series.length === 0 ? null : series };
}
