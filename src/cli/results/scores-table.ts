// The figures of `rnn eval`, for people and as an object.
import type { Score } from '../../evaluation/score.ts';
import type { Colours } from '../output/colour.ts';
import { count } from '../../count.ts';
import { bits } from '../output/format.ts';
import { textTable } from '../output/text-table.ts';

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

const MIN_WIDTH = 10;

/**
 * Two columns, or three with dynamic evaluation. @param run the name of the model @param unit the
 * name of a token
 */
export function scoresTable(evaluated: Evaluated, run: string, unit: 'character' | 'byte', colour: Colours): string {
  const {
    score: { characters, nats, accuracy, dynamicNats },
  } = evaluated;
  const { dim } = colour;
  const models = [cells(nats), ...(dynamicNats === null ? [] : [cells(dynamicNats)])];
  const rows = [
    [`${unit}s`, count(characters)],
    ...columns.map((name, index) => [name, ...models.map((each) => each[index])]),
    ['accuracy', `${(100 * accuracy).toFixed(2)} %`],
  ].map(([name, ...values]) => [dim(name), ...values]);
  const head = models.length > 1 ? [['', dim('static'), dim('dynamic')]] : [];
  return `${[...textTable([...head, ...rows], 'lr', MIN_WIDTH), ...comparison(evaluated, run, unit, colour)].join('\n')}\n`;
}

const columns = ['nats', 'bits', 'perplexity'];

const cells = (nats: number): string[] => [nats.toFixed(4), bits(nats).toFixed(4), Math.exp(nats).toFixed(3)];

/** The model among the other means, the best first; empty where there are no others. */
function comparison(
  { score: { nats, dynamicNats }, ...others }: Evaluated,
  run: string,
  unit: string,
  { dim }: Colours,
): string[] {
  const means = otherBits(others).map(([name, each]) => ({ name, nats: each * Math.LN2 }));
  if (means.length === 0) return [];
  const dynamic = dynamicNats === null ? [] : [{ name: `${run}, dynamic`, nats: dynamicNats }];
  const sorted = [{ name: run, nats }, ...dynamic, ...means].toSorted((a, b) => a.nats - b.nats);
  const { ngrams } = others;
  const counted =
    ngrams === null
      ? ''
      : `; n-grams count ${count(ngrams.characters)} ${unit}s${ngrams.isTrainingPart ? ', the part that the run was trained on' : ''}`;
  const [head, ...lines] = textTable(
    [['', ...columns], ...sorted.map((each) => [dim(each.name), ...cells(each.nats)])],
    'lr',
    MIN_WIDTH,
  );
  return ['', dim(`compared with other means${counted}`), dim(head), ...lines];
}

/** Each by its name, for tables. */
export function otherBits({ compressors, ngrams }: Others): [name: string, bits: number][] {
  return [
    ...Object.entries(compressors ?? {}),
    ...(ngrams?.bits ?? []).map((each, index): [string, number] => [`${index + 1}-gram`, each]),
  ];
}
