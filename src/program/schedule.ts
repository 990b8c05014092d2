// Orders the operations of a program into steps, for a device that does one after another.
// Consecutive elementwise operations are one step, a chain. Parameters and inputs are not steps,
// because they have a value already. Views and joins are not steps, because they share memory with
// other values. A piece of a join that cannot share memory is a copy step.
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

/**
 * Sums, such as matrix products, and elementwise operations of one shape. One thread computes all
 * of them for one element.
 */
export interface Fusion {
  readonly kind: 'fusion';
  readonly rows: number;
  readonly columns: number;
  readonly values: readonly Value[];
}

interface Single {
  readonly kind: 'single';
  readonly value: Value;
}

/** The work of a step: a chain, a fusion, one other operation, or a copy of a piece of a join. */
export type Work = Chain | Fusion | Single | Copy;

/**
 * A step of a device. Steps run in the order of their times. Steps with the same time may run at
 * the same time.
 */
export type ExecutionStep<W extends Work = Exclude<Work, Fusion>> = W & { readonly time: number };

/** A step of any device. */
export type AnyStep = ExecutionStep<Work>;

/**
 * @param copies the copies to make when a join is complete, by the join. Copies under `null` come
 * last
 */
export function schedule(
  program: Program,
  copies: ReadonlyMap<Value | null, readonly Copy[]> = new Map(),
): ExecutionStep[] {
  const steps: Exclude<Work, Fusion>[] = [];
  let chain: Value<'elementwise'>[] = [];
  const finishChain = (): void => {
    if (chain.length > 0) steps.push({ kind: 'chain', rows: chain[0].rows, columns: chain[0].columns, values: chain });
    chain = [];
  };
  for (const value of program.values) {
    if (value.kind === 'parameter' || value.kind === 'input' || isView(value)) continue;
    if (value.kind === 'join') {
      const copiesForJoin = copies.get(value);
      if (copiesForJoin) finishChain();
      steps.push(...(copiesForJoin ?? []));
    } else if (value.kind === 'elementwise') {
      if (chain.length > 0 && !canExtend(chain, value)) finishChain();
      chain.push(value);
    } else {
      finishChain();
      steps.push({ kind: 'single', value });
    }
  }
  finishChain();
  steps.push(...(copies.get(null) ?? []));
  return steps.map((step, time) => ({ ...step, time }));
}

/**
 * Whether a value can be added to a chain: it must have the shape of the chain, and must not read a
 * view or a join of the values of the chain.
 */
function canExtend(chain: readonly Value[], value: Value): boolean {
  if (value.rows !== chain[0].rows || value.columns !== chain[0].columns) return false;
  const computed = new Set(chain);
  const readsPartOfChain = (input: Value): boolean =>
    (isView(input) || input.kind === 'join') &&
    input.inputs.some((inner) => computed.has(inner) || readsPartOfChain(inner));
  return !value.inputs.some(readsPartOfChain);
}
