// The parts of gpu.js's translation of kernels that translate.ts relies on.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Body, COLUMN, ROW } from '../../../src/devices/gpu/body.ts';
import { sumText } from '../../../src/devices/gpu/source.ts';
import { translate } from '../../../src/devices/gpu/translate.ts';
import { root } from './helpers.ts';

const place = { space: 'arena', offset: 0, stride: 11 } as const;

function bodyOf(write: (body: Body) => string): Body {
  const body = new Body(9, 11);
  body.store({ ...place, offset: 99 }, write(body));
  return body;
}

it('is tested with the version in package.json', () => {
  const require = createRequire(join(root, 'package.json'));
  const version = (path: string): { version: string; devDependencies: Record<string, string> } =>
    JSON.parse(readFileSync(path, 'utf8'));
  expect(version(join(root, 'package.json')).devDependencies['gpu.js']).toBe('2.24.1');
  expect(version(require.resolve('gpu.js/package.json')).version).toBe('2.24.1');
});

describe('a translated body', () => {
  it('reads, computes and stores by the functions of its plane', () => {
    const body = bodyOf((of) => {
      const x = of.define(of.read(place, ROW, COLUMN, 1));
      const y = of.define(of.read(place, `${ROW} + ${of.integer(5)}`, 0, 1));
      return of.define(`(${x} > 1 ? Math.exp(${y}) : 0.5)`);
    });
    expect(translate(body, null, 'p7')).toEqual({
      body: [
        'var user_v0 : f32 = p7_x0(i32(i32(threadGid.y)), i32(i32(threadGid.x)));',
        'var user_v1 : f32 = p7_x0(i32((i32(threadGid.y)+p7_n0())), 0);',
        'var user_v2 : f32 = select(0.5, exp(user_v1), (user_v0>1.0));',
        'var user_d0 : f32 = p7_store0(user_v2);',
        '_ = 0.0;return;',
      ].join('\n'),
      functions: '',
    });
  });

  it('has its sums, or those that other text has computed', () => {
    const body = bodyOf((of) =>
      of.sum([{ count: 6, left: of.factor(place, false, 1), right: of.factor(place, true, 1) }]),
    );
    expect(translate(body, null, 'p0').body).toBe('var user_d0 : f32 = p0_store0(sums[0]);\n_ = 0.0;return;');
    const { body: text } = translate(body, sumText(body), 'p0');
    expect(text).toContain('var user_s0 : f32 = 0.0;');
    expect(text).toContain('for (var user_k : i32 = 0;(user_k<1);user_k++){');
    expect(text).toContain(
      'p0_x0(i32(i32(threadGid.y)), i32(((4*user_k)+3)))*p0_x0(i32(i32(threadGid.x)), i32(((4*user_k)+3)))',
    );
    expect(text).toContain('user_s0+=((p0_x0(i32(i32(threadGid.y)), 4)*');
    expect(text).toContain('var user_d0 : f32 = p0_store0(user_s0);');
  });

  it('has no loop that ends early', () => {
    const body = bodyOf((of) => of.sum([{ count: 2 ** 24, left: of.factor(place, false, 1), right: null }]));
    const { body: text } = translate(body, sumText(body), 'p0');
    expect(text).toContain(`(user_k<${2 ** 22})`);
    const scatter = bodyOf((of) => {
      const count = of.define(`(${of.read(place, 0, 0, 1)} | 0)`);
      of.line(`let sum = 0;\nfor (let k = 0; k < ${count}; k++) { sum += ${of.read(place, 'k', COLUMN, 1)}; }`);
      return 'sum';
    });
    expect(translate(scatter, null, 'p0').body).toContain(`safeI<${2 ** 30};`);
  });

  it('calls the functions of masks, which come with it', () => {
    const body = bodyOf((of) => `(hashLast(hashMiddle(hashFirst(${of.integer(3)}))) >= 7 ? 2 : 0)`);
    const { body: text, functions } = translate(body, null, 'p0');
    expect(text).toContain('(fn_hashLast(fn_hashMiddle(fn_hashFirst(p0_n0())))>=7)');
    expect(functions.match(/^fn \w+\(user_x : i32\) -> i32 \{$/gm)).toEqual(
      ['fn_hashFirst', 'fn_hashMiddle', 'fn_hashLast'].map((name) => `fn ${name}(user_x : i32) -> i32 {`),
    );
  });
});
