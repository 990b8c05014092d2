// Compiles the program of a shard into one WebAssembly function without branches: calls of the
// kernels, and of one generated function for each distinct chain. JavaScript runs a whole step with
// one call.
import { type Location, sameLocation } from '../../program/placement.ts';
import type { ExecutionStep } from '../../program/schedule.ts';
import { operandsOf } from '../../program/slots.ts';
import type { Value } from '../../program/value.ts';
import { dropoutThreshold } from '../../random.ts';
import { type CallName, kernelCalls, lap, machine as machineCall, sgemm } from './calls.ts';
import { type ChainSpecification, type ChainOperand, type OperandWalk, addChain, chainKey } from './chain.ts';
import { columnSums } from './column-sums.ts';
import type { KernelVariant } from './kernels.ts';
import { type MachineProgram, MachineWriter } from './machine/program.ts';
import { packWeight, panelCount } from './panels.ts';
import { type Plan, type ShardProgram, panelsKey, stateKey } from './plan.ts';
import { type PlacedProduct, innerDimensionOf } from './products.ts';
import { addressLimitsOf } from './ranges.ts';
import { type Address, type MatrixAddress, withOffset } from './address.ts';
import { FunctionBody, ModuleWriter, type Signature } from './wasm.ts';

type ChainStep = Extract<ExecutionStep, { kind: 'chain' }>;

/** Returns the number of an operation's group. `lap` is called with it after the operation. */
type Observer = (step: ExecutionStep) => number;

interface Compilation {
  readonly plan: Plan;
  readonly job: string;
  readonly shard: ShardProgram;
  readonly variant: KernelVariant;
  readonly observer?: Observer;
}

/** An argument of a call: an integer, an address, or a float. */
type Operand = number | Address | { readonly float: number };

/** The compiled program of a shard. */
export interface CompiledShard {
  /**
   * A module whose `run(base)` runs the program once for the worker whose region starts at byte
   * address `base`.
   */
  readonly module: Uint8Array<ArrayBuffer>;
  /** The parts of the program that are machine code. */
  readonly machine: MachineProgram | null;
}

/** @param observer calls `lap` after each operation, for profiling */
export function compileShard({ plan, job, shard: { layout }, variant, observer }: Compilation): CompiledShard {
  const { products, panels, parameters, parameterVector, shard } = plan;
  const writer = new ModuleWriter();
  const callable: Record<string, Signature> = {
    ...kernelCalls,
    ...(products.usesSgemm ? { sgemm } : {}),
    ...(observer ? { lap } : {}),
    ...(products.machineCode ? { machine: machineCall } : {}),
  };
  // All imports come before the first function.
  const imports = new Map(
    Object.entries(callable).map(([name, signature]) => [name, writer.importFunction(name, signature)]),
  );
  const chains = new Map<string, number>();
  const code = new FunctionBody(1);
  const machine = products.machineCode && new MachineWriter(products.machineCode, addressLimitsOf(plan));

  const push = (operands: readonly Operand[]): void => {
    for (const operand of operands) {
      if (typeof operand === 'number') code.i32(operand);
      else if ('float' in operand) code.f32(operand.float);
      else if ('fixed' in operand) code.i32(operand.fixed);
      else code.get(0).i32(operand.inShard).op('i32.add');
    }
  };
  /** Calls the machine code that was written since the last call. */
  const runMachineCode = (): void => {
    const index = machine?.close() ?? null;
    if (index !== null) code.i32(index).get(0).call(imports.get('machine')!);
  };
  const call = (name: CallName, ...operands: readonly Operand[]): void => {
    runMachineCode();
    push(operands);
    code.call(imports.get(name)!);
  };

  const address = ({ buffer, row, column }: Location): Address => {
    const within = 4 * ((row + buffer.before) * buffer.columns + column);
    switch (buffer.space) {
      case 'arena':
        return { inShard: shard.arena + 4 * layout.offsetOf(buffer) + within };
      case 'parameter':
        return { fixed: parameters.get(buffer.name)! + within };
      case 'gradient':
        return { inShard: shard.gradients + parameters.get(buffer.name)! - parameterVector + within };
      case 'input':
        return { inShard: (buffer.name === 'ids' ? shard.ids : shard.targets) + within };
      default:
        return buffer.space satisfies never;
    }
  };
  const matrix = (location: Location): MatrixAddress => [address(location), location.buffer.columns];
  const stateOf = (name: string): Address => ({ inShard: shard.states.get(stateKey(job, name))! });

  /**
   * Turns locations into pointers, one for each row of a buffer that the chain uses, so that all
   * time steps of a sequence share a function.
   */
  const specify = (chain: ChainStep): { specification: ChainSpecification; pointers: readonly Address[] } => {
    const pointers: Address[] = [];
    const strides: number[] = [];
    const pointerOf = new Map<string, number>();
    const operandAt = (location: Location, walk: OperandWalk): ChainOperand => {
      const start = address({ ...location, column: 0 });
      const key = `${JSON.stringify(start)} ${walk}`;
      let pointer = pointerOf.get(key);
      if (pointer === undefined) {
        pointer = pointers.push(start) - 1;
        strides.push(walk === 'matrix' || walk === 'column' ? location.buffer.columns : 0);
        pointerOf.set(key, pointer);
      }
      return { pointer, column: location.column };
    };
    const operands = new Map<Value, ChainOperand & { walk: OperandWalk }>();
    for (const input of operandsOf(chain)) {
      if (operands.has(input)) continue;
      const walk = walkOf(input, chain);
      operands.set(input, { ...operandAt(layout.locationOf(input), walk), walk });
    }
    const stores = new Map(
      chain.values.map((value) => [value, layout.storesOf(value).map((location) => operandAt(location, 'matrix'))]),
    );
    return { specification: { values: chain.values, operands, stores, strides }, pointers };
  };

  const runChain = (
    specification: ChainSpecification,
    rows: number,
    columns: number,
    pointers: readonly Address[],
  ): void => {
    if (machine) {
      machine.chain(specification, rows, columns, pointers);
      return;
    }
    const key = chainKey(specification);
    const compiled = chains.get(key) ?? addChain(writer, specification, variant);
    chains.set(key, compiled);
    push([rows, columns, ...pointers]);
    code.call(compiled);
  };

  const copy = ({ rows, columns }: Value, from: Location, to: Location): void => {
    if (!sameLocation(from, to)) call('copyRows', rows, columns, ...matrix(from), ...matrix(to));
  };

  const zero = ({ rows, columns }: Value, out: Location): void => {
    const ranges = out.buffer.columns === columns ? 1 : rows;
    for (let row = 0; row < ranges; row++)
      call('zero', address({ ...out, row: out.row + row }), (4 * rows * columns) / ranges);
  };

  const packed = new Map<string, Value>();
  /** The panels of a product. If the program computes their matrix, the first product packs it. */
  const panelsFor = (value: Value<'matmul'>, B: MatrixAddress): PlacedProduct['packed'] => {
    const format = products.panels(value);
    if (format === null) return null;
    const { transposeB: transposed, columns: N } = value;
    const [, right] = value.inputs;
    if (right.kind === 'parameter') {
      const { address } = panels.find(
        (each) => each.parameter === right.name && each.transposed === transposed && each.columns === format.columns,
      )!;
      return { ...format, address: { fixed: address } };
    }
    const key = panelsKey(value, format.columns);
    const target: Address = { inShard: shard.panels.get(key)! };
    if (packed.get(key) !== right) {
      const shape = { ...format, transposed, K: innerDimensionOf(value), N };
      packWeight<Address>(shape, B, target, { from: 0, to: panelCount(shape) }, withOffset, call);
      packed.set(key, right);
    }
    return { ...format, address: target };
  };

  const multiply = (value: Value<'matmul'>, operands: readonly Location[], out: Location): void => {
    if (value.transposeA && value.transposeB) throw new Error('the cpu device has no kernel for aᵀ·bᵀ');
    if (value.plus) copy(value, operands[operands.length - 1], out);
    products.write(
      {
        value,
        a: matrix(operands[0]),
        b: matrix(operands[1]),
        c: matrix(out),
        accumulate: value.plus,
        bias: value.bias ? address(operands[2]) : null,
        packed: panelsFor(value, matrix(operands[1])),
        scratch: { inShard: shard.scratch },
      },
      call,
      machine,
    );
  };

  /** Adds to the loss of the shard, and stores the gradient if something reads it. */
  const addLoss = (
    { rows, columns, scale, smoothing }: Value<'crossEntropy'>,
    operands: Location[],
    out?: Location,
  ): void => {
    const [logits, targets] = operands;
    const gradient = out ? matrix(out) : [0, 0];
    const factors = [{ float: scale }, { float: smoothing }];
    code.get(0);
    call('softmaxCrossEntropy', rows, columns, ...matrix(logits), address(targets), ...gradient, ...factors);
    code.get(0).access('f64.load', shard.loss).op('f64.add').access('f64.store', shard.loss);
  };

  const compute = (value: Value): void => {
    const { rows, columns } = value;
    const operands = value.inputs.map((input) => layout.locationOf(input));
    const [first, second, third] = operands;
    if (value.kind === 'storeState') {
      call('copyRows', rows, columns, ...matrix(first), stateOf(value.name), columns);
      return;
    }
    const [out] = layout.storesOf(value);
    if (value.kind === 'crossEntropy') {
      addLoss(value, operands, out);
      return;
    }
    if (!out) return;
    switch (value.kind) {
      case 'loadState':
        call('copyRows', rows, columns, stateOf(value.name), columns, ...matrix(out));
        return;
      case 'zeros':
        zero(value, out);
        return;
      case 'dropoutMask': {
        const { stepRows, site, rate } = value;
        const draw = [{ inShard: shard.dropout }, site, dropoutThreshold(rate), { float: 1 / (1 - rate) }];
        call('dropoutMask', rows, columns, stepRows, ...draw, ...matrix(out));
        return;
      }
      case 'gather': {
        const bias = third ? address(third) : 0;
        call('gather', rows, columns, ...matrix(first), address(second), ...matrix(out), bias);
        return;
      }
      case 'scatter':
        zero(value, out);
        call('scatterAdd', value.inputs[0].rows, columns, ...matrix(first), address(second), ...matrix(out));
        return;
      case 'columnSums':
        for (const sum of columnSums(value.inputs[0].rows, columns, matrix(first), address(out)))
          runChain(sum.specification, sum.rows, columns, sum.pointers);
        return;
      case 'rowSums':
        call('rowSums', rows, value.inputs[0].columns, ...matrix(first), ...matrix(out));
        return;
      case 'matmul':
        multiply(value, operands, out);
        return;
      default:
        throw new Error(`the cpu device has no kernel for ${value.kind}`);
    }
  };

  code.get(0).f64(0).access('f64.store', shard.loss);
  for (const step of layout.steps) {
    if (step.kind === 'chain') {
      const { specification, pointers } = specify(step);
      runChain(specification, step.rows, step.columns, pointers);
    } else if (step.kind === 'copy') copy(step.value, layout.locationOf(step.value), step.to);
    else compute(step.value);
    if (observer) call('lap', observer(step));
  }
  runMachineCode();
  writer.addFunction({ parameters: ['i32'], results: [] }, code, 'run');
  return { module: writer.encode(plan.pages), machine: machine && machine.finish() };
}

function walkOf(operand: Value, chain: ChainStep): OperandWalk {
  if (operand.columns !== chain.columns) return operand.rows === 1 ? 'scalar' : 'column';
  return operand.rows === chain.rows ? 'matrix' : 'row';
}
