// The panels from which products read the matrix on their right: which matrices are packed, and the
// kernels that pack them.
import type { Value } from '../../program/value.ts';

/**
 * The panels of a weight op(B) (K, N), which is packed once per update step, or with DropConnect once
 * per call: it is cut into panels of `columns` columns, each (K, columns) row by row.
 */
export interface PanelFormat {
  /**
   * The columns of a panel. The last panel has the remaining columns: it is either padded with
   * zeros to the same width, or narrower.
   */
  readonly columns: number;
  readonly lastPanel: 'padded' | 'narrow';
}

/** The panels of op(B) (K, N). */
export interface Panels extends PanelFormat {
  /** B is stored (N, K). */
  readonly transposed: boolean;
  readonly K: number;
  readonly N: number;
}

/** The kernels that pack panels. */
export type PackingKernel = 'packPanels' | 'copyRows' | 'transposeRows';

/** The columns of the panels that the kernel packPanels writes. */
const KERNEL_COLUMNS = 8;

/** The number of panels of a matrix. */
export const panelCount = ({ N, columns }: Pick<Panels, 'N' | 'columns'>): number => Math.ceil(N / columns);

export const panelElements = ({ K, N, columns, lastPanel }: Panels): number =>
  K * (lastPanel === 'padded' ? Math.ceil(N / columns) * columns : N);

/**
 * Packs the panels `from` to `to` of a matrix. The padding of the last panel must be zero before.
 *
 * @param B the matrix and its leading dimension
 * @param offset returns the address that is some bytes after another
 * @param call runs a kernel, or writes a call of it
 */
export function packWeight<Pointer>(
  { columns, lastPanel, K, N, transposed }: Panels,
  [B, leading]: readonly [Pointer, number],
  panels: Pointer,
  { from, to }: { readonly from: number; readonly to: number },
  offset: (start: Pointer, bytes: number) => Pointer,
  call: (kernel: PackingKernel, ...operands: readonly (number | Pointer)[]) => void,
): void {
  if (lastPanel === 'padded' && columns === KERNEL_COLUMNS) {
    call('packPanels', B, leading, K, N, transposed ? 1 : 0, panels, from, to);
    return;
  }
  for (let panel = from; panel < to; panel++) {
    const first = panel * columns;
    const width = Math.min(columns, N - first);
    const step = lastPanel === 'padded' ? columns : width;
    const out = offset(panels, 4 * K * first);
    if (transposed) call('transposeRows', width, K, offset(B, 4 * first * leading), leading, out, step);
    else call('copyRows', K, width, offset(B, 4 * first), leading, out, step);
  }
}

/**
 * The weight that a matrix holds: the matrix itself, or with DropConnect the weight that it is
 * computed from. Such a matrix is the same at all time steps. Null for any other matrix.
 */
export function weightIn(matrix: Value): Value<'parameter'> | null {
  if (matrix.kind === 'parameter') return matrix;
  if (matrix.kind !== 'elementwise' || matrix.apply !== 'multiply') return null;
  const [weight, mask] = matrix.inputs;
  return weight.kind === 'parameter' && mask.kind === 'dropoutMask' ? weight : null;
}
