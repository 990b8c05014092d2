// The figures of `rnn eval`, for people and as an object.
import type { Score } from '../training/scoring.ts';
import type { Colours } from './colour.ts';
import { bits, count } from './format.ts';

/** Bits per character by other means; null where they were not asked for. */
export interface Others {
  readonly compressors: Readonly<Record<string, number>> | null;
  /** Of orders 1, 2 …, and how many characters were counted. */
  readonly ngrams: { readonly characters: number; readonly bits: readonly number[] } | null;
}

export interface Evaluated extends Others {
  readonly score: Score;
}

const figures = (nats: number) => ({ nats, bits: bits(nats), perplexity: Math.exp(nats) });

/** @param how it came about */
export function evaluationObject(
  { score: { characters, nats, accuracy, dynamicNats }, compressors, ngrams }: Evaluated,
  { dynamic, ...how }: { readonly dynamic: object | null; readonly [name: string]: unknown },
): object {
  const adapted = dynamicNats === null ? null : { ...figures(dynamicNats), ...dynamic };
  return { event: 'evaluation', characters, ...figures(nats), accuracy, dynamic: adapted, compressors, ngrams, ...how };
}

/** Two columns, or three with dynamic evaluation. @param unit what a symbol is */
export function scoresTable(
  { score: { characters, nats, accuracy, dynamicNats }, compressors, ngrams }: Evaluated,
  unit: 'character' | 'byte',
  { dim }: Colours,
): string {
  const row = (name: string, cells: readonly string[]): string =>
    `${dim(name.padEnd(12))}${cells.map((cell) => cell.padStart(10)).join('')}\n`;
  const columns = [figures(nats), ...(dynamicNats === null ? [] : [figures(dynamicNats)])];
  const rows = (['nats', 'bits', 'perplexity'] as const).map((name) =>
    row(
      name,
      columns.map((each) => each[name].toFixed(name === 'perplexity' ? 3 : 4)),
    ),
  );
  const others = otherBits({ compressors, ngrams }).map(([name, each]) => row(name, [each.toFixed(4)]));
  return [
    columns.length > 1 ? dim(row('', ['static', 'dynamic'])) : '',
    row(`${unit}s`, [count(characters)]),
    ...rows,
    row('accuracy', [`${(100 * accuracy).toFixed(2)} %`]),
    others.length === 0
      ? ''
      : `\n${dim(`bits by other means${ngrams === null ? '' : `; n-grams of ${count(ngrams.characters)} ${unit}s`}`)}\n`,
    ...others,
  ].join('');
}

/** Each by its name, for tables. */
export function otherBits({ compressors, ngrams }: Others): [name: string, bits: number][] {
  return [
    ...Object.entries(compressors ?? {}),
    ...(ngrams?.bits ?? []).map((each, index): [string, number] => [`${index + 1}-gram`, each]),
  ];
}
