// The results of `rnn eval`, as a table and as a JSON object.
import type { Baselines, Evaluation } from '../../api/model-results.ts';
import type { Colours } from '../output/colour.ts';
import { count } from '../../count.ts';
import { toBits } from '../output/format.ts';
import { textTable } from '../output/text-table.ts';

const figures = (nats: number) => ({ nats, bits: toBits(nats), perplexity: Math.exp(nats) });

/** The JSON object of an evaluation. @param model the checkpoint, and the part of its run's text */
export function evaluationObject(
  evaluation: Evaluation,
  model: { readonly checkpoint: string | null; readonly part: string },
): object {
  const { characters, nats, accuracy, dynamicNats, dynamic, baselines, streams, trainedShare } = evaluation;
  const { records, answered, exactAccuracy, macroRecall, classes } = evaluation;
  const adapted = dynamicNats === null ? null : { ...figures(dynamicNats), ...dynamic };
  const answers = answered === null ? {} : { answered, exactAccuracy, macroRecall, classes };
  const ofRecords = records === null ? {} : { records, ...answers };
  const scored = { characters, ...figures(nats), accuracy, ...ofRecords, dynamic: adapted, ...baselines };
  return { event: 'evaluation', ...scored, ...model, streams, trainedShare };
}

const MIN_WIDTH = 10;

/**
 * A table of two columns, or three with dynamic evaluation.
 *
 * @param run the name of the model
 * @param unit the name of a token
 */
export function scoresTable(evaluation: Evaluation, run: string, unit: 'character' | 'byte', colour: Colours): string {
  const { characters, nats, accuracy, dynamicNats, records, exactAccuracy, macroRecall } = evaluation;
  const { dim } = colour;
  const models = [cells(nats), ...(dynamicNats === null ? [] : [cells(dynamicNats)])];
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
const cells = (nats: number): string[] => [nats.toFixed(4), toBits(nats).toFixed(4), Math.exp(nats).toFixed(3)];

/** The model among the baselines, best first, or empty without baselines. */
function comparison(
  { nats, dynamicNats, baselines }: Evaluation,
  run: string,
  unit: string,
  { dim }: Colours,
): string[] {
  const means = otherBits(baselines).map(([name, each]) => ({ name, nats: each * Math.LN2 }));
  if (means.length === 0) return [];
  const dynamic = dynamicNats === null ? [] : [{ name: `${run}, dynamic`, nats: dynamicNats }];
  const sorted = [{ name: run, nats }, ...dynamic, ...means].toSorted((a, b) => a.nats - b.nats);
  const { ngrams } = baselines;
  const counted =
    ngrams === null
      ? ''
      : ` (n-gram counts from ${count(ngrams.characters)} ${unit}s${ngrams.isTrainingPart ? ', the training part of the run' : ''})`;
  const [head, ...lines] = textTable(
    [['', ...columns], ...sorted.map((each) => [dim(each.name), ...cells(each.nats)])],
    'lr',
    MIN_WIDTH,
  );
  return ['', dim(`compared with baselines${counted}`), dim(head), ...lines];
}

/** The bits per character of each baseline with its name, for tables. */
export function otherBits({ compressors, ngrams }: Baselines): [name: string, bits: number][] {
  return [
    ...Object.entries(compressors ?? {}),
    ...(ngrams?.bits ?? []).map((each, index): [string, number] => [`${index + 1}-gram`, each]),
  ];
}
