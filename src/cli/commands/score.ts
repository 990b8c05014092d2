// `rnn score`: the surprisal of each line of a text. The scoring is in evaluation/.
import type { LineScore } from '../../api/line-scores.ts';
import type { Model } from '../../api/model.ts';
import { isStandardInput } from '../../corpus/standard-input.ts';
import type { TextLine } from '../../corpus/text-lines.ts';
import { count, countOf } from '../../count.ts';
import { usageError } from '../../errors.ts';
import { UTF8, type UnknownScoring } from '../../options/choices.ts';
import type { CommandOptionValues } from '../../options/option.ts';
import { scoreOptions } from '../../options/score.ts';
import { runOf } from '../../runs/log-file.ts';
import { defineCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { machineFrom } from '../devices.ts';
import { runNamesOf } from '../given-runs.ts';
import { isTyped } from '../input/known-text.ts';
import type { ShownLine } from '../results/scored-lines.ts';

type ScoreFlags = CommandOptionValues<typeof scoreOptions>;

interface RankedLine extends ShownLine {
  readonly measure: number;
}

/** The exit code if a line is above the measure of --above. */
const FOUND_CODE = 8;

export const { define } = defineCommand({
  description: 'Score each line of a text: how unlikely it is to a trained model, in bits per character.',
  argument: 'The lines: files, folders, globs, or - for stdin, whose lines are scored as they arrive',
  options: scoreOptions,
  examples: [
    ['rnn score access.log --top 25', 'the 25 most unusual lines'],
    ['tail -f access.log | rnn score - --above 4', 'unusual lines, as they arrive'],
    ['rnn score today.log --by worst --above 5 --json', 'lines with an unusual part'],
    ['rnn score names.txt --checkpoint en --checkpoint fr', 'the likelier model of each line'],
  ],
  notes: [
    'The columns are bits per character (bpc), bits, bits per character of the worst 8 characters, line number, and line. With several --checkpoint, they are the bits of each model, the likeliest model, line number, and line. Tabs divide them, except on a terminal.',
  ],
  run: score,
});

async function score(sources: readonly string[], flags: ScoreFlags, context: Context): Promise<number> {
  const { io, stderr, waiting } = context;
  if (sources.filter(isStandardInput).length > 1)
    throw usageError('cannot read standard input (-) twice', 'name it once');
  if (context.origins.has('--by') && flags.above === undefined && !flags.sort && flags.top === undefined)
    throw usageError('cannot use --by without --sort, --top or --above', 'add one of them, or omit it', {
      options: ['--by'],
    });
  const { machine } = machineFrom(flags, context);
  const { MAX_LINE, findLineFiles, readLines } = await import('../../corpus/text-lines.ts');
  const files = await findLineFiles(sources);
  const models = await openModels(flags.checkpoint);
  const { likeliestOf, scoreBatches } = await import('../../api/line-scores.ts');
  const { recordedReadingOrNull } = await import('../../training/record.ts');
  const trained = models.map(({ model }) => model.trained);
  const lists = readLines(files, {
    encoding: flags.encoding ?? recordedReadingOrNull(trained[0].training)?.encoding ?? UTF8,
    asBytes: trained.some(({ vocabulary }) => vocabulary.unit === 'byte'),
    stdin: io.stdin,
  });
  const names = models.map(({ name }) => name);
  const { LineRanking } = await import('../results/line-ranking.ts');
  const { ScoredLines } = await import('../results/scored-lines.ts');
  const output = new ScoredLines({ names, hasFiles: files.length > 1, json: flags.json === true }, context.stdout);
  const ranking = flags.sort || flags.top !== undefined ? new LineRanking<RankedLine>(flags.top ?? Infinity) : null;
  const counts = new UnknownCounts(names, flags.unknown);
  const activity = isTyped(sources, io) ? undefined : waiting?.listen;
  let isFound = false;
  try {
    for await (const results of scoreBatches(
      trained,
      machine,
      lists,
      { unknown: flags.unknown, listener: { activity } },
      placeOf,
    )) {
      const lines = results.map(({ line, scores }) => {
        if (line.isCut)
          stderr.warn(`${placeOf(line)} is longer than ${count(MAX_LINE)} characters: only its beginning is scored`);
        counts.add(scores);
        return { line, scores, measure: measureOf(scores[likeliestOf(scores)], flags) };
      });
      const shown = lines.filter(({ measure }) => flags.above === undefined || measure > flags.above);
      isFound ||= shown.length > 0;
      if (ranking === null) await output.write(shown);
      else ranking.add(shown.map(copied));
    }
    if (ranking !== null) await output.write(ranking.lines);
  } finally {
    if (sources.some(isStandardInput)) io.closeStdin();
  }
  for (const warning of counts.warnings()) stderr.warn(warning);
  return flags.above !== undefined && isFound ? FOUND_CODE : 0;
}

/** A line that does not keep the piece of the file in memory of which its text is a part. */
const copied = (ranked: RankedLine): RankedLine => {
  const { text } = ranked.line;
  return typeof text === 'string'
    ? { ...ranked, line: { ...ranked.line, text: Buffer.from(text).toString() } }
    : ranked;
};

/** The name of a line in errors. */
const placeOf = ({ source, number }: TextLine): string =>
  `line ${number} of ${isStandardInput(source) ? 'standard input' : source}`;

const measureOf = ({ bpc, bits, worst }: LineScore, { by }: ScoreFlags): number =>
  ({ bpc, bits, worst: worst.bits })[by];

/** @throws RnnError `usage` for a model that is named twice */
async function openModels(
  checkpoints: readonly (string | undefined)[] = [undefined],
): Promise<readonly { readonly name: string; readonly model: Model }[]> {
  const { openModel } = await import('../../api/model.ts');
  const models: Model[] = [];
  for (const checkpoint of checkpoints) models.push(await openModel(checkpoint));
  const names = runNamesOf(models.map(({ path }) => runOf(path!) ?? path!));
  const repeated = names.find((name, index) => names.indexOf(name) < index);
  if (repeated !== undefined)
    throw usageError(`cannot use --checkpoint ${repeated} twice`, 'name each model once', {
      options: ['--checkpoint'],
    });
  return models.map((model, index) => ({ name: names[index], model }));
}

/** Counts the characters that models do not know. */
class UnknownCounts {
  readonly #models: { readonly name: string; characters: number; lines: number }[];
  readonly #how: UnknownScoring;

  constructor(names: readonly string[], how: UnknownScoring) {
    this.#models = names.map((name) => ({ name, characters: 0, lines: 0 }));
    this.#how = how;
  }

  /** @param scores of a line, by each model */
  add(scores: readonly LineScore[]): void {
    for (const [index, { unknown }] of scores.entries()) {
      this.#models[index].characters += unknown;
      if (unknown > 0) this.#models[index].lines++;
    }
  }

  /** A warning for each model that does not know all characters. */
  warnings(): string[] {
    const isSkipped = this.#how === 'skip' ? ', and were skipped' : '';
    return this.#models
      .filter(({ characters }) => characters > 0)
      .map(({ name, characters, lines }) => {
        const found = `${countOf(characters, 'character', 'characters')} in ${countOf(lines, 'line', 'lines')}`;
        const model = this.#models.length === 1 ? 'the model' : name;
        return `${found} ${characters === 1 ? 'is' : 'are'} unknown to ${model}${isSkipped}`;
      });
  }
}
