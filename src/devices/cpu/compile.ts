// Compiles the program of a shard into one WebAssembly function: a straight line of calls, to the
// kernels and to one generated function per distinct chain. A whole step is one call from
// JavaScript.
import type { Home } from '../../program/placement.ts';
import type { Chain, Step } from '../../program/schedule.ts';
import type { Value } from '../../program/value.ts';
import { dropoutThreshold } from '../../random.ts';
import { type CallName, blasCalls, kernelCalls, lap } from './calls.ts';
import { type ChainSpecification, type Place, type Walk, addChain, chainKey } from './chain.ts';
import type { KernelVariant } from './kernels.ts';
import { type Plan, type ShardProgram, stateKey } from './plan.ts';
import type { Address, Matrix } from './products.ts';
import { Code, ModuleWriter, type Signature } from './wasm.ts';

/** Names each operation by a number with which `lap` is called after it. */
type Observer = (step: Step<Home>) => number;

interface Compilation {
  readonly plan: Plan;
  readonly job: string;
  readonly shard: ShardProgram;
  readonly variant: KernelVariant;
  readonly observer?: Observer;
}

/**
 * A module whose `run(base)` runs the program once for the worker whose region starts at byte
 * address `base`.
 */
export function compileShard(compilation: Compilation): Uint8Array<ArrayBuffer> {
  return new ShardCompiler(compilation).compile();
}

class ShardCompiler {
  readonly #given: Compilation;
  readonly #plan: Plan;
  readonly #shard: ShardProgram;
  readonly #writer = new ModuleWriter();
  readonly #code = new Code(1);
  /** What may be called, by name. */
  readonly #imports: ReadonlyMap<string, number>;
  readonly #chains = new Map<string, number>();

  constructor(given: Compilation) {
    const { plan, shard, observer } = given;
    this.#given = given;
    this.#plan = plan;
    this.#shard = shard;
    const callable: Record<string, Signature> = {
      ...kernelCalls,
      ...(plan.products.usesBlas ? blasCalls : {}),
      ...(observer ? { lap } : {}),
    };
    // All imports come before the first function.
    this.#imports = new Map(
      Object.entries(callable).map(([name, signature]) => [name, this.#writer.importFunction(name, signature)]),
    );
  }

  compile(): Uint8Array<ArrayBuffer> {
    const { layout } = this.#shard;
    const { observer } = this.#given;
    this.#code.get(0).f64(0).access('f64.store', this.#plan.shard.loss);
    for (const step of layout.steps) {
      if (step.kind === 'chain') this.#chain(step);
      else if (step.kind === 'copy') this.#copy(step.value, layout.homeOf(step.value), step.to);
      else this.#single(step.value);
      if (observer) this.#call('lap', observer(step));
    }
    this.#writer.addFunction({ parameters: ['i32'], results: [] }, this.#code, 'run');
    return this.#writer.encode(this.#plan.pages);
  }

  #chain(chain: Chain): void {
    const { specification, pointers } = this.#specify(chain);
    const key = chainKey(specification);
    const compiled = this.#chains.get(key) ?? addChain(this.#writer, specification, this.#given.variant);
    this.#chains.set(key, compiled);
    this.#push(chain.rows, chain.columns, ...pointers);
    this.#code.call(compiled);
  }

  /**
   * Turns homes into pointers, one for each row of a buffer that the chain touches, so that all
   * steps of a sequence share a function.
   */
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
    const stores = new Map(
      chain.values.map((value) => [value, layout.storesOf(value).map((home) => place(home, 'matrix'))]),
    );
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
    const operands = value.inputs.map((input) => this.#homeOf(input));
    switch (value.kind) {
      case 'state':
        this.#call('copyRows', rows, columns, this.#state(value.name), columns, ...this.#matrix(out));
        return;
      case 'zeros':
        this.#zero(value, out);
        return;
      case 'dropoutMask': {
        this.#push(
          rows,
          columns,
          value.stepRows,
          { own: this.#plan.shard.dropout },
          value.site,
          dropoutThreshold(value.rate),
        );
        this.#code.f32(1 / (1 - value.rate));
        this.#push(...this.#matrix(out));
        this.#call('dropoutMask');
        return;
      }
      case 'gather': {
        const [table, ids, bias] = operands;
        this.#call(
          'gather',
          rows,
          columns,
          ...this.#matrix(table),
          this.#address(ids),
          ...this.#matrix(out),
          bias ? this.#address(bias) : 0,
        );
        return;
      }
      case 'scatter': {
        const [x, ids] = operands;
        this.#zero(value, out);
        this.#call(
          'scatterAdd',
          value.inputs[0].rows,
          columns,
          ...this.#matrix(x),
          this.#address(ids),
          ...this.#matrix(out),
        );
        return;
      }
      case 'columnSums':
        this.#call('columnSums', value.inputs[0].rows, columns, ...this.#matrix(operands[0]), this.#address(out));
        return;
      case 'matmul':
        this.#matmul(value, operands, out);
        return;
      default:
        throw new Error(`the cpu device has no kernel for ${value.kind}`);
    }
  }

  #matmul(value: Value<'matmul'>, operands: readonly Home[], out: Home): void {
    const { products, panels, shard } = this.#plan;
    if (value.transposeA && value.transposeB) throw new Error('the cpu device has no kernel for aᵀ·bᵀ');
    if (value.plus) this.#copy(value, operands[operands.length - 1], out);
    const shape = products.panels(value);
    const { name } = value.inputs[1] as Value<'parameter'>;
    const found =
      shape &&
      panels.find(
        (each) => each.parameter === name && each.transposed === value.transposeB && each.columns === shape.columns,
      )!;
    products.write(
      {
        value,
        a: this.#matrix(operands[0]),
        b: this.#matrix(operands[1]),
        c: this.#matrix(out),
        accumulate: value.plus,
        bias: value.bias ? this.#address(operands[2]) : null,
        packed: found && { ...found, address: { fixed: found.address } },
        scratch: { own: shard.scratch },
      },
      (call, ...rest) => this.#call(call, ...rest),
    );
  }

  /** Adds to the loss of the shard. */
  #crossEntropy(value: Value<'crossEntropy'>, out: Home | undefined): void {
    const [logits, targets] = value.inputs.map((input) => this.#homeOf(input));
    const { loss } = this.#plan.shard;
    const code = this.#code.get(0);
    this.#push(
      value.rows,
      value.columns,
      ...this.#matrix(logits),
      this.#address(targets),
      ...(out ? this.#matrix(out) : [0, 0]),
    );
    code.f32(value.scale).f32(value.smoothing);
    this.#call('softmaxCrossEntropy');
    code.get(0).access('f64.load', loss).op('f64.add').access('f64.store', loss);
  }

  #zero(value: Value, out: Home): void {
    const stretches = out.buffer.columns === value.columns ? 1 : value.rows;
    for (let row = 0; row < stretches; row++)
      this.#call('zero', this.#address({ ...out, row: out.row + row }), (4 * value.rows * value.columns) / stretches);
  }

  #copy({ rows, columns }: Value, from: Home, to: Home): void {
    if (from.buffer === to.buffer && from.row === to.row && from.column === to.column) return;
    this.#call('copyRows', rows, columns, ...this.#matrix(from), ...this.#matrix(to));
  }

  /** The operands that are given come after those that have been pushed. */
  #call(name: CallName, ...operands: readonly (number | Address)[]): void {
    this.#push(...operands);
    this.#code.call(this.#imports.get(name)!);
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
    return { own: this.#plan.shard.states.get(stateKey(this.#given.job, name))! };
  }

  #matrix(home: Home): Matrix {
    return [this.#address(home), home.buffer.columns];
  }

  #address({ buffer, row, column }: Home): Address {
    const within = 4 * ((row + buffer.before) * buffer.columns + column);
    const { shard, parameters, parameterVector } = this.#plan;
    switch (buffer.space) {
      case 'arena':
        return { own: shard.arena + 4 * this.#shard.layout.offsetOf(buffer) + within };
      case 'parameter':
        return { fixed: parameters.get(buffer.name)! + within };
      case 'gradient':
        return { own: shard.gradients + parameters.get(buffer.name)! - parameterVector + within };
      case 'input':
        return { own: (buffer.name === 'ids' ? shard.ids : shard.targets) + within };
      default:
        return buffer.space satisfies never;
    }
  }
}

function walkOf(operand: Value, chain: Chain): Walk {
  if (operand.columns !== chain.columns) return 'scalar';
  return operand.rows === chain.rows ? 'matrix' : 'row';
}
