// The order in which a device does things: each operation a step, but for elementwise operations,
// of which a run without anything in between becomes one step, a chain. Views and joins are no
// steps: the layout lets them share memory with what they look at, except for the pieces that it
// says must be copied.
import type { Copy } from './placement.ts';
import { type Program, type Value, isView } from './value.ts';

/**
 * Elementwise operations of one shape that a device does in one pass: intermediate values need no
 * memory.
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

export type Step = Chain | Single | Copy;

/** @param copies by the join that they complete; under `null`, those that come at the end */
export function schedule(program: Program, copies: ReadonlyMap<Value | null, readonly Copy[]> = new Map()): Step[] {
  const steps: Step[] = [];
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
 * A chain goes on with an operation of its shape, unless that reads a part of, or something larger
 * than, what the chain itself makes.
 */
function continues(chain: readonly Value[], value: Value): boolean {
  if (value.rows !== chain[0].rows || value.columns !== chain[0].columns) return false;
  const made = new Set(chain);
  const looksInto = (input: Value): boolean =>
    (isView(input) || input.kind === 'join') && input.inputs.some((inner) => made.has(inner) || looksInto(inner));
  return !value.inputs.some(looksInto);
}
