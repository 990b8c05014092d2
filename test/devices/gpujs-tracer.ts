// Traces programs into gpu.js kernels, for gpujs-contract.test.ts: one kernel an operation, and one for each result of a chain.
// Knows programs, and nothing of weights, states and updates.
import { GPU } from 'gpu.js';
import { type Chain, schedule } from '../../src/program/schedule.ts';
import { type ElementwiseFunction, type Program, type Value, isView } from '../../src/program/value.ts';

/** What gpu.js stands in for a value while it traces. */
export type Handle = object;
/** Where a value is: a corner of a matrix, or a number that the plan is given. */
export interface Located {
  readonly handle: Handle;
  readonly row: number;
  readonly column: number;
  readonly scalar?: boolean;
}
export interface Shape {
  readonly rows: number;
  readonly columns: number;
}

export const here = (handle: Handle): Located => ({ handle, row: 0, column: 0 });

export class Tracer {
  readonly gpu = new GPU({ mode: 'cpu' });
  readonly #kernels = new Map<string, (...operands: Handle[]) => Handle>();

  /** Records a kernel. `body` gets a function that writes an element of an operand. */
  kernel({ rows, columns }: Shape, operands: readonly Located[], body: (at: (operand: number, row: string, column: string) => string) => string): Located {
    const at = (operand: number, row: string, column: string): string => {
      const { row: firstRow, column: firstColumn, scalar } = operands[operand];
      return scalar ? `m${operand}` : `m${operand}[${row}${firstRow ? ` + ${firstRow}` : ''}][${column}${firstColumn ? ` + ${firstColumn}` : ''}]`;
    };
    const source = `function(${operands.map((_, i) => `m${i}`).join()}) { ${body(at)} }`;
    const key = `${rows},${columns} ${source}`;
    const known = this.#kernels.get(key) ?? this.gpu.createKernel(source, { output: [columns, rows] }) as unknown as (...operands: Handle[]) => Handle;
    this.#kernels.set(key, known);
    return here(known(...operands.map(({ handle }) => handle)));
  }

  /** Traces a program once and gives where each value is. `leaf` places parameters, inputs and states. */
  program(program: Program, leaf: (value: Value) => Located, shapeOf: (value: Value) => Shape = (value) => value): { of: (value: Value) => Located; rowLosses: Located | null } {
    const made = new Map<Value, Located>();
    let rowLosses: Located | null = null;
    const of = (value: Value): Located => {
      if (isView(value)) {
        const { handle, row, column } = of(value.inputs[0]);
        return value.kind === 'rows' ? { handle, row: row + value.first, column } : { handle, row, column: column + value.first };
      }
      const found = made.get(value) ?? (value.kind === 'join' ? this.#join(value, value.inputs.map(of)) : leaf(value));
      made.set(value, found);
      return found;
    };
    for (const step of schedule(program)) {
      if (step.kind === 'chain') {
        for (const value of storedBy(step, program)) made.set(value, this.#chain(step, value, of, shapeOf(value)));
      } else if (step.value.kind === 'crossEntropy') {
        rowLosses = this.#crossEntropy(step.value, of, true);
        made.set(step.value, this.#crossEntropy(step.value, of, false));
      } else if (step.value.kind !== 'keep' && step.value.kind !== 'state') made.set(step.value, this.#single(step.value, step.value.inputs.map(of)));
    }
    return { of, rowLosses };
  }

  #join(join: Value<'join'>, pieces: readonly Located[]): Located {
    return pieces.reduce((whole, piece, index) => {
      const { row, column } = join.places[index];
      const { rows, columns } = join.inputs[index];
      const inside = `this.thread.y >= ${row} && this.thread.y < ${row + rows} && this.thread.x >= ${column} && this.thread.x < ${column + columns}`;
      return this.kernel(join, [whole, piece], (at) => `if (${inside}) return ${at(1, `this.thread.y - ${row}`, `this.thread.x - ${column}`)}; return ${at(0, 'this.thread.y', 'this.thread.x')};`);
    }, this.kernel(join, [], () => 'return 0;'));
  }

  /** One kernel for one result of a chain: only what leads to it. */
  #chain(chain: Chain, result: Value, of: (value: Value) => Located, shape: Shape): Located {
    const inside = new Set<Value>(chain.values);
    const needed = new Set<Value>([result]);
    for (const value of chain.values.toReversed()) if (needed.has(value)) value.inputs.forEach((input) => needed.add(input));
    const operands = [...needed].filter((value) => !inside.has(value));
    const name = (value: Value): string => `v${operands.includes(value) ? operands.indexOf(value) : operands.length + chain.values.indexOf(value as Value<'elementwise'>)}`;
    return this.kernel(shape, operands.map(of), (at) => [
      ...operands.map((value, index) => {
        const one = value.rows * value.columns === 1;
        return `const ${name(value)} = ${at(index, one || value.rows < chain.rows ? '0' : 'this.thread.y', one ? '0' : 'this.thread.x')};`;
      }),
      ...chain.values.filter((value) => needed.has(value)).map((value) => `const ${name(value)} = ${functions[value.apply](value.inputs.map(name), value.constant)};`),
      `return ${name(result)};`,
    ].join(' '));
  }

  #single(value: Value, operands: readonly Located[]): Located {
    const [y, x] = ['this.thread.y', 'this.thread.x'];
    switch (value.kind) {
      case 'zeros': return this.kernel(value, [], () => 'return 0;');
      case 'gather': return this.kernel(value, operands, (at) => `return ${at(0, at(1, y, '0'), x)}${operands.length > 2 ? ` + ${at(2, '0', x)}` : ''};`);
      case 'scatter': return this.kernel(value, operands, (at) => sum(value.inputs[0].rows, `(${at(1, 'k', '0')} === ${y} ? ${at(0, 'k', x)} : 0)`));
      case 'columnSums': return this.kernel(value, operands, (at) => sum(value.inputs[0].rows, at(0, 'k', x)));
      case 'matmul': {
        const inner = value.transposeA ? value.inputs[0].rows : value.inputs[0].columns;
        return this.kernel(value, operands, (at) => {
          const term = `${value.transposeA ? at(0, 'k', y) : at(0, y, 'k')} * ${value.transposeB ? at(1, x, 'k') : at(1, 'k', x)}`;
          return sum(inner, term, `${value.bias ? ` + ${at(2, '0', x)}` : ''}${value.plus ? ` + ${at(operands.length - 1, y, x)}` : ''}`);
        });
      }
      default: throw new Error(`no kernel for ${value.kind}`);
    }
  }

  /** The loss of each row, or the gradient: from log Σ exp, never the log of a probability. */
  #crossEntropy(value: Value<'crossEntropy'>, of: (value: Value) => Located, loss: boolean): Located {
    const [y, x] = ['this.thread.y', 'this.thread.x'];
    return this.kernel({ rows: value.rows, columns: loss ? 1 : value.columns }, value.inputs.map(of), (at) => {
      const lines = `let most = ${at(0, y, '0')}; for (let k = 1; k < ${value.columns}; k++) most = Math.max(most, ${at(0, y, 'k')}); let total = 0; for (let k = 0; k < ${value.columns}; k++) total += Math.exp(${at(0, y, 'k')} - most); const target = ${at(1, y, '0')}; if (target < 0) return 0;`;
      return loss ? `${lines} return Math.log(total) + most - ${at(0, y, at(1, y, '0'))};` : `${lines} return (Math.exp(${at(0, y, x)} - most) / total - (${x} === target ? 1 : 0)) * ${value.scale};`;
    });
  }
}

function sum(count: number, term: string, rest = ''): string {
  return `let sum = 0; for (let k = 0; k < ${count}; k++) { sum += ${term}; } return sum${rest};`;
}

/** The values of a chain that something outside it reads. */
function storedBy(chain: Chain, program: Program): Value[] {
  const inside = new Set<Value>(chain.values);
  const read = new Set<Value>([...program.outputs.values(), ...program.gradients.values(), ...program.values.filter((value) => !inside.has(value)).flatMap((value) => value.inputs)]);
  return chain.values.filter((value) => read.has(value));
}

const functions: Record<ElementwiseFunction, (operands: readonly string[], k: number) => string> = {
  add: ([x, y]) => `${x} + ${y}`, subtract: ([x, y]) => `${x} - ${y}`, multiply: ([x, y]) => `${x} * ${y}`, divide: ([x, y]) => `${x} / ${y}`,
  scale: ([x], k) => `${x} * (${k})`, offset: ([x], k) => `${x} + (${k})`, sqrt: ([x]) => `Math.sqrt(${x})`,
  sigmoid: ([x]) => `1 / (1 + Math.exp(-${x}))`, tanh: ([x]) => `1 - 2 / (Math.exp(2 * ${x}) + 1)`, relu: ([x]) => `${x} <= 0 ? 0 : ${x}`,
  flush: ([x], k) => `Math.abs(${x}) < ${k} ? 0 : ${x}`,
  sigmoidGradient: ([y, dy]) => `${dy} * ${y} * (1 - ${y})`, tanhGradient: ([y, dy]) => `${dy} * (1 - ${y} * ${y})`, reluGradient: ([y, dy]) => `${y} > 0 ? ${dy} : 0`,
};
