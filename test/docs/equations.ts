// Equations as docs/cells.md writes them: a parser, and the values of expressions. An expression has
// + − · ∘, functions, parentheses, numbers and names such as h' or Wx. Knows nothing about cells.

type Tree =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'call'; readonly name: string; readonly argument: Tree }
  | { readonly kind: 'operation'; readonly operator: string; readonly left: Tree; readonly right: Tree };

/** An equation: each name on the left is computed with its own blocks of the weights. */
export interface Equation {
  readonly names: readonly string[];
  readonly expression: Tree;
}

/** The meaning of operators, functions, numbers and names. */
export interface Algebra<T> {
  number(value: number): T;
  name(name: string): T;
  call(name: string, argument: T): T;
  operation(operator: string, left: T, right: T): T;
}

/** @throws Error if the text is not an expression */
export function parseExpression(text: string): Tree {
  const tokens = text.match(/[\p{L}]\w*'?|\d+|\S/gu) ?? [];
  let at = 0;
  const next = (): string => tokens[at++] ?? '';
  const factor = (): Tree => {
    const token = next();
    if (token === '(') {
      const inner = sum();
      if (next() !== ')') throw new Error(`cannot read ${text}: a parenthesis stays open`);
      return inner;
    }
    if (/^\d+$/.test(token)) return { kind: 'number', value: Number(token) };
    if (!/^\p{L}/u.test(token)) throw new Error(`cannot read ${text}: '${token}' is not a name`);
    if (tokens[at] !== '(') return { kind: 'name', name: token };
    return { kind: 'call', name: token, argument: factor() };
  };
  const chain = (operand: () => Tree, operators: readonly string[]): Tree => {
    let left = operand();
    while (operators.includes(tokens[at])) left = { kind: 'operation', operator: next(), left, right: operand() };
    return left;
  };
  const product = (): Tree => chain(factor, ['·', '∘']);
  const sum = (): Tree => chain(product, ['+', '−']);
  const tree = sum();
  if (at < tokens.length) throw new Error(`cannot read ${text}: '${tokens[at]}' does not belong there`);
  return tree;
}

/** The equations of a block, one a line. */
export function parseEquations(block: string): Equation[] {
  return block
    .trim()
    .split('\n')
    .map((line) => {
      const [left, right] = line.split(' = ');
      return { names: left.split(',').map((name) => name.trim()), expression: parseExpression(right) };
    });
}

export function valueOf<T>(tree: Tree, algebra: Algebra<T>): T {
  switch (tree.kind) {
    case 'number':
      return algebra.number(tree.value);
    case 'name':
      return algebra.name(tree.name);
    case 'call':
      return algebra.call(tree.name, valueOf(tree.argument, algebra));
    case 'operation':
      return algebra.operation(tree.operator, valueOf(tree.left, algebra), valueOf(tree.right, algebra));
    default:
      return tree satisfies never;
  }
}
