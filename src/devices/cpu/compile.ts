// Compiles the program of a shard into one WebAssembly function: a straight line of calls, to the kernels and to one generated
// function per distinct chain. A whole step is one call from JavaScript.
import type { Home } from '../../program/placement.ts';
import type { Chain } from '../../program/schedule.ts';
import type { Value } from '../../program/value.ts';
import { dropoutThreshold } from '../../random.ts';
import { type ChainSpecification, type Place, type Walk, activationSignatures, addChain, chainKey } from './chain.ts';
import { gemmPanelsScratch } from './kernels.ts';
import { type Plan, type ShardProgram, readsPanels, stateKey } from './plan.ts';
import { Code, ModuleWriter, type Signature, type ValueType } from './wasm.ts';

const i32s = (count: number): readonly ValueType[] => new Array<ValueType>(count).fill('i32');
const kernelSignatures = {
  packPanels: { parameters: i32s(8), results: [] },
  gemmPanels: { parameters: i32s(11), results: [] },
  gemmTransposedA: { parameters: i32s(11), results: [] },
  gather: { parameters: i32s(8), results: [] },
  scatterAdd: { parameters: i32s(7), results: [] },
  columnSums: { parameters: i32s(6), results: [] },
  copyRows: { parameters: i32s(6), results: [] },
  zero: { parameters: i32s(2), results: [] },
  dropoutMask: { parameters: [...i32s(6), 'f32', ...i32s(2)], results: [] },
  softmaxCrossEntropy: { parameters: [...i32s(7), 'f32'], results: ['f64'] },
} satisfies Readonly<Record<string, Signature>>;
type Kernel = keyof typeof kernelSignatures;

/** A byte address: fixed, or counted from the base of the worker's own region. */
type Address = { readonly fixed: number } | { readonly own: number };

/** A writer that has imported all kernels: imports come before functions. */
export function newKernelWriter(): ModuleWriter {
  const writer = new ModuleWriter();
  for (const [name, signature] of Object.entries({ ...activationSignatures, ...kernelSignatures })) writer.importFunction(name, signature);
  return writer;
}

/** A module whose `run(base)` runs the program once for the worker whose region starts at byte address `base`. */
export function compileShard(plan: Plan, job: string, shard: ShardProgram): Uint8Array<ArrayBuffer> {
  return new ShardCompiler(plan, job, shard).compile();
}

class ShardCompiler {
  readonly #plan: Plan;
  readonly #job: string;
  readonly #shard: ShardProgram;
  readonly #writer = newKernelWriter();
  readonly #code = new Code(1);
  readonly #chains = new Map<string, number>();

  constructor(plan: Plan, job: string, shard: ShardProgram) {
    this.#plan = plan;
    this.#job = job;
    this.#shard = shard;
  }

  compile(): Uint8Array<ArrayBuffer> {
    const { layout } = this.#shard;
    this.#code.get(0).f64(0).access('f64.store', this.#plan.shard.loss);
    for (const step of layout.steps) {
      if (step.kind === 'chain') this.#chain(step);
      else if (step.kind === 'copy') this.#copy(step.value, layout.homeOf(step.value), step.to);
      else this.#single(step.value);
    }
    this.#writer.addFunction({ parameters: ['i32'], results: [] }, this.#code, 'run');
    return this.#writer.encode(this.#plan.pages);
  }

  #chain(chain: Chain): void {
    const { specification, pointers } = this.#specify(chain);
    const key = chainKey(specification);
    const compiled = this.#chains.get(key) ?? addChain(this.#writer, specification);
    this.#chains.set(key, compiled);
    this.#push(chain.rows, chain.columns, ...pointers);
    this.#code.call(compiled);
  }

  /** Turns homes into pointers, one for each row of a buffer that the chain touches, so that all steps of a sequence share a function. */
  #specify(chain: Chain): { specification: ChainSpecification; pointers: readonly Address[] } {
    const { layout } = this.#shard;
    const pointers: Address[] = [];
    const strides: number[] = [];
    const known = new Map<string, number>();
    const place = (home: Home, walk: Walk): Place => {
      const start = this.#address({ ...home, column: 0 });
      const key = `${JSON.stringify(start)} ${walk}`;
      let pointer = known.get(key);
      if (pointer === undefined) {
        pointer = pointers.push(start) - 1;
        strides.push(walk === 'matrix' ? home.buffer.columns : 0);
        known.set(key, pointer);
      }
      return { pointer, column: home.column };
    };
    const made = new Set<Value>(chain.values);
    const operands = new Map<Value, Place & { walk: Walk }>();
    for (const input of chain.values.flatMap((value) => value.inputs)) {
      if (made.has(input) || operands.has(input)) continue;
      const walk = walkOf(input, chain);
      operands.set(input, { ...place(layout.homeOf(input), walk), walk });
    }
    const stores = new Map(chain.values.map((value) => [value, layout.storesOf(value).map((home) => place(home, 'matrix'))]));
    return { specification: { values: chain.values, operands, stores, strides }, pointers };
  }

  #single(value: Value): void {
    const { rows, columns } = value;
    if (value.kind === 'keep') {
      const from = this.#homeOf(value.inputs[0]);
      this.#call('copyRows', rows, columns, ...this.#matrix(from), this.#state(value.name), columns);
      return;
    }
    const [out] = this.#shard.layout.storesOf(value);
    if (value.kind === 'crossEntropy') {
      this.#crossEntropy(value, out);
      return;
    }
    if (!out) return;
    if (value.inputs.some(({ kind }) => kind === 'oneHot')) throw new Error('the cpu device has no kernel for a product with a one-hot matrix: hoistInputProducts makes it a gather');
    const operands = value.inputs.map((input) => this.#homeOf(input));
    switch (value.kind) {
      case 'state':
        this.#call('copyRows', rows, columns, this.#state(value.name), columns, ...this.#matrix(out));
        return;
      case 'zeros':
        this.#zero(value, out);
        return;
      case 'dropoutMask': {
        this.#push(rows, columns, value.stepRows, { own: this.#plan.shard.dropout }, value.site, dropoutThreshold(value.rate));
        this.#code.f32(1 / (1 - value.rate));
        this.#push(...this.#matrix(out));
        this.#code.call(this.#writer.importFunction('dropoutMask', kernelSignatures.dropoutMask));
        return;
      }
      case 'gather': {
        const [table, ids, bias] = operands;
        this.#call('gather', rows, columns, ...this.#matrix(table), this.#address(ids), ...this.#matrix(out), bias ? this.#address(bias) : 0);
        return;
      }
      case 'scatter': {
        const [x, ids] = operands;
        this.#zero(value, out);
        this.#call('scatterAdd', value.inputs[0].rows, columns, ...this.#matrix(x), this.#address(ids), ...this.#matrix(out));
        return;
      }
      case 'columnSums':
        this.#call('columnSums', value.inputs[0].rows, columns, ...this.#matrix(operands[0]), this.#address(out), 0);
        return;
      case 'matmul':
        this.#matmul(value, operands, out);
        return;
      default:
        throw new Error(`the cpu device has no kernel for ${value.kind}`);
    }
  }

  #matmul(value: Value<'matmul'>, operands: readonly Home[], out: Home): void {
    const { rows, columns } = value;
    const [left, right] = value.inputs;
    const [a, b] = operands;
    const scratch = { own: this.#plan.shard.scratch };
    if (value.plus) this.#copy(value, operands[operands.length - 1], out);
    const accumulate = value.plus ? 1 : 0;
    if (value.transposeA) {
      if (value.transposeB || value.bias) throw new Error('the cpu device has no kernel for aᵀ·bᵀ, nor for aᵀ·b with a bias');
      this.#call('gemmTransposedA', rows, columns, left.rows, ...this.#matrix(a), ...this.#matrix(b), ...this.#matrix(out), accumulate, scratch);
      return;
    }
    const K = left.columns;
    let panels: Address = { own: scratch.own + 4 * gemmPanelsScratch(rows, K) };
    if (readsPanels(value)) {
      const parameter = (right as Value<'parameter'>).name;
      panels = { fixed: this.#plan.panels.find((each) => each.parameter === parameter && each.transposed === value.transposeB)!.address };
    } else {
      this.#call('packPanels', ...this.#matrix(b), K, columns, value.transposeB ? 1 : 0, panels, 0, Math.ceil(columns / 8));
    }
    this.#call('gemmPanels', rows, columns, K, ...this.#matrix(a), panels, ...this.#matrix(out), accumulate, value.bias ? this.#address(operands[2]) : 0, scratch);
  }

  /** Adds to the loss of the shard. */
  #crossEntropy(value: Value<'crossEntropy'>, out: Home | undefined): void {
    const [logits, targets] = value.inputs.map((input) => this.#homeOf(input));
    const { loss } = this.#plan.shard;
    const code = this.#code.get(0);
    this.#push(value.rows, value.columns, ...this.#matrix(logits), this.#address(targets), ...(out ? this.#matrix(out) : [0, 0]));
    code.f32(value.scale).call(this.#writer.importFunction('softmaxCrossEntropy', kernelSignatures.softmaxCrossEntropy));
    code.get(0).access('f64.load', loss).op('f64.add').access('f64.store', loss);
  }

  #zero(value: Value, out: Home): void {
    const stretches = out.buffer.columns === value.columns ? 1 : value.rows;
    for (let row = 0; row < stretches; row++) this.#call('zero', this.#address({ ...out, row: out.row + row }), (4 * value.rows * value.columns) / stretches);
  }

  #copy({ rows, columns }: Value, from: Home, to: Home): void {
    if (from.buffer === to.buffer && from.row === to.row && from.column === to.column) return;
    this.#call('copyRows', rows, columns, ...this.#matrix(from), ...this.#matrix(to));
  }

  #call(kernel: Kernel, ...operands: readonly (number | Address)[]): void {
    this.#push(...operands);
    this.#code.call(this.#writer.importFunction(kernel, kernelSignatures[kernel]));
  }

  #push(...operands: readonly (number | Address)[]): void {
    for (const operand of operands) {
      if (typeof operand === 'number') this.#code.i32(operand);
      else if ('fixed' in operand) this.#code.i32(operand.fixed);
      else this.#code.get(0).i32(operand.own).op('i32.add');
    }
  }

  #homeOf(value: Value): Home {
    return this.#shard.layout.homeOf(value);
  }

  #state(name: string): Address {
    return { own: this.#plan.shard.states.get(stateKey(this.#job, name))! };
  }

  /** An address and its leading dimension. */
  #matrix(home: Home): [Address, number] {
    return [this.#address(home), home.buffer.columns];
  }

  #address({ buffer, row, column }: Home): Address {
    const within = 4 * ((row + buffer.before) * buffer.columns + column);
    const { shard, parameters, parameterVector } = this.#plan;
    switch (buffer.space) {
      case 'arena': return { own: shard.arena + 4 * this.#shard.layout.offsetOf(buffer) + within };
      case 'parameter': return { fixed: parameters.get(buffer.name)! + within };
      case 'gradient': return { own: shard.gradients + parameters.get(buffer.name)! - parameterVector + within };
      case 'input': return { own: (buffer.name === 'ids' ? shard.ids : shard.targets) + within };
      default: return buffer.space satisfies never;
    }
  }
}

function walkOf(operand: Value, chain: Chain): Walk {
  if (operand.columns !== chain.columns) return 'scalar';
  return operand.rows === chain.rows ? 'matrix' : 'row';
}
