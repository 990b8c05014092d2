// How the products of a program are computed: the contract between programs and what multiplies for
// them, and the embedded kernels, which are always there. Other products are in machine/ and accelerate.ts.
import type { Value } from '../../program/value.ts';
import type { Address, Matrix } from './address.ts';
import type { CallName } from './calls.ts';
import type { InstructionSet } from './machine/operands.ts';
import type { MachineWriter } from './machine/program.ts';
import { gemmPanelsScratch, gemmTransposedAScratch, packedPanelsSize } from './kernels.ts';

/** A product with its operands in memory: C = [C +] op(A)·op(B) [+ bias]. */
export interface PlacedProduct {
  readonly value: Value<'matmul'>;
  readonly a: Matrix;
  readonly b: Matrix;
  readonly c: Matrix;
  readonly accumulate: boolean;
  readonly bias: Address | null;
  /** Of the weight on its right, where `panels` asks for them. */
  readonly packed: (PanelShape & { readonly address: Address }) | null;
  /** As many elements as `scratch` asks for. */
  readonly scratch: { readonly own: number };
}

/** Appends a call to a program. */
export type Caller = (name: CallName, ...operands: readonly (number | Address)[]) => void;

/**
 * A weight op(B) (K, N), packed once per update: cut into panels of so many columns, each (K,
 * columns) row by row.
 */
export interface PanelShape {
  /**
   * Of each panel but the last, which has what is left: as wide as the others and filled up with
   * zeros, or as wide as it is.
   */
  readonly columns: number;
  readonly last: 'padded' | 'narrow';
}

export interface Products {
  /** Whether programs call a library's product. */
  readonly usesSgemm: boolean;
  /** The vectors of the machine code that computes what it can; null if all is WebAssembly. */
  readonly machineCode: InstructionSet | null;
  /**
   * The panels from which a product reads the weight on its right; null where it reads the weight
   * itself, or multiplies by none.
   */
  panels(product: Value<'matmul'>): PanelShape | null;
  /** Elements of scratch memory. */
  scratch(product: Value<'matmul'>): number;
  /** Writes the calls that make it. */
  write(product: PlacedProduct, call: Caller, machine: MachineWriter | null): void;
}

/** The terms of each sum. */
export function depthOf({ transposeA, inputs: [left] }: Value<'matmul'>): number {
  return transposeA ? left.rows : left.columns;
}

/** Whether it could read panels: weights are there before a step. */
export function multipliesByWeight({ transposeA, inputs: [, right] }: Value<'matmul'>): boolean {
  return !transposeA && right.kind === 'parameter';
}

/** What packPanels makes and gemmPanels reads. */
const kernelPanels: PanelShape = { columns: 8, last: 'padded' };

export const embeddedProducts: Products = {
  usesSgemm: false,
  machineCode: null,
  panels: (product) => (multipliesByWeight(product) ? kernelPanels : null),
  /** A product whose right side is no weight packs that too. */
  scratch(product) {
    const K = depthOf(product);
    if (product.transposeA) return gemmTransposedAScratch(product.rows, K);
    return (
      gemmPanelsScratch(product.rows, K) + (multipliesByWeight(product) ? 0 : packedPanelsSize(K, product.columns))
    );
  },
  write({ value, a, b, c, accumulate, bias, packed, scratch }, call) {
    const { rows, columns } = value;
    const K = depthOf(value);
    if (value.transposeA) {
      if (bias) throw new Error('the cpu device has no kernel for aᵀ·b with a bias');
      call('gemmTransposedA', rows, columns, K, ...a, ...b, ...c, Number(accumulate), scratch);
      return;
    }
    const panels = packed?.address ?? { own: scratch.own + 4 * gemmPanelsScratch(rows, K) };
    if (packed === null)
      call(
        'packPanels',
        ...b,
        K,
        columns,
        Number(value.transposeB),
        panels,
        0,
        Math.ceil(columns / kernelPanels.columns),
      );
    call('gemmPanels', rows, columns, K, ...a, panels, ...c, Number(accumulate), bias ?? 0, scratch);
  },
};
