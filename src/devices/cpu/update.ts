// Compiles an update rule into one WebAssembly function over a range of the weights.
import { appendTo } from '../../group.ts';
import { schedule } from '../../program/schedule.ts';
import type { Value } from '../../program/value.ts';
import type { UpdateRule } from '../device.ts';
import { type Place, type Walk, addChain } from './chain.ts';
import type { KernelVariant } from './kernels.ts';
import { ModuleWriter } from './wasm.ts';

/**
 * A module whose `update(1, count, pointer…)` changes `count` weights and their slots in place.
 * Pointers, in order, are to `parameters`, `gradients`, the slots, `gradientScale` and the scalars.
 */
export function compileUpdate(
  rule: UpdateRule,
  parameterCount: number,
  variant: KernelVariant,
  pages: number,
): Uint8Array<ArrayBuffer> {
  const program = rule.build(parameterCount);
  const steps = schedule(program);
  const [chain] = steps;
  if (steps.length !== 1 || chain.kind !== 'chain')
    throw new Error('an update rule must be elementwise operations on vectors of one length');
  const names = ['parameters', 'gradients', ...rule.slots, 'gradientScale', ...rule.scalars];
  const operands = new Map<Value, Place & { walk: Walk }>();
  for (const input of chain.values.flatMap((value) => value.inputs)) {
    if (input.kind === 'input')
      operands.set(input, {
        pointer: names.indexOf(input.name),
        column: 0,
        walk: input.columns === 1 ? 'scalar' : 'matrix',
      });
  }
  const stores = new Map<Value, Place[]>();
  for (const [name, value] of program.outputs) appendTo(stores, value, { pointer: names.indexOf(name), column: 0 });
  const writer = new ModuleWriter();
  addChain(writer, { values: chain.values, operands, stores, strides: names.map(() => 0) }, variant, 'update');
  return writer.encode(pages);
}
