// The peak of a core: multiplications and additions of registers and nothing else.
import { writeLoop } from './loop.ts';
import { FunctionBody, ModuleWriter } from '../wasm.ts';
import { machine as machineCall } from '../calls.ts';
import { type InstructionSet, RCX, instructionSets } from './operands.ts';
import { MachineWriter } from './program.ts';
import type { CompiledShard } from '../compile.ts';

/** The rounds of a run, which takes some milliseconds. */
const ROUNDS = 1_000_000;
/** Independent sums, enough to keep two multipliers busy. */
const SUMS = 12;

/** The floating-point operations of one run. */
export const peakOperations = (width: InstructionSet): number =>
  (ROUNDS * SUMS * 2 * instructionSets[width].vectorBytes) / 4;

/**
 * A program that only multiplies and adds.
 *
 * @param pages the size of the memory, which the program never uses
 */
export function peakProgram(width: InstructionSet, pages: number): CompiledShard {
  const machine = new MachineWriter(width, { fixed: 0, inShard: 0 });
  machine.raw((code) => {
    for (let register = 0; register <= SUMS; register++) code.zero(register);
    const addAll = (): void => {
      for (let sum = 0; sum < SUMS; sum++) code.vector('vfmadd231ps', sum, SUMS, SUMS);
    };
    writeLoop(code, RCX, ROUNDS, addAll, 16);
  });
  const index = machine.close()!;
  const writer = new ModuleWriter();
  const call = writer.importFunction('machine', machineCall);
  writer.addFunction({ parameters: ['i32'], results: [] }, new FunctionBody(1).i32(index).get(0).call(call), 'run');
  return { module: writer.encode(pages), machine: machine.finish() };
}
