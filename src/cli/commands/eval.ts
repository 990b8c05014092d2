// `rnn eval`: how well a trained model predicts a text. The scoring is in evaluation/.
import { basename, dirname, resolve } from 'node:path';
import type { TrainedModel } from '../../runs/store.ts';
import { isStandardInput } from '../../corpus/standard-input.ts';
import { RnnError } from '../../errors.ts';
import type { SurpriseRecord } from '../../evaluation/surprise.ts';
import type { GivenScoring, ScoringPlan } from '../../training/scored-part.ts';
import { evalOptions } from '../../options/commands.ts';
import type { FlagsOf } from '../../options/option.ts';
import { defineCommand } from '../command.ts';
import { writeCharacters } from '../results/by-character.ts';
import type { Context } from '../context.ts';
import { machineFrom } from '../devices.ts';
import { count } from '../../count.ts';
import { onOneLine, unitName } from '../output/format.ts';
import { namesOfTexts, readKnownText } from '../input/known-text.ts';
import type { Output } from '../output/output.ts';
import { countedText, named, otherMeans } from '../other-means.ts';
import { evaluationObject, otherBits, scoresTable } from '../results/scores-table.ts';
import { OutputFiles, isStdout } from '../output/output-files.ts';

type EvalFlags = FlagsOf<typeof evalOptions>;

/** Half a gigabyte. */
const mostByCharacter = 10_000_000;
/** More would keep a browser busy for long. */
const mostOnPage = 100_000;

export const { define } = defineCommand({
  description:
    'Tells how well a trained model predicts a text: nats and bits per character, perplexity, and the share of characters that were the likeliest.',
  argument: 'the text: files, folders, globs, or - for stdin',
  options: evalOptions,
  examples: [
    ['rnn eval other.txt', 'bits per character under the newest run'],
    ['rnn eval book.txt --part validation', 'the part that the run validated on'],
    ['rnn eval book.txt --part test', 'the part that --test-fraction held out'],
    ['rnn eval other.txt --dynamic', 'with a model that learns as it reads'],
    ['rnn eval other.txt --html surprise.html', 'a page of what was hard to predict'],
  ],
  run: evaluate,
});

async function evaluate(sources: readonly string[], flags: EvalFlags, context: Context): Promise<void> {
  const { stdout, stderr, waiting } = context;
  const { part, json, byCharacter } = flags;
  const given = givenOptions(flags);
  if (sources.some(isStandardInput) && flags.against?.some(isStandardInput))
    throw new RnnError('usage', 'standard input (-) can be read only once', {
      hint: 'put one of the texts into a file',
    });
  const { machine, by } = machineFrom(flags, context);
  const texts = [...sources, ...(flags.against ?? [])];
  const outputs = { '--html': flags.html, '--json': json, '--by-character': byCharacter };
  const files = await OutputFiles.open(outputs, { ...flags, texts, checkpoints: [flags.checkpoint] }, context);
  const { readModel, surpriseOf, withDevice } = await import('../../api/trained.ts');
  const loaded = await readModel(flags.checkpoint);
  const { path, trained } = loaded;
  const { score } = await import('../../evaluation/score.ts');
  const { planScoring, readingOf } = await import('../../training/scored-part.ts');
  const { validationFile, testFile } = readingOf(trained.training, part);
  for (const file of [validationFile, testFile]) if (file !== null) files.alsoReads(file);
  const reading = readKnownText(sources, loaded, flags, context, part);
  const { vocabulary, ...corpus } = await (flags.against === undefined
    ? reading
    : named(`the text to score, ${namesOfTexts(sources)}`, reading));
  const plan = planScoring(trained, corpus, part, given);
  const scoredText = { ...plan, sourcesDigest: corpus.sourcesDigest };
  const counted = flags.against && (await countedText(flags.against, scoredText, loaded, flags, context));
  const surprise = await recordFor(plan, trained, flags);
  if (plan.warning !== null) stderr.warn(plan.warning);
  const scored = await withDevice(machine, plan.work, (device) =>
    score(trained, plan, device, surprise, waiting?.listen),
  );
  const streams = plan.streams === 1 ? 'one stream' : `${count(plan.streams)} streams`;
  if (!json) stderr.note(`${path}, ${streams}; ${scored.device}${by}`);
  // A figure on text that was learnt says little of any other text.
  if (!json && part === 'all' && plan.trainedShare) {
    const share = `${Math.floor(1000 * plan.trainedShare) / 10} % of this text`;
    const remedy = 'use --part validation, or a text that it was not trained on';
    stderr.line(stderr.colour.yellow(`note: the run was trained on ${share}; ${remedy}`));
  }
  const evaluated = {
    score: scored,
    ...(await otherMeans(plan.tokens, vocabulary, counted ?? null, flags.compressors === true, context)),
  };
  const run = basename(dirname(resolve(path)));
  if (surprise !== null && flags.html !== undefined) {
    const { surprisePage } = await import('../../reports/surprise-page.ts');
    const seen = surpriseOf(trained, plan.tokens, scored, { ...surprise, nats: surprise.nats.subarray(0, mostOnPage) });
    await files.write(
      '--html',
      surprisePage({ ...seen, run, text: namesOfTexts(sources), others: otherBits(evaluated) }),
    );
  }
  const isForPeople =
    surprise === null ||
    !byCharacter ||
    (await writeCharacters({ tokens: plan.tokens, vocabulary, surprise }, json === true, context));
  if (json) {
    const { dynamic, streams, trainedShare } = plan;
    return stdout.writeJson(evaluationObject(evaluated, { dynamic, checkpoint: path, part, streams, trainedShare }));
  }
  // Where stdout is for another program to read, figures are beside it.
  const table = ({ colour }: Output): string =>
    scoresTable(evaluated, onOneLine(run), unitName(vocabulary.unit), colour);
  if (isForPeople && !isStdout(flags.html)) await stdout.write(table(stdout));
  else stderr.line(table(stderr).trimEnd());
}

function givenOptions({ streams, sequenceLength, dynamic, dynamicRate, dynamicDecay }: EvalFlags): GivenScoring {
  const rates = { learningRate: dynamicRate, decay: dynamicDecay };
  return { streams, sequenceLength, dynamic: dynamic ? rates : undefined };
}

/**
 * Room for what is to be told of each character; null if nothing is. @throws RnnError `usage` for
 * more than is sensible
 */
async function recordFor(
  { tokens }: ScoringPlan,
  { model, vocabulary }: TrainedModel,
  { byCharacter, html }: EvalFlags,
): Promise<SurpriseRecord | null> {
  if (!byCharacter && html === undefined) return null;
  const characters = tokens.length - 1;
  if (byCharacter && characters > mostByCharacter) {
    throw new RnnError(
      'usage',
      `--by-character is for texts of up to ${count(mostByCharacter)} ${unitName(vocabulary.unit)}s, and this one has ${count(characters)}`,
      { hint: 'score a part of it: head -c 1000000 FILE | rnn eval - --by-character' },
    );
  }
  const { SurpriseRecord } = await import('../../evaluation/surprise.ts');
  return new SurpriseRecord(byCharacter ? characters : Math.min(characters, mostOnPage), model.vocabulary);
}
