import { expect, test } from 'vitest';
import { FunctionBody, ModuleWriter, type ValueType } from '../../../src/devices/cpu/wasm.ts';

const memory = new WebAssembly.Memory({ initial: 2, maximum: 2, shared: true });
const floats = new Float32Array(memory.buffer);

function exported(
  parameters: readonly ValueType[],
  results: readonly ValueType[],
  write: (code: FunctionBody, writer: ModuleWriter) => void,
  kernels: Record<string, (...values: number[]) => unknown> = {},
): (...values: number[]) => number {
  const writer = new ModuleWriter();
  for (const name of Object.keys(kernels)) writer.importFunction(name, { parameters: ['i32'], results: [] });
  const code = new FunctionBody(parameters.length);
  write(code, writer);
  writer.addFunction({ parameters, results }, code, 'f');
  const instance = new WebAssembly.Instance(new WebAssembly.Module(writer.encode(2)), {
    env: { memory },
    kernels: kernels as unknown as Record<string, WebAssembly.ExportValue>,
  });
  return instance.exports['f'] as (...values: number[]) => number;
}

test.each([0, 1, -1, 63, 64, -64, -65, 127, 128, 8191, 8192, 2 ** 31 - 1, -(2 ** 31), 0x12345678])(
  'writes the integer %i',
  (value) => {
    expect(exported([], ['i32'], (code) => code.i32(value))()).toBe(value);
  },
);

test('an address above 2 GiB is written as a negative i32', () => {
  expect(exported([], ['i32'], (code) => code.i32(0x9000_0000))() >>> 0).toBe(0x9000_0000);
});

test.each([0, -0, 1.5, Math.fround(0.1), 2 ** -149, Infinity, -Infinity, NaN])('the number %d is written', (value) => {
  expect(exported([], ['f32'], (code) => code.f32(value))()).toBe(value);
  expect(exported([], ['f64'], (code) => code.f64(value))()).toBe(value);
});

test('a body is repeated until it leaves zero, and a conditional body runs only if its condition holds', () => {
  const sum = exported(['i32'], ['i32'], (code) => {
    // 1 + … + n
    const result = code.local('i32');
    code.i32(0).set(result);
    code.get(0).when(() => {
      code.repeat(() => {
        code.get(result).get(0).op('i32.add').set(result);
        code.get(0).i32(1).op('i32.sub').set(0);
        code.get(0);
      });
    });
    code.get(result);
  });
  expect([0, 1, 5, 10].map((n) => sum(n))).toEqual([0, 1, 15, 55]);
});

test('loads and stores work with offsets of several bytes', () => {
  for (const offset of [0, 124, 128, 16_384, 100_000]) {
    floats[1 + offset / 4] = 2.5;
    exported(['i32'], [], (code) =>
      code
        .get(0)
        .get(0)
        .access('v128.load32_zero', offset)
        .f32(3)
        .op('f32x4.splat')
        .op('f32x4.mul')
        .access('v128.store32_lane', offset + 4),
    )(4);
    expect(floats[2 + offset / 4]).toBe(7.5);
  }
});

test('a module calls imported functions and its own functions by their numbers', () => {
  const called: number[] = [];
  const f = exported(
    ['i32'],
    ['i32'],
    (code, writer) => {
      const twice = new FunctionBody(1);
      twice.get(0).i32(1).op('i32.shl');
      const own = writer.addFunction({ parameters: ['i32'], results: ['i32'] }, twice);
      code.get(0).call(1); // second
      code.get(0).call(own).call(own);
    },
    { first: () => called.push(-1), second: (value) => called.push(value) },
  );
  expect(f(5)).toBe(20);
  expect(called).toEqual([5]);
});

test('a module can have more than 127 functions and locals of several types', () => {
  const f = exported([], ['f32'], (code, writer) => {
    let last = 0;
    for (let i = 0; i < 300; i++)
      last = writer.addFunction({ parameters: [], results: ['f32'] }, new FunctionBody(0).f32(i));
    const locals = Array.from({ length: 200 }, (_, i) => code.local(i % 2 === 0 ? 'f32' : 'i32'));
    code.call(last).set(locals[198]).i32(7).set(locals[199]).get(locals[198]);
  });
  expect(f()).toBe(299);
});

test('an import after the first function is refused, because it would change the number of the function', () => {
  const writer = new ModuleWriter();
  writer.addFunction({ parameters: [], results: [] }, new FunctionBody(0));
  expect(() => writer.importFunction('late', { parameters: [], results: [] })).toThrow(
    'cannot import late: all imports come before the first function',
  );
});
