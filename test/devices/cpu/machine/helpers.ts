// Machine code and WebAssembly on the same memory.
import { type ChainSpecification, addChain } from '../../../../src/devices/cpu/chain.ts';
import { addressOf } from '../../../../src/devices/cpu/foreign.ts';
import { type KernelVariant, instantiateKernels, loadKernels } from '../../../../src/devices/cpu/kernels.ts';
import type { InstructionSet } from '../../../../src/devices/cpu/machine/operands.ts';
import { functionAt, loadCode } from '../../../../src/devices/cpu/machine/code.ts';
import { supportedInstructionSets } from '../../../../src/devices/cpu/machine/processor.ts';
import { MachineWriter } from '../../../../src/devices/cpu/machine/program.ts';
import { ModuleWriter } from '../../../../src/devices/cpu/wasm.ts';

function widthsHere(): InstructionSet[] {
  try {
    return supportedInstructionSets();
  } catch {
    return [];
  }
}

/** Empty on other processors and systems. */
export const widths = widthsHere();

const PAGES = 256;
export const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES, shared: true });
export const floats = new Float32Array(memory.buffer);
const { module, variant } = await loadKernels();
export const kernels = instantiateKernels(module, memory);
/** Whether WebAssembly rounds a multiplication and an addition once, as machine code does. */
export const isFused = (variant satisfies KernelVariant) === 'relaxed';

/** Runs the written code on the memory. */
export function runCode(width: InstructionSet, write: (writer: MachineWriter) => void): void {
  const bytes = memory.buffer.byteLength;
  const writer = new MachineWriter(width, { fixed: bytes, inShard: bytes });
  write(writer);
  writer.close();
  const { code, functions } = writer.finish();
  const loaded = loadCode(code);
  const base = addressOf(memory);
  for (const at of functions) functionAt(loaded.address + at, 2)(base, base);
  loaded.free();
}

export function runChainByWasm(
  chain: ChainSpecification,
  rows: number,
  columns: number,
  pointers: readonly number[],
): void {
  const writer = new ModuleWriter();
  addChain(writer, chain, variant, 'chain');
  const instance = new WebAssembly.Instance(new WebAssembly.Module(writer.encode(PAGES)), { env: { memory } });
  (instance.exports['chain'] as (...values: number[]) => void)(rows, columns, ...pointers);
}
