// The two languages that kernels are written in: the JavaScript that gpu.js compiles, and WGSL for what is done past it (tiles.ts).

export interface Dialect {
  /** Of the element that is computed. */
  readonly row: string;
  readonly column: string;
  /** The word that begins a definition. */
  readonly define: string;
  float(value: number): string;
  /** The integer of a number that comes as a float. */
  integer(text: string): string;
  /** Whether such a number is an index. */
  equal(number: string, index: string | number): string;
  choose(condition: string, yes: string, no: string): string;
  call(name: 'exp' | 'sqrt' | 'abs', x: string): string;
  /** An element of a buffer of one, two or three dimensions. */
  element(name: string, indices: readonly (string | number)[]): string;
  /** An argument that is a number. */
  number(name: string): string;
}

export const kernelDialect: Dialect = {
  row: 'this.thread.y',
  column: 'this.thread.x',
  define: 'const',
  float: String,
  integer: (text) => `(${text} | 0)`,
  equal: (number, index) => `${number} === ${index}`,
  choose: (condition, yes, no) => `(${condition} ? ${yes} : ${no})`,
  call: (name, x) => `Math.${name}(${x})`,
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
  equal: (number, index) => `${number} == f32(${index})`,
  choose: (condition, yes, no) => `select(${no}, ${yes}, ${condition})`,
  call: (name, x) => `${name}(${x})`,
  element: (name, indices) => `get_user_${name}(${[0, 0, ...indices].slice(-3).join(', ')})`,
  number: (name) => `params.user_${name}`,
};
