// Bodies in WGSL: gpu.js translates their statements, and the text around them says where in
// memory their operands are. This uses parts of gpu.js that are not public. Its version is pinned,
// and a test checks everything that is taken for granted of it here.
import type { Body } from './body.ts';
import { Input, WebGPUKernel } from './gpu-js.ts';
import { MAX_ITERATIONS, functionsOf, argumentsOf } from './source.ts';

/** A kernel of gpu.js that only translates. */
class Translator extends WebGPUKernel {
  _buildAsync(): Promise<void> {
    return Promise.resolve();
  }
}

/** A body in WGSL. */
export interface Translated {
  /** Statements, with names that begin with `p<number>_`. */
  readonly body: string;
  /** Definitions of the functions of `hash32`, if the body has masks. */
  readonly functions: string;
}

/**
 * @param sums statements that compute the sums, or null if other text computes them into `sums`
 * @param prefix of the names of the operands and stores
 */
export function translate(body: Body, sums: string | null, prefix: string): Translated {
  const sumNames = sums === null ? body.sums.map((_, i) => `s${i}`) : [];
  const names = [...argumentsOf(body), ...sumNames];
  const stores = body.stores.map(({ value }, i) => `const d${i} = store${i}(${value});`);
  const source = `function(${names.join(', ')}) {\n${sums ?? ''}\n${body.text}\n${stores.join('\n')}\nreturn 0;\n}`;
  const storeFunctions = body.stores.map((_, i) => ({
    name: `store${i}`,
    source: `function store${i}(x) { return x; }`,
    settings: { argumentTypes: { x: 'Number' }, returnType: 'Number' },
  }));
  const hashes = functionsOf(source, false);
  const kernel = new Translator(source, {
    output: [body.columns, body.rows, 2],
    loopMaxIterations: MAX_ITERATIONS,
    functions: [...hashes, ...storeFunctions],
    argumentTypes: names.map((name) => (name.startsWith('x') ? 'Input' : name.startsWith('n') ? 'Integer' : 'Number')),
  });
  void kernel.build(...names.map((name) => (name.startsWith('x') ? new Input([0], [1, 1] as never) : 0)));
  return {
    body: kernel.translatedBody
      .replaceAll('result[data_index] = ', '_ = ')
      .replaceAll('LOOP_MAX', String(MAX_ITERATIONS))
      .replaceAll(/\bget_user_x(\d+)\(0, /g, `${prefix}_x$1(`)
      .replaceAll(/\bparams\.user_n(\d+)\b/g, `${prefix}_n$1()`)
      .replaceAll(/\bparams\.user_s(\d+)\b/g, 'sums[$1]')
      .replaceAll(/\bfn_store(\d+)\(/g, `${prefix}_store$1(`),
    functions: hashes.length === 0 ? '' : kernel.translatedFunctions.replaceAll(/fn fn_store\d+\([^]*?\n\}\n?/g, ''),
  };
}
