// Names of choices that several modules use.

/** The parts of a text that a model can be scored on. */
export const parts = ['all', 'train', 'validation', 'test'] as const;
/**
 * `train` and `validation` are the parts on which the run was trained and validated, `test` is the
 * part that the run never read, and `all` is the whole text.
 */
export type Part = (typeof parts)[number];

/** Running text, a list of records, or records of which the model learns a part. */
export type TextKind = 'text' | 'list' | 'pairs';

/** The level of a model: a token is a code point of the text, or a byte of it. */
export type Unit = 'char' | 'byte';

/** The name of a model's tokens. */
export const tokenName = (level: Unit): 'character' | 'byte' => (level === 'byte' ? 'byte' : 'character');

/** The unit of a loss in bits: bits per character, or bits per byte. */
export const bitsUnit = (level: Unit): 'bpc' | 'bpb' => (level === 'byte' ? 'bpb' : 'bpc');

/** The default encoding of a text. */
export const UTF8 = 'utf-8';

/**
 * The name of an encoding in the Encoding Standard, from a label such as `latin1`. Null for an
 * unknown label.
 */
export function encodingNamed(label: string): string | null {
  try {
    return new TextDecoder(label).encoding;
  } catch {
    return null;
  }
}

/** The kernels of the cpu device, the fastest first. */
export const kernelNames = ['accelerate', 'avx512', 'avx2', 'wasm', 'wasm-portable'] as const;
export type KernelName = (typeof kernelNames)[number];
/** The values of `--kernels`. `auto` is the fastest kernels that work on this machine. */
export const kernelChoices = ['auto', ...kernelNames] as const;
export type KernelChoice = (typeof kernelChoices)[number];

/** The horizontal axes of curves. */
export const horizontals = ['step', 'epoch', 'time', 'characters'] as const;
export type Horizontal = (typeof horizontals)[number];

/** The charts of a run: losses, gradient norm, learning rate and characters per second. */
export const chartNames = ['loss', 'gradient', 'rate', 'speed'] as const;
export type ChartName = (typeof chartNames)[number];

/** The formats of rnn export. */
export const formatNames = ['safetensors', 'onnx', 'rnn', 'html'] as const;
export type FormatName = (typeof formatNames)[number];

/** The numbers of the weights in an exported page. */
export const precisions = ['float32', 'float16'] as const;
export type Precision = (typeof precisions)[number];

/** How to read characters that a model does not know: refuse them, skip them, or replace them. */
export const unknownPolicies = ['error', 'skip', 'replace'] as const;
export type UnknownPolicy = (typeof unknownPolicies)[number];

/** The options that set the length of a run. One of them ends it. */
export const lengthOptionNames = ['epochs', 'maxSteps', 'budgetMs'] as const;

/** The measures of a line: bits per character, bits, and bits per character of its worst stretch. */
export const measureNames = ['bpc', 'bits', 'worst'] as const;
export type MeasureName = (typeof measureNames)[number];

/** How to score characters that a model does not know: count their bits, or as a policy says. */
export const unknownScorings = ['count', ...unknownPolicies] as const;
export type UnknownScoring = (typeof unknownScorings)[number];
