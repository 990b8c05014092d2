// The end of a call: the loss, the norm of the gradient, whether both are finite, and the update of
// the weights. The GPU decides whether to update, so the host can submit the next call immediately.
import { countParameters } from '../../program/value.ts';
import type { ParameterShape, Value } from '../../program/value.ts';
import type { UpdateRule } from '../device.ts';
import { Body, COLUMN, type Place, ROW, type Term } from './body.ts';
import { expression } from './elementwise.ts';

/** The numbers of a report: of the space `call`. */
export const reportNumbers = ['loss', 'norm', 'refused', 'gradientScale'] as const;

/** Elements of a row of a vector of weights, whose rows the kernels divide among each other. */
export const VECTOR_ROW = 1024;

/** Elements that a vector of all weights takes, in whole rows. */
export function vectorElements(parameters: readonly ParameterShape[]): number {
  return Math.ceil(countParameters(parameters) / VECTOR_ROW) * VECTOR_ROW;
}

/** Beyond this, a number counts as not finite. */
const LARGEST = 3e38;

interface FinishPlaces {
  /** Elements of a vector of all weights. */
  readonly length: number;
  readonly report: number;
  /** Above zero unless the call is the first of a run. */
  readonly continues: number;
  /** Where the sums of squares of the rows of the gradient are in the arena. */
  readonly squares: number;
}

/** Sums of squares of the rows of the gradient. */
export function squareSums({ length, squares }: FinishPlaces): Body {
  const rows = length / VECTOR_ROW;
  const body = new Body(rows, 1);
  const gradient = body.factor({ space: 'vectors', offset: length, stride: VECTOR_ROW }, false, length);
  const sum = body.sum([{ count: VECTOR_ROW, left: gradient, right: null, squared: true }]);
  body.store({ space: 'arena', offset: squares, stride: 1 }, sum);
  return body;
}

/** @param losses where the losses of rows are, a column each */
export function report(
  losses: readonly { readonly place: Place; readonly rows: number }[],
  trains: boolean,
  clipNorm: number,
  { length, squares, report: offset, continues }: FinishPlaces,
): Body {
  const body = new Body(1, 1);
  const sumOf = (place: Place, count: number): Term => ({ count, left: null, right: body.factor(place, false, count) });
  const loss = losses.length > 0 ? body.sum(losses.map(({ place, rows }) => sumOf(place, rows))) : '0';
  const rows = length / VECTOR_ROW;
  const norm = trains
    ? body.define(`Math.sqrt(${body.sum([sumOf({ space: 'arena', offset: squares, stride: 1 }, rows)])})`)
    : '0';
  const reported: Place = { space: 'call', offset, stride: 1 };
  const before = body.read(reported, 0, 2, 1);
  const earlier = body.define(
    `(${body.read({ space: 'call', offset: continues, stride: 1 }, 0, 0, 1)} > 0 ? ${before} : 0)`,
  );
  const isFinite = `${loss} < ${LARGEST} && ${loss} > -${LARGEST} && ${norm} < ${LARGEST}`;
  const refused = body.define(`(${isFinite} ? ${earlier} : 1)`);
  const scale = clipNorm > 0 && trains ? body.define(`(${norm} > ${clipNorm} ? ${clipNorm} / ${norm} : 1)`) : '1';
  for (const [index, value] of [loss, norm, refused, scale].entries())
    body.store({ space: 'call', offset: offset + index, stride: 1 }, value);
  return body;
}

/** The update of the weights and slots in place, unless it is refused. */
export function update(
  rule: UpdateRule,
  parameters: readonly ParameterShape[],
  scalars: ReadonlyMap<string, number>,
  { length, report: offset }: FinishPlaces,
): Body {
  const program = rule.build(countParameters(parameters));
  const body = new Body(length / VECTOR_ROW, VECTOR_ROW);
  const vectors = ['parameters', 'gradients', ...rule.slots];
  const vector = (name: string): Place => ({
    space: 'vectors',
    offset: vectors.indexOf(name) * length,
    stride: VECTOR_ROW,
  });
  const number = (at: number): string => body.read({ space: 'call', offset: at, stride: 1 }, 0, 0, 1);
  const known = new Map<string, string>();
  const input = (name: string): string => {
    const text =
      known.get(name) ??
      body.define(
        name === 'gradientScale'
          ? number(offset + reportNumbers.indexOf('gradientScale'))
          : vectors.includes(name)
            ? body.read(vector(name), ROW, COLUMN, length)
            : number(scalars.get(name)!),
      );
    known.set(name, text);
    return text;
  };
  const names = new Map<Value, string>();
  const nameOf = (value: Value): string => names.get(value) ?? input((value as Value<'input'>).name);
  for (const value of program.values)
    if (value.kind === 'elementwise')
      names.set(value, body.define(expression(value.apply, value.inputs.map(nameOf), value.constant)));
  const refused = body.define(number(offset + reportNumbers.indexOf('refused')));
  for (const [name, value] of program.outputs)
    body.store(vector(name), body.define(`(${refused} > 0 ? ${input(name)} : ${nameOf(value)})`));
  return body;
}
