// How the matrix products of a program are computed: the contract between programs and the code
// that multiplies for them, and the embedded kernels, which are always available. Other
// implementations are in machine/ and accelerate.ts.
import type { Value } from '../../program/value.ts';
import type { Address, MatrixAddress } from './address.ts';
import type { CallName } from './calls.ts';
import type { InstructionSet } from './machine/operands.ts';
import type { MachineWriter } from './machine/program.ts';
import { type PanelFormat, weightIn } from './panels.ts';
import { gemmPanelsScratch, gemmTransposedAScratch, packedPanelsSize } from './kernels.ts';

/** A matrix product with its operands in memory: C = [C +] op(A)·op(B) [+ bias]. */
export interface PlacedProduct {
  readonly value: Value<'matmul'>;
  readonly a: MatrixAddress;
  readonly b: MatrixAddress;
  readonly c: MatrixAddress;
  readonly accumulate: boolean;
  readonly bias: Address | null;
  /** The panels of the weight on the right, if `panels` asks for them. */
  readonly packed: (PanelFormat & { readonly address: Address }) | null;
  /** As many elements as `scratch` returns. */
  readonly scratch: { readonly inShard: number };
}

/** Appends a call to a program. */
export type CallWriter = (name: CallName, ...operands: readonly (number | Address)[]) => void;

export interface ProductKernels {
  /** Whether programs call the matrix product of a library. */
  readonly usesSgemm: boolean;
  /** The instruction set of the machine code, or null if everything is WebAssembly. */
  readonly machineCode: InstructionSet | null;
  /**
   * The panels from which a product reads the weight on its right. Null if it reads the weight
   * itself, or if the right operand is not a weight.
   */
  panels(product: Value<'matmul'>): PanelFormat | null;
  /** The elements of scratch memory that a product needs. */
  scratch(product: Value<'matmul'>): number;
  /** Writes the calls that compute a product. */
  write(product: PlacedProduct, call: CallWriter, machine: MachineWriter | null): void;
}

/** K, the terms of each sum. */
export function innerDimensionOf({ transposeA, inputs: [left] }: Value<'matmul'>): number {
  return transposeA ? left.rows : left.columns;
}

/** Whether a product could read panels, because its right operand is the same at all time steps. */
export function multipliesByWeight({ transposeA, inputs: [, right] }: Value<'matmul'>): boolean {
  return !transposeA && weightIn(right) !== null;
}

/** The panels that packPanels writes and gemmPanels reads. */
const kernelPanels: PanelFormat = { columns: 8, lastPanel: 'padded' };

export const embeddedProducts: ProductKernels = {
  usesSgemm: false,
  machineCode: null,
  panels: (product) => (multipliesByWeight(product) ? kernelPanels : null),
  /** A product whose right operand is not a weight packs that operand too. */
  scratch(product) {
    const K = innerDimensionOf(product);
    if (product.transposeA) return gemmTransposedAScratch(product.rows, K);
    return (
      gemmPanelsScratch(product.rows, K) + (multipliesByWeight(product) ? 0 : packedPanelsSize(K, product.columns))
    );
  },
  write({ value, a, b, c, accumulate, bias, packed, scratch }, call) {
    const { rows, columns } = value;
    const K = innerDimensionOf(value);
    if (value.transposeA) {
      if (bias) throw new Error('the cpu device has no kernel for aᵀ·b with a bias');
      call('gemmTransposedA', rows, columns, K, ...a, ...b, ...c, Number(accumulate), scratch);
      return;
    }
    const panels = packed?.address ?? { inShard: scratch.inShard + 4 * gemmPanelsScratch(rows, K) };
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
