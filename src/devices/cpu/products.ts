// How the products of a program are computed: the contract between programs and what multiplies for them, and the embedded
// kernels, which are always there. The system's BLAS is in blas/.
import type { Value } from '../../program/value.ts';
import type { CallName } from './calls.ts';
import { gemmPanelsScratch, gemmTransposedAScratch, packedPanelsSize } from './kernels.ts';

/** A byte address: fixed, or counted from the base of the worker's own region. */
export type Address = { readonly fixed: number } | { readonly own: number };

/** An address and its leading dimension. */
export type Matrix = readonly [Address, number];

/** A product with its operands in memory: C = [C +] op(A)·op(B) [+ bias]. */
export interface PlacedProduct {
  readonly value: Value<'matmul'>;
  readonly a: Matrix;
  readonly b: Matrix;
  readonly c: Matrix;
  readonly accumulate: boolean;
  readonly bias: Address | null;
  /** Of the weight on its right, where `panelColumns` asks for them. */
  readonly panels: Address | null;
  /** As many elements as `scratch` asks for. */
  readonly scratch: { readonly own: number };
}

/** Appends a call to a program. */
export type Caller = (name: CallName, ...operands: readonly (number | Address)[]) => void;

export interface Products {
  /** Whether programs call a BLAS. */
  readonly usesBlas: boolean;
  /**
   * A product may read a weight on its right packed once per update into panels: op(B) (K, N) cut into so many columns, each panel (K, columns)
   * row by row. Null where it reads B itself.
   */
  panelColumns(product: Value<'matmul'>): number | null;
  /** Elements of scratch memory. */
  scratch(product: Value<'matmul'>): number;
  call(product: PlacedProduct, call: Caller): void;
}

/** The terms of each sum. */
export function depthOf({ transposeA, inputs: [left] }: Value<'matmul'>): number {
  return transposeA ? left.rows : left.columns;
}

/** Whether it could read panels: weights are there before a step. */
export function multipliesByWeight({ transposeA, inputs: [, right] }: Value<'matmul'>): boolean {
  return !transposeA && right.kind === 'parameter';
}

/** Columns of the panels that the embedded kernels read. */
export const KERNEL_PANEL = 8;

export const embeddedProducts: Products = {
  usesBlas: false,
  panelColumns: (product) => (multipliesByWeight(product) ? KERNEL_PANEL : null),
  /** A product whose right side is no weight packs that too. */
  scratch(product) {
    const K = depthOf(product);
    if (product.transposeA) return gemmTransposedAScratch(product.rows, K);
    return gemmPanelsScratch(product.rows, K) + (multipliesByWeight(product) ? 0 : packedPanelsSize(K, product.columns));
  },
  call({ value, a, b, c, accumulate, bias, panels, scratch }, call) {
    const { rows, columns } = value;
    const K = depthOf(value);
    if (value.transposeA) {
      if (bias) throw new Error('the cpu device has no kernel for aᵀ·b with a bias');
      call('gemmTransposedA', rows, columns, K, ...a, ...b, ...c, Number(accumulate), scratch);
      return;
    }
    const packed = panels ?? { own: scratch.own + 4 * gemmPanelsScratch(rows, K) };
    if (panels === null) call('packPanels', ...b, K, columns, Number(value.transposeB), packed, 0, Math.ceil(columns / KERNEL_PANEL));
    call('gemmPanels', rows, columns, K, ...a, packed, ...c, Number(accumulate), bias ?? 0, scratch);
  },
};
