// Compiles an update rule into a function over a range of the weights.
import { appendTo } from '../../group.ts';
import { schedule } from '../../program/schedule.ts';
import type { Value } from '../../program/value.ts';
import type { UpdateRule } from '../device.ts';
import { type ChainSpecification, type ChainOperand, type OperandWalk, addChain } from './chain.ts';
import type { InstructionSet } from './machine/operands.ts';
import { type MachineProgram, MachineWriter } from './machine/program.ts';
import type { Plan } from './plan.ts';
import { addressLimitsOf, weightRangeOf, updateVectors } from './ranges.ts';
import type { KernelVariant } from './kernels.ts';
import { ModuleWriter } from './wasm.ts';

/**
 * An update rule as a chain of one row. Its pointers, in order, are to `parameters`, `gradients`,
 * the slots, `gradientScale` and the scalars.
 */
function chainOf(rule: UpdateRule, parameterCount: number): ChainSpecification {
  const program = rule.build(parameterCount);
  const steps = schedule(program);
  const [chain] = steps;
  if (steps.length !== 1 || chain.kind !== 'chain')
    throw new Error('an update rule must be elementwise operations on vectors of one length');
  const names = ['parameters', 'gradients', ...rule.slots, 'gradientScale', ...rule.scalars];
  const operands = new Map<Value, ChainOperand & { walk: OperandWalk }>();
  for (const input of chain.values.flatMap((value) => value.inputs)) {
    if (input.kind === 'input')
      operands.set(input, {
        pointer: names.indexOf(input.name),
        column: 0,
        walk: input.columns === 1 ? 'scalar' : 'matrix',
      });
  }
  const stores = new Map<Value, ChainOperand[]>();
  for (const [name, value] of program.outputs) appendTo(stores, value, { pointer: names.indexOf(name), column: 0 });
  return { values: chain.values, operands, stores, strides: names.map(() => 0) };
}

/** A module whose `update(1, count, pointer…)` changes `count` weights and their slots in place. */
export function compileUpdate(
  rule: UpdateRule,
  parameterCount: number,
  variant: KernelVariant,
  pages: number,
): Uint8Array<ArrayBuffer> {
  const writer = new ModuleWriter();
  addChain(writer, chainOf(rule, parameterCount), variant, 'update');
  return writer.encode(pages);
}

/** An update rule as machine code: a function for each worker's range of the weights. */
export function writeUpdate(rule: UpdateRule, plan: Plan, width: InstructionSet): MachineProgram {
  const specification = chainOf(rule, plan.parameterCount);
  const writer = new MachineWriter(width, addressLimitsOf(plan));
  for (let worker = 0; worker < plan.workers; worker++) {
    const { first, count } = weightRangeOf(plan, worker);
    const pointers = updateVectors(plan).map((address) => ({ fixed: address + 4 * first }));
    const scalars = [...plan.updateScalars.values()].map((fixed) => ({ fixed }));
    if (count > 0)
      writer.chain(specification, 1, count, [...pointers, { inShard: plan.shard.gradientScale }, ...scalars]);
    else writer.raw(() => {});
    writer.close();
  }
  return writer.finish();
}
