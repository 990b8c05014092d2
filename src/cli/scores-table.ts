// The figures of `rnn eval`, for people and as an object.
import type { Score } from '../evaluation/score.ts';
import type { Colours } from './colour.ts';
import { bits, count } from './format.ts';

/** Bits per character by other means; null where they were not asked for. */
export interface Others {
  readonly compressors: Readonly<Record<string, number>> | null;
  /** Of orders 1, 2 …, and how many characters were counted. */
  readonly ngrams: {
    readonly characters: number;
    readonly bits: readonly number[];
    /** The characters are the part of the run's text that the run was trained on. */
    readonly isTrainingPart: boolean;
  } | null;
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

const columns = ['nats', 'bits', 'perplexity'] as const;
type Figures = ReturnType<typeof figures>;

const cell = (name: (typeof columns)[number], { [name]: value }: Figures): string => value.toFixed(name === 'perplexity' ? 3 : 4);

const row = (name: string, cells: readonly string[], width: number, { dim }: Colours): string =>
  `${dim(name.padEnd(width))}${cells.map((each) => each.padStart(12)).join('')}\n`;

/** Two columns, or three with dynamic evaluation. @param run the name of the model @param unit the name of a token */
export function scoresTable(evaluated: Evaluated, run: string, unit: 'character' | 'byte', colour: Colours): string {
  const {
    score: { characters, nats, accuracy, dynamicNats },
  } = evaluated;
  const line = (name: string, cells: readonly string[]): string => row(name, cells, 10, colour);
  const models = [figures(nats), ...(dynamicNats === null ? [] : [figures(dynamicNats)])];
  return [
    models.length > 1 ? colour.dim(line('', ['static', 'dynamic'])) : '',
    line(`${unit}s`, [count(characters)]),
    ...columns.map((name) =>
      line(
        name,
        models.map((each) => cell(name, each)),
      ),
    ),
    line('accuracy', [`${(100 * accuracy).toFixed(2)} %`]),
    comparison(evaluated, run, unit, colour),
  ].join('');
}

/** The model among the other means, the best first; empty where there are no others. */
function comparison({ score: { nats, dynamicNats }, ...others }: Evaluated, run: string, unit: string, colour: Colours): string {
  const means = otherBits(others).map(([name, each]): [name: string, nats: number] => [name, each * Math.LN2]);
  if (means.length === 0) return '';
  const models: [name: string, nats: number][] = [
    [run, nats],
    ...(dynamicNats === null ? [] : [[`${run}, dynamic`, dynamicNats] as [string, number]]),
  ];
  const sorted = [...models, ...means].toSorted(([, a], [, b]) => a - b);
  const width = Math.max(10, ...sorted.map(([name]) => name.length));
  const { ngrams } = others;
  const counted =
    ngrams === null
      ? ''
      : `; n-grams count ${count(ngrams.characters)} ${unit}s${ngrams.isTrainingPart ? ', the part that the run was trained on' : ''}`;
  return [
    `\n${colour.dim(`compared with other means${counted}`)}\n`,
    colour.dim(row('', columns, width, colour)),
    ...sorted.map(([name, each]) =>
      row(
        name,
        columns.map((column) => cell(column, figures(each))),
        width,
        colour,
      ),
    ),
  ].join('');
}

/** Each by its name, for tables. */
export function otherBits({ compressors, ngrams }: Others): [name: string, bits: number][] {
  return [
    ...Object.entries(compressors ?? {}),
    ...(ngrams?.bits ?? []).map((each, index): [string, number] => [`${index + 1}-gram`, each]),
  ];
}
