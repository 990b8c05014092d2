// Tests of the checks themselves: each of these devices is the reference with one fault, which the
// checks must find.
import { describe, expect, test } from 'vitest';
import type { Call, CallResult, Device, Executable, ResidentVector, Workload } from '../../src/devices/device.ts';
import { openReference } from '../../src/devices/reference/reference.ts';
import { allChecks } from '../../src/diagnosis/checks.ts';
import { Builder } from '../../src/program/builder.ts';
import type { ElementwiseFunction, OperationKind, Program, Value } from '../../src/program/value.ts';
import { isEverything } from '../everything.ts';
import { parityChecks } from '../parity/compare.ts';
import { repeatedChecks } from '../parity/networks.ts';

/** At most fifty times the tolerance. */
const OFF = 1 + 1e-4;

/** Checks of cells and optimizers that resemble others run only with RNN_TEST=all. */
const looked = isEverything
  ? parityChecks
  : parityChecks.filter(
      ({ name }) => !repeatedChecks.has(name) && !/^(irnn:|lstm-|gru-cho|mut|rmsprop|adagrad|adam, )/.test(name),
    );

async function findings(device: Device, names: RegExp): Promise<string[]> {
  const found: string[] = [];
  for (const check of looked.filter(({ name }) => names.test(name))) {
    const { worst, tolerance, where } = await check.run(device);
    if (worst > tolerance) found.push(`${check.name}: ${where}`);
  }
  return found;
}

function wrongDevice(
  change: (executable: Executable, workload: Workload) => Partial<Executable>,
  translate = (workload: Workload): Workload => workload,
): Device {
  const device = openReference();
  return {
    ...device,
    async compile(workload) {
      const executable = await device.compile(translate(workload));
      const right: Executable = {
        description: '',
        memoryBytes: 0,
        callsPerRun: () => 1,
        run: (job, calls) => executable.run(job, calls),
        read: (resident) => executable.read(resident),
        write: (resident, values) => executable.write(resident, values),
        close: () => executable.close(),
      };
      return { ...right, ...change(executable, workload) };
    },
  };
}

/** A device that confuses some operation with another. */
function misreading(change: (ops: Builder, value: Value) => Value): Device {
  const misread = (program: Program): Program => {
    const ops = new Builder();
    const now = new Map<Value, Value>();
    for (const value of program.values)
      now.set(
        value,
        change(
          ops,
          ops.appendCopy(
            value,
            value.inputs.map((input) => now.get(input)!),
          ),
        ),
      );
    const renamed = (named: ReadonlyMap<string, Value>): Map<string, Value> =>
      new Map([...named].map(([name, value]) => [name, now.get(value)!]));
    return ops.program(renamed(program.outputs), renamed(program.gradients));
  };
  return wrongDevice(
    () => ({}),
    (workload) => ({
      ...workload,
      jobs: workload.jobs.map((job) => ({ ...job, build: (rows) => misread(job.build(rows)) })),
    }),
  );
}

test('the reference passes its own checks, whose names all differ', { timeout: 180_000 }, async () => {
  expect(await findings(openReference(), /./)).toEqual([]);
  expect(new Set(parityChecks.map(({ name }) => name)).size).toBe(parityChecks.length);
});

test('rnn doctor --full runs some of the checks', () => {
  expect(parityChecks.map(({ name }) => name)).toEqual(expect.arrayContaining(allChecks.map(({ name }) => name)));
});

describe('the checks of operations notice a slight error', () => {
  const probes =
    /^(products|views|joins|zeros|elementwise|chains|large|gather|product with|column|row|crossEntropy|states that|dropout masks)/;
  const kinds: Partial<Record<OperationKind, RegExp>> = {
    matmul: /^products/,
    gather: /^gather/,
    scatter: /^gather and/,
    rows: /^views/,
    columns: /^views/,
    join: /^joins by/,
    columnSums: /^column/,
    rowSums: /^row/,
    crossEntropy: /^cross.*[^1] logits.*\d$/,
    loadState: /^states/,
    dropoutMask: /^dropout/,
  };
  test.each(Object.entries(kinds))('in %s', async (kind, names) => {
    const wrong = misreading((ops, value) => (value.kind === kind ? ops.scale(value, OFF) : value));
    const ran = looked.filter(({ name }) => names.test(name)).length;
    expect(await findings(wrong, names)).toHaveLength(ran);
  });

  const functions: readonly ElementwiseFunction[] = [
    'add',
    'subtract',
    'multiply',
    'divide',
    'scale',
    'offset',
    'sigmoid',
    'tanh',
    'relu',
    'sqrt',
    'clip',
    'flush',
    'sigmoidGradient',
    'tanhGradient',
    'reluGradient',
  ];
  test.each(functions)('in %s', async (apply) => {
    const wrong = misreading((ops, value) =>
      value.kind === 'elementwise' && value.apply === apply
        ? ops.multiply(value, ops.offset(ops.zeros(1, 1), OFF))
        : value,
    );
    // One of the sizes is a single element, which is 0 for some functions.
    expect((await findings(wrong, /^elementwise/)).length).toBeGreaterThanOrEqual(3);
  });

  test.each<[string, (ops: Builder, value: Value) => Value]>([
    ['zeros that are not zero', (ops, value) => (value.kind === 'zeros' ? ops.offset(value, 1e-4) : value)],
    [
      'a product without its bias',
      (ops, value) =>
        value.kind === 'matmul' && value.bias
          ? ops.append(
              { ...value, bias: false },
              value.rows,
              value.columns,
              value.inputs.filter((_, i) => i !== 2),
            )
          : value,
    ],
    [
      'a product without its running sum',
      (ops, value) =>
        value.kind === 'matmul' && value.plus
          ? ops.append({ ...value, plus: false }, value.rows, value.columns, value.inputs.slice(0, -1))
          : value,
    ],
    [
      'a gather without its bias',
      (ops, value) => (value.kind === 'gather' ? ops.gather(value.inputs[0], value.inputs[1]) : value),
    ],
    [
      'rows one too early',
      (ops, value) =>
        value.kind === 'rows' && value.first > 0 ? ops.rows(value.inputs[0], value.first - 1, value.rows) : value,
    ],
    [
      'columns one too early',
      (ops, value) =>
        value.kind === 'columns' && value.first > 0
          ? ops.columns(value.inputs[0], value.first - 1, value.columns)
          : value,
    ],
    [
      'a flush without effect',
      (_, value) => (value.kind === 'elementwise' && value.apply === 'flush' ? value.inputs[0] : value),
    ],
    [
      'a flush at its edge',
      (ops, value) =>
        value.kind === 'elementwise' && value.apply === 'flush'
          ? ops.flush(value.inputs[0], value.constant * (1 + 1e-9))
          : value,
    ],
    [
      'states that are swapped',
      (ops, value) =>
        value.kind === 'loadState' && value.columns === 7
          ? ops.loadState(value.name === 'a' ? 'b' : 'a', value.rows, value.columns)
          : value,
    ],
    [
      'masks of the same site',
      (ops, value) =>
        value.kind === 'dropoutMask' ? ops.dropoutMask(value.rows, value.columns, { ...value, site: 0 }) : value,
    ],
  ])('%s', async (_, change) => {
    expect(await findings(misreading(change), probes)).not.toEqual([]);
  });
});

test('the check of a shared state notices a device on which each job has its own state', async () => {
  const alone = wrongDevice(
    () => ({}),
    (workload) => ({ ...workload, jobs: workload.jobs.map((job) => ({ ...job, sharesStateWith: undefined })) }),
  );
  expect(await findings(alone, /carry one state/)).toHaveLength(1);
});

describe('the checks of networks notice', () => {
  const each = (executable: Executable, edit: (result: CallResult) => CallResult): Partial<Executable> => ({
    run: async (job, calls) => (await executable.run(job, calls)).map(edit),
  });
  const edited = (
    executable: Executable,
    edit: (call: Call, index: number, calls: readonly Call[]) => Call,
  ): Partial<Executable> => ({
    run: (job, calls) => executable.run(job, calls.map(edit)),
  });
  const deaf = (executable: Executable, to: (resident: ResidentVector) => boolean): Partial<Executable> => ({
    write: (resident, values) => (to(resident) ? Promise.resolve() : executable.write(resident, values)),
  });
  const cell = /^lstm: 2 × 19/;
  const [optimizers, refusal, turns] = [/ten steps/, /refused/, /in turn/];

  test.each<[string, RegExp, (executable: Executable, workload: Workload) => Partial<Executable>]>([
    ['a loss', cell, (executable) => each(executable, (result) => ({ ...result, lossNats: result.lossNats * OFF }))],
    [
      'a gradient norm',
      cell,
      (executable) => each(executable, (result) => ({ ...result, gradientNorm: result.gradientNorm * OFF })),
    ],
    [
      'an output',
      cell,
      (executable) =>
        each(executable, (result) => ({
          ...result,
          outputs: Object.fromEntries(
            Object.entries(result.outputs).map(([name, values]) => [name, values.map((x) => x * OFF)]),
          ),
        })),
    ],
    ['a missing output', cell, (executable) => each(executable, (result) => ({ ...result, outputs: {} }))],
    [
      'one element of a gradient',
      cell,
      (executable) => ({
        read: async (resident) => {
          const values = await executable.read(resident);
          if (resident.kind === 'gradients')
            values[values.reduce((most, x, i) => (Math.abs(x) > Math.abs(values[most]) ? i : most), 0)] *= OFF;
          return values;
        },
      }),
    ],
    [
      'states that are swapped when read',
      cell,
      (executable) => ({
        read: (resident) =>
          executable.read(
            resident.kind === 'state'
              ? { ...resident, name: resident.name.replace(/[hc]$/, (own) => (own === 'h' ? 'c' : 'h')) }
              : resident,
          ),
      }),
    ],
    [
      'a dropout key left out',
      /^lstm: .*dropout/,
      (executable) => edited(executable, (call) => ({ ...call, dropoutKey: 0 })),
    ],
    [
      'a reset left out',
      /^lstm: 1 × 7|states that|interactive/,
      (executable) => edited(executable, (call) => ({ ...call, reset: false })),
    ],
    [
      'rows without a target that count',
      cell,
      (executable) =>
        edited(executable, (call) => ({ ...call, targets: call.targets?.map((target) => Math.max(0, target)) })),
    ],
    [
      'a reset inside a run left out',
      optimizers,
      (executable) => edited(executable, (call, i) => ({ ...call, reset: call.reset && i === 0 })),
    ],
    [
      'scalars that are the same for all calls of a run',
      optimizers,
      (executable) => edited(executable, (call, _, [{ update }]) => ({ ...call, update })),
    ],
    [
      'tokens that are the same for all calls of a run',
      optimizers,
      (executable) => edited(executable, (call, _, [{ ids, targets }]) => ({ ...call, ids, targets })),
    ],
    [
      'masks that are the same for all calls of a run',
      optimizers,
      (executable) => edited(executable, (call, _, [{ dropoutKey }]) => ({ ...call, dropoutKey })),
    ],
    [
      'a slot that is not kept',
      optimizers,
      (executable, workload) => ({
        run: async (job, calls) => {
          const slot = { kind: 'slot', name: workload.update?.slots[0] ?? '' } as const;
          const results = await executable.run(job, calls);
          await executable.write(slot, (await executable.read(slot)).fill(0));
          return results;
        },
      }),
    ],
    [
      'a run that continues after a refused update',
      refusal,
      (executable) => ({
        run: async (job, calls) => (await Promise.all(calls.map((call) => executable.run(job, [call])))).flat(),
      }),
    ],
    [
      'a refused update that is reported as done',
      refusal,
      (executable) => each(executable, (result) => ({ ...result, updated: true })),
    ],
    [
      'a loss that is reported as a number although it is not finite',
      refusal,
      (executable) =>
        each(executable, (result) => ({ ...result, lossNats: Number.isFinite(result.lossNats) ? result.lossNats : 1 })),
    ],
    [
      'a carried NaN that is replaced by 0',
      /: an update refused/,
      (executable) => ({
        write: (resident, values) =>
          executable.write(
            resident,
            values.map((x) => (Number.isNaN(x) ? 0 : x)),
          ),
      }),
    ],
    [
      'weights that are written once',
      turns,
      (executable) => {
        let writes = 0;
        return deaf(executable, ({ kind }) => kind === 'parameters' && writes++ > 0);
      },
    ],
    ['slots that are not written', turns, (executable) => deaf(executable, ({ kind }) => kind === 'slot')],
    ['states that are not written', turns, (executable) => deaf(executable, ({ kind }) => kind === 'state')],
    [
      'states read from another job',
      turns,
      (executable) => ({
        read: (resident) => executable.read(resident.kind === 'state' ? { ...resident, job: 'train' } : resident),
      }),
    ],
  ])('%s', async (_, names, change) => {
    const ran = looked.filter(({ name }) => names.test(name)).length;
    expect(ran).toBeGreaterThan(0);
    expect(await findings(wrongDevice(change), names)).toHaveLength(ran);
  });

  test('gradients that are not clipped', async () => {
    const wrong = wrongDevice(
      () => ({}),
      (workload) => ({ ...workload, update: workload.update && { ...workload.update, clipNorm: 0 } }),
    );
    // Adam hardly notices the scale of its gradients.
    expect((await findings(wrong, optimizers)).length).toBeGreaterThanOrEqual(2);
  });
});
