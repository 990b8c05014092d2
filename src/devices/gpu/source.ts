// The source of a body, as a function in the language of gpu.js kernels.
import { type Body, COLUMN, type Factor, ROW, type Term } from './body.ts';

/**
 * The number of terms of a sum per round of a loop. Four are 1.3 times as fast as one.
 */
const UNROLL = 4;
/** More iterations than any loop has: gpu.js cuts longer loops short without a word. */
export const MAX_ITERATIONS = 2 ** 30;

/** Threads of a workgroup that computes sums together. */
export const WORKGROUP_THREADS = 256;

/** A body within a kernel, where the names of its operands begin with `prefix`. */
export interface NamedBody {
  readonly body: Body;
  readonly prefix: string;
}

/** The names of the operands, integers and sums that a body reads. */
export function argumentsOf({ places, integers }: Body): string[] {
  return [...places.map((_, i) => `x${i}`), ...integers.map((_, i) => `n${i}`)];
}

/** Statements that compute the sums of a body, one thread an element. */
export function sumText({ sums }: Body): string {
  const declared = sums.map((_, i) => `let s${i} = 0;`);
  const terms = sums.flatMap((sum, i) => sum.map((term) => ({ name: `s${i}`, term })));
  const counts = [...new Set(terms.map(({ term }) => term.count))];
  const loops = counts.map((count) => {
    const same = terms.filter(({ term }) => term.count === count);
    const rounds = Math.floor(count / UNROLL);
    const add = (ks: readonly string[]): string =>
      same.map(({ name, term }) => `${name} += ${ks.map((k) => termText(term, k)).join(' + ')};`).join(' ');
    const together = Array.from({ length: UNROLL }, (_, i) => `${UNROLL} * k + ${i}`);
    const rest = Array.from({ length: count % UNROLL }, (_, i) => String(rounds * UNROLL + i));
    return [
      ...(rounds > 0 ? [`for (let k = 0; k < ${rounds}; k++) { ${add(together)} }`] : []),
      ...(rest.length > 0 ? [add(rest)] : []),
    ].join('\n');
  });
  return [...declared, ...loops].join('\n');
}

function termText({ left, right, squared }: Term, k: string): string {
  const factors = [...(left ? [elementText(left, ROW, k)] : []), ...(right ? [elementText(right, k, COLUMN)] : [])];
  return (squared ? [...factors, ...factors] : factors).join(' * ');
}

function elementText({ operand, transposed }: Factor, row: string, column: string): string {
  return transposed ? `x${operand}[${column}][${row}]` : `x${operand}[${row}][${column}]`;
}

/** The stages of `hash32`, on integers, which an expression of a kernel could only repeat. */
const hashStages = {
  hashFirst: ['x ^ (x >>> 16)', 0x21f0aaad],
  hashMiddle: ['x ^ (x >>> 15)', 0x735a2d97],
  hashLast: ['(x ^ (x >>> 15)) >>> 1', 1],
} as const;

/**
 * The functions that a source calls, for gpu.js. Products of integers wrap around at 32 bits where
 * a kernel is compiled. Plain JavaScript needs Math.imul for that.
 */
export function functionsOf(source: string, isJavaScript: boolean): object[] {
  if (!source.includes('hashLast')) return [];
  return Object.entries(hashStages).map(([name, [text, factor]]) => {
    const product = isJavaScript ? `Math.imul(${text}, ${factor})` : `(${text}) * ${factor}`;
    return {
      name,
      source: `function ${name}(x) { return ${factor === 1 ? text : product}; }`,
      settings: { argumentTypes: { x: 'Integer' }, returnType: 'Integer' },
    };
  });
}
