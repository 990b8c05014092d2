// `rnn eval`: how well a trained model predicts a text. The scoring is in evaluation/.
import { basename, dirname, resolve } from 'node:path';
import { isStandardInput } from '../../corpus/standard-input.ts';
import { errorAbout, usageError } from '../../errors.ts';
import type { GivenScoring } from '../../training/scored-part.ts';
import { evalOptions } from '../../options/trained.ts';
import type { CommandOptionValues } from '../../options/option.ts';
import { defineCommand } from '../command.ts';
import { writeCharacters } from '../results/by-character.ts';
import type { Context } from '../context.ts';
import { machineFrom } from '../devices.ts';
import { count } from '../../count.ts';
import { onOneLine } from '../output/format.ts';
import { tokenName } from '../../options/choices.ts';
import { namesOfTexts, readKnownText } from '../input/known-text.ts';
import type { Output } from '../output/output.ts';
import { evaluationObject, baselineBits, scoresTable } from '../results/scores-table.ts';
import { isStdout, openOutputs } from '../output/output-files.ts';

type EvalFlags = CommandOptionValues<typeof evalOptions>;

/** Characters of --by-character at most: they take half a gigabyte of memory. */
const MAX_BY_CHARACTER = 10_000_000;
/** Characters of a page at most: more would keep a browser busy for too long. */
const MAX_ON_PAGE = 100_000;

export const { define } = defineCommand({
  description:
    'Measure how well a trained model predicts a text: loss in nats and bits per character, perplexity, and top-1 accuracy.',
  argument: 'The text: files, folders, globs, or - for stdin',
  options: evalOptions,
  examples: [
    ['rnn eval other.txt', 'bits per character of the newest run'],
    ['rnn eval book.txt --part validation', 'the part that the run validated on'],
    ['rnn eval book.txt --part test', 'the part that --test-fraction held out'],
    ['rnn eval other.txt --dynamic', 'with a model that learns as it reads'],
    ['rnn eval other.txt --html surprise.html', 'a page shaded by surprisal'],
  ],
  run: evaluate,
});

async function evaluate(sources: readonly string[], flags: EvalFlags, context: Context): Promise<void> {
  const { stdout, stderr, waiting } = context;
  const { part, json, byCharacter } = flags;
  if (sources.some(isStandardInput) && flags.against?.some(isStandardInput))
    throw usageError('cannot read standard input (-) twice', 'save one of the texts to a file');
  const { machine, deviceOriginText } = machineFrom(flags, context);
  const texts = [...sources, ...(flags.against ?? [])];
  const outputs = { '--html': flags.html, '--json': json, '--by-character': byCharacter };
  const files = await openOutputs(outputs, { ...flags, texts, checkpoints: [flags.checkpoint] }, context);
  const { openModel } = await import('../../api/model.ts');
  const model = await openModel(flags.checkpoint, machine);
  const { readingOfPart: readingOf } = await import('../../training/scored-part.ts');
  const { validationFile, testFile } = readingOf(model.trained.training, part);
  for (const file of [validationFile, testFile]) if (file !== null) files.alsoReads(file);
  const reading = readKnownText(sources, model, flags, context, { part });
  const text = await (flags.against === undefined
    ? reading
    : nameErrors(`the text to score, ${namesOfTexts(sources)}`, reading));
  // The training part of records is scattered over their text, so they are split as in the run.
  const partOfAgainst = model.vocabulary.end == null ? 'all' : 'train';
  const against =
    flags.against &&
    (await nameErrors(
      `--against ${flags.against.join(' ')}`,
      readKnownText(flags.against, model, flags, context, { part: partOfAgainst }),
    ));
  const { unit } = model.vocabulary;
  const characters = (part === 'all' ? text.characters : text[part].length) - 1;
  if (byCharacter && characters > MAX_BY_CHARACTER) {
    throw usageError(
      `the text has ${count(characters)} ${tokenName(unit)}s: expected at most ${count(MAX_BY_CHARACTER)} for --by-character`,
      'evaluate a part of the text: head -c 1000000 FILE | rnn eval - --by-character',
    );
  }
  const evaluation = await model.evaluate(text, {
    part,
    ...givenOptions(flags),
    surprisal: byCharacter ? MAX_BY_CHARACTER : flags.html === undefined ? 0 : MAX_ON_PAGE,
    baselines: { against, compressors: flags.compressors === true },
    listener: {
      note: (note) => stderr.note(note),
      warn: (warning) => stderr.warn(warning),
      activity: waiting?.listen,
    },
  });
  const { tokens, trainedShare, surprisal } = evaluation;
  const streams = evaluation.streams === 1 ? 'one sequence' : `${count(evaluation.streams)} parallel sequences`;
  if (!json) stderr.note(`${model.path}, ${streams}, ${evaluation.device}${deviceOriginText}`);
  // The loss on text that the model was trained on says little about other texts.
  if (!json && part === 'all' && trainedShare) {
    const share = `${Math.floor(1000 * trainedShare) / 10} % of this text`;
    const remedy = 'Use --part validation, or a text that it was not trained on.';
    stderr.line(stderr.colour.yellow(`note: the run was trained on ${share}. ${remedy}`));
  }
  const run = basename(dirname(resolve(model.path!)));
  if (flags.html !== undefined) {
    const { surprisalOf } = await import('../../api/evaluation.ts');
    const { surprisalPage } = await import('../../reports/surprisal-page.ts');
    const shown = { run, text: namesOfTexts(sources), others: baselineBits(evaluation.baselines) };
    await files.write('--html', surprisalPage({ ...surprisalOf(model, evaluation, MAX_ON_PAGE), ...shown }));
  }
  const isForPeople =
    !byCharacter ||
    (await writeCharacters({ tokens, vocabulary: text.vocabulary, surprisal: surprisal! }, json === true, context));
  if (json) return stdout.writeJson(evaluationObject(evaluation, { checkpoint: model.path, part }));
  // If another program reads stdout, the table goes to stderr.
  const table = ({ colour }: Output): string => scoresTable(evaluation, onOneLine(run), tokenName(unit), colour);
  if (isForPeople && !isStdout(flags.html)) await stdout.write(table(stdout));
  else stderr.line(table(stderr).trimEnd());
}

/** Puts the name of the text before the message of an error. */
const nameErrors = <Read>(name: string, reading: Promise<Read>): Promise<Read> =>
  reading.catch((error: unknown) => {
    throw errorAbout(name, error);
  });

function givenOptions({ streams, sequenceLength, dynamic, dynamicRate, dynamicDecay }: EvalFlags): GivenScoring {
  const rates = { learningRate: dynamicRate, decay: dynamicDecay };
  return { streams, sequenceLength, dynamic: dynamic ? rates : undefined };
}
