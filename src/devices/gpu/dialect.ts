// The two languages that kernels are written in: the JavaScript that gpu.js compiles, and WGSL for
// what is done past it (tiles.ts).

export interface Dialect {
  /** Of the element that is computed. */
  readonly row: string;
  readonly column: string;
  /** The word that begins a definition. */
  readonly define: string;
  float(value: number): string;
  /** The integer of a number that comes as a float. */
  integer(text: string): string;
  choose(condition: string, yes: string, no: string): string;
  call(name: 'exp' | 'sqrt' | 'abs', x: string): string;
  /** The 31 highest bits of `hash32` of an integer. */
  hash(integer: string): string;
  /** An element of a buffer of one, two or three dimensions. */
  element(name: string, indices: readonly (string | number)[]): string;
  /** An argument that is a number. */
  number(name: string): string;
}

/**
 * The stages of `hash32`: functions on integers, which an expression of a kernel could only repeat.
 */
const [FIRST_HASH, MIDDLE_HASH, LAST_HASH] = ['hashFirst', 'hashMiddle', 'hashLast'];

/**
 * Their definitions, for a kernel whose source has them. Products of integers wrap around at 32
 * bits where a kernel is compiled; in plain JavaScript they have to be told to.
 */
export function hashFunctions(source: string, plain: boolean): object[] {
  if (!source.includes(LAST_HASH)) return [];
  const product = (x: string, y: number): string => (plain ? `Math.imul(${x}, ${y})` : `(${x}) * ${y}`);
  const define = (name: string, body: string): object => ({
    name,
    source: `function ${name}(x) { return ${body}; }`,
    settings: { argumentTypes: { x: 'Integer' }, returnType: 'Integer' },
  });
  return [
    define(FIRST_HASH, product('x ^ (x >>> 16)', 0x21f0aaad)),
    define(MIDDLE_HASH, product('x ^ (x >>> 15)', 0x735a2d97)),
    define(LAST_HASH, '(x ^ (x >>> 15)) >>> 1'),
  ];
}

export const kernelDialect: Dialect = {
  row: 'this.thread.y',
  column: 'this.thread.x',
  define: 'const',
  float: String,
  integer: (text) => `(${text} | 0)`,
  choose: (condition, yes, no) => `(${condition} ? ${yes} : ${no})`,
  call: (name, x) => `Math.${name}(${x})`,
  hash: (integer) => `${LAST_HASH}(${MIDDLE_HASH}(${FIRST_HASH}(${integer})))`,
  element: (name, indices) => name + indices.map((index) => `[${index}]`).join(''),
  number: (name) => name,
};

/** With the accessors and parameters that gpu.js writes into every shader. */
export const wgslDialect: Dialect = {
  row: 'row',
  column: 'column',
  define: 'let',
  float: (value) => (/[.e]/.test(String(value)) ? String(value) : `${value}.0`),
  integer: (text) => `i32(${text})`,
  choose: (condition, yes, no) => `select(${no}, ${yes}, ${condition})`,
  call: (name, x) => `${name}(${x})`,
  // What gpu.js makes of them.
  hash: (integer) => `fn_${LAST_HASH}(fn_${MIDDLE_HASH}(fn_${FIRST_HASH}(${integer})))`,
  element: (name, indices) => `get_user_${name}(${[0, 0, ...indices].slice(-3).join(', ')})`,
  number: (name) => `params.user_${name}`,
};
