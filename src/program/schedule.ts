// Orders the operations of a program into steps. Consecutive elementwise operations are one step, a
// chain. Parameters and inputs are not steps, because they have a value already. Views and joins are
// not steps, because they share memory with other values. A piece of a join that cannot share memory
// is a copy step.
import type { Copy } from './placement.ts';
import { type Program, type Value, isView } from './value.ts';

/**
 * Elementwise operations of one shape that a device computes in one pass, so that intermediate
 * values need no memory.
 */
export interface Chain {
  readonly kind: 'chain';
  readonly rows: number;
  readonly columns: number;
  readonly values: readonly Value<'elementwise'>[];
}

interface Single {
  readonly kind: 'single';
  readonly value: Value;
}

/** A step of a device: a chain, one other operation, or a copy of a piece of a join. */
export type ExecutionStep = Chain | Single | Copy;

/** @param copies the copies by the join that they complete. Under `null`: copies at the end */
export function schedule(
  program: Program,
  copies: ReadonlyMap<Value | null, readonly Copy[]> = new Map(),
): ExecutionStep[] {
  const steps: ExecutionStep[] = [];
  let chain: Value<'elementwise'>[] = [];
  const close = (): void => {
    if (chain.length > 0) steps.push({ kind: 'chain', rows: chain[0].rows, columns: chain[0].columns, values: chain });
    chain = [];
  };
  for (const value of program.values) {
    if (value.kind === 'parameter' || value.kind === 'input' || isView(value)) continue;
    if (value.kind === 'join') {
      const due = copies.get(value);
      if (due) close();
      steps.push(...(due ?? []));
    } else if (value.kind === 'elementwise') {
      if (chain.length > 0 && !continues(chain, value)) close();
      chain.push(value);
    } else {
      close();
      steps.push({ kind: 'single', value });
    }
  }
  close();
  steps.push(...(copies.get(null) ?? []));
  return steps;
}

/**
 * Whether a value can be added to a chain: it must have the shape of the chain, and must not read a
 * view or a join of the values of the chain.
 */
function continues(chain: readonly Value[], value: Value): boolean {
  if (value.rows !== chain[0].rows || value.columns !== chain[0].columns) return false;
  const computed = new Set(chain);
  const looksInto = (input: Value): boolean =>
    (isView(input) || input.kind === 'join') && input.inputs.some((inner) => computed.has(inner) || looksInto(inner));
  return !value.inputs.some(looksInto);
}
