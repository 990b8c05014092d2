// Names to choose from that more than one module knows.

/** The parts of a text that a model can be scored on. */
export const parts = ['all', 'train', 'validation', 'test'] as const;
/**
 * `train` and `validation` are the parts that the run was trained and validated on, `test` is the
 * part that the run never read; `all` is the whole text.
 */
export type Part = (typeof parts)[number];

/** What a symbol of a model is called. */
export const unitName = (unit: 'char' | 'byte'): 'character' | 'byte' => (unit === 'byte' ? 'byte' : 'character');

/** The encoding of a text unless another is given. */
export const UTF8 = 'utf-8';

/**
 * The name that the Encoding Standard has for a label such as `latin1`; null for an unknown label.
 */
export function encodingNamed(label: string): string | null {
  try {
    return new TextDecoder(label).encoding;
  } catch {
    return null;
  }
}

/** What the cpu device computes with, the fastest first. */
export const kernelNames = ['accelerate', 'avx512', 'avx2', 'wasm', 'wasm-portable'] as const;
export type KernelName = (typeof kernelNames)[number];
export const kernelChoices = ['auto', ...kernelNames] as const;
export type KernelChoice = (typeof kernelChoices)[number];

/** What curves are drawn over. */
export const horizontals = ['step', 'epoch', 'time', 'characters'] as const;
export type Horizontal = (typeof horizontals)[number];

export const chartNames = ['loss', 'gradient', 'rate', 'speed'] as const;
export type ChartName = (typeof chartNames)[number];

/** The files that a model can be exported to. */
export const formatNames = ['safetensors', 'onnx'] as const;
export type FormatName = (typeof formatNames)[number];

/** The options of which one ends a run. */
export const lengths = ['epochs', 'maxSteps', 'budgetMs'] as const;
