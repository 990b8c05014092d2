// The results of `rnn eval`, as a table and as a JSON object.
import type { Baselines, Evaluation } from '../../api/model-results.ts';
import type { Colours } from '../output/colour.ts';
import { count } from '../../count.ts';
import { toBits } from '../output/format.ts';
import { textTable } from '../output/text-table.ts';

const lossMeasures = (nats: number) => ({ nats, bits: toBits(nats), perplexity: Math.exp(nats) });

/** The JSON object of an evaluation. @param model the checkpoint, and the part of its run's text */
export function evaluationObject(
  evaluation: Evaluation,
  model: { readonly checkpoint: string | null; readonly part: string },
): object {
  const { characters, nats, accuracy, dynamicNats, dynamic, baselines, streams, trainedShare } = evaluation;
  const { records, answered, exactAccuracy, macroRecall, classes } = evaluation;
  const dynamicScores = dynamicNats === null ? null : { ...lossMeasures(dynamicNats), ...dynamic };
  const answers = answered === null ? {} : { answered, exactAccuracy, macroRecall, classes };
  const ofRecords = records === null ? {} : { records, ...answers };
  const scored = { characters, ...lossMeasures(nats), accuracy, ...ofRecords, dynamic: dynamicScores, ...baselines };
  return { event: 'evaluation', ...scored, ...model, streams, trainedShare };
}

const MIN_WIDTH = 10;

/**
 * Returns the scores as a table (with a third column for dynamic evaluation), and a table of
 * baselines if there are any.
 *
 * @param run the name of the model
 * @param unit the name of a token
 */
export function scoresTable(evaluation: Evaluation, run: string, unit: 'character' | 'byte', colour: Colours): string {
  const { characters, nats, accuracy, dynamicNats, records, exactAccuracy, macroRecall } = evaluation;
  const { dim } = colour;
  const models = [lossColumns(nats), ...(dynamicNats === null ? [] : [lossColumns(dynamicNats)])];
  const rows = [
    ...(records === null ? [] : [['records', count(records)]]),
    [`${unit}s`, count(characters)],
    ...columns.map((name, index) => [name, ...models.map((each) => each[index])]),
    ['top-1 accuracy', percentage(accuracy)],
    ...(exactAccuracy === null ? [] : [['exact match', percentage(exactAccuracy)]]),
    ...(macroRecall === null ? [] : [['macro-averaged recall', percentage(macroRecall)]]),
  ].map(([name, ...values]) => [dim(name), ...values]);
  const head = models.length > 1 ? [['', dim('static'), dim('dynamic')]] : [];
  return `${[...textTable([...head, ...rows], 'lr', MIN_WIDTH), ...comparison(evaluation, run, unit, colour)].join('\n')}\n`;
}

const columns = ['nats', 'bits', 'perplexity'];

const percentage = (fraction: number): string => `${(100 * fraction).toFixed(2)} %`;
const lossColumns = (nats: number): string[] => [nats.toFixed(4), toBits(nats).toFixed(4), Math.exp(nats).toFixed(3)];

/** A table that ranks the model and its baselines by loss. Empty if there are no baselines. */
function comparison(
  { nats, dynamicNats, baselines }: Evaluation,
  run: string,
  unit: string,
  { dim }: Colours,
): string[] {
  const baselineLosses = baselineBits(baselines).map(([name, each]) => ({ name, nats: each * Math.LN2 }));
  if (baselineLosses.length === 0) return [];
  const dynamic = dynamicNats === null ? [] : [{ name: `${run}, dynamic`, nats: dynamicNats }];
  const sorted = [{ name: run, nats }, ...dynamic, ...baselineLosses].toSorted((a, b) => a.nats - b.nats);
  const { ngrams } = baselines;
  const ngramCaption =
    ngrams === null
      ? ''
      : ` (n-gram counts from ${count(ngrams.characters)} ${unit}s${ngrams.isTrainingPart ? ', the training part of the run' : ''})`;
  const [head, ...lines] = textTable(
    [['', ...columns], ...sorted.map((each) => [dim(each.name), ...lossColumns(each.nats)])],
    'lr',
    MIN_WIDTH,
  );
  return ['', dim(`compared with baselines${ngramCaption}`), dim(head), ...lines];
}

/** The bits per character of each baseline with its name, for tables. */
export function baselineBits({ compressors, ngrams }: Baselines): [name: string, bits: number][] {
  return [
    ...Object.entries(compressors ?? {}),
    ...(ngrams?.bits ?? []).map((each, index): [string, number] => [`${index + 1}-gram`, each]),
  ];
}
