// `rnn eval`: how well a trained model predicts a text. The scoring is in evaluation/.
import { basename, dirname, resolve } from 'node:path';
import type { Command } from 'commander';
import type { TrainedModel } from '../../runs/store.ts';
import { isStandardInput } from '../../corpus/standard-input.ts';
import { RnnError } from '../../errors.ts';
import type { SurpriseRecord } from '../../evaluation/surprise.ts';
import type { GivenScoring, Part, ScoringPlan } from '../../training/scored-part.ts';
import { writeCharacters } from '../results/by-character.ts';
import type { Context } from '../context.ts';
import { type MachineFlags, blasFlag, deviceFlag, listDevices, machineFrom, threadsFlag } from '../devices.ts';
import {
  addExamples,
  addGroups,
  choiceFlag,
  commonFlags,
  flagsFor,
  listFlag,
  numberFlag,
  switchFlag,
  textFlag,
} from '../flags.ts';
import { count, onOneLine, unitName } from '../output/format.ts';
import { type TextFlags, namesOfTexts, readKnownText, textFlags } from '../input/known-text.ts';
import type { Output } from '../output/output.ts';
import { wholeNumber } from '../../options/kind.ts';
import { countedText, named, otherMeans } from '../other-means.ts';
import { evaluationObject, otherBits, scoresTable } from '../results/scores-table.ts';
import { OutputFiles, forceFlag, isStdout, refuseMixed } from '../output/output-files.ts';

interface EvalFlags extends TextFlags, MachineFlags {
  readonly checkpoint?: string;
  readonly part?: Part;
  readonly streams?: number;
  readonly sequenceLength?: number;
  readonly dynamic?: boolean;
  readonly dynamicLr?: number;
  readonly dynamicDecay?: number;
  readonly byCharacter?: boolean;
  readonly html?: string;
  readonly force?: boolean;
  readonly against?: readonly string[];
  readonly compressors?: boolean;
}

const positive = { whole: true, min: 1 };
/** What training/scored-part.ts knows; it is not loaded for a help text. */
const parts: readonly Part[] = ['all', 'train', 'validation', 'test'];

/** Half a gigabyte. */
const mostByCharacter = 10_000_000;
/** More would keep a browser busy for long. */
const mostOnPage = 100_000;

export function define(command: Command, context: Context): void {
  command
    .description(
      'Tells how well a trained model predicts a text: nats and bits per character, perplexity, and the share of characters that were the likeliest.',
    )
    .argument('<corpus...>', 'the text: files, folders, globs, or - for stdin');
  const groups = {
    'What is scored:': [
      textFlag('--checkpoint <path>', 'a run folder or a file; the newest run unless given'),
      choiceFlag('--part <which>', 'all, train, validation or test: as split (default: all)', parts),
      ...textFlags(),
    ],
    'How it is read:': [
      numberFlag('--streams <n>', 'parts side by side; as in training; 1 is strict', positive),
      ...flagsFor({
        sequenceLength: { kind: wholeNumber(1), aliases: ['seq-length'], help: 'steps at a time; as in training' },
      }),
      switchFlag('--dynamic', 'also with weights that learn from what was scored'),
      numberFlag('--dynamic-lr <x>', 'how fast they learn; 0.03-0.3 (default: 0.1)', { above: 0, max: 1000 }),
      numberFlag('--dynamic-decay <x>', 'back to the trained ones; 0-0.02 (default: 0.002)', { min: 0, max: 1 }),
    ],
    'What is shown:': [
      switchFlag('--by-character', 'what each cost: the text in colours, or a line each'),
      textFlag('--html <file>', 'a page of the text shaded by it; - is stdout'),
      listFlag('--against <corpus>', 'beside n-gram models of this text, of orders 1 to 6'),
      switchFlag('--compressors', 'beside gzip, brotli and xz; a short text always is'),
    ],
    'The machine:': [deviceFlag('where to compute; listed below (default: auto)'), threadsFlag(), blasFlag()],
    'Output:': [forceFlag(), switchFlag('--json', 'one JSON object, after those of --by-character'), ...commonFlags()],
  };
  addGroups(command, groups);
  listDevices(command);
  addExamples(command, [
    ['rnn eval other.txt', 'bits per character under the newest run'],
    ['rnn eval book.txt --part validation', 'the part that the run validated on'],
    ['rnn eval book.txt --part test', 'the part that --test-fraction held out'],
    ['rnn eval other.txt --dynamic', 'with a model that learns as it reads'],
    ['rnn eval other.txt --html surprise.html', 'a page of what was hard to predict'],
  ]);
  command.action((sources: string[], flags: EvalFlags) => evaluate(sources, flags, context));
}

async function evaluate(sources: readonly string[], flags: EvalFlags, context: Context): Promise<void> {
  const { io, stdout, stderr, waiting } = context;
  const { part = 'all', json, byCharacter } = flags;
  const given = givenOptions(flags);
  refuseTwice(sources, flags);
  const { machine, by } = machineFrom(flags, io);
  const texts = [...sources, ...(flags.against ?? [])];
  const files = new OutputFiles(
    { '--html': flags.html },
    { ...flags, texts, checkpoints: [flags.checkpoint] },
    context,
  );
  await files.refuseUnfit();
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
  const { sourcesDigest } = corpus;
  const counted =
    flags.against === undefined
      ? null
      : await countedText(flags.against, { ...plan, sourcesDigest }, loaded, flags, context);
  const surprise = await recordFor(plan, trained, flags);
  if (plan.warning !== null) stderr.warn(plan.warning);
  const scored = await withDevice(machine, plan.work, (device) =>
    score(trained, plan, device, surprise, waiting.listen),
  );
  const streams = plan.streams === 1 ? 'one stream' : `${count(plan.streams)} streams`;
  if (!json) stderr.note(`${path}, ${streams}; ${scored.device}${by}`);
  if (!json && part === 'all')
    for (const note of notesOnTrained(plan.trainedShare)) stderr.line(stderr.colour.yellow(note));
  const evaluated = {
    score: scored,
    ...(await otherMeans(plan.tokens, vocabulary, counted, flags.compressors === true, context)),
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
    const how = {
      dynamic: plan.dynamic,
      checkpoint: path,
      part,
      streams: plan.streams,
      trainedShare: plan.trainedShare,
    };
    return stdout.writeJson(evaluationObject(evaluated, how));
  }
  // Where stdout is for another program to read, figures are beside it.
  const table = ({ colour }: Output): string =>
    scoresTable(evaluated, onOneLine(run), unitName(vocabulary.unit), colour);
  if (isForPeople && !isStdout(flags.html)) await stdout.write(table(stdout));
  else stderr.line(table(stderr).trimEnd());
}

/** A figure on text that was learnt says little of any other text. */
function notesOnTrained(share: number | null): string[] {
  if (share === null || share === 0) return [];
  return share < 1
    ? [
        `note: the run was trained on ${Math.floor(1000 * share) / 10} % of this text; use --part validation to score held-out text`,
      ]
    : ['note: the run was trained on all of this text; score a text that it was not trained on'];
}

/** @throws RnnError `usage` for how fast to learn where nothing is to be learnt */
function givenOptions({ streams, sequenceLength, dynamic, dynamicLr, dynamicDecay }: EvalFlags): GivenScoring {
  if (!dynamic && (dynamicLr !== undefined || dynamicDecay !== undefined)) {
    throw new RnnError('usage', `${dynamicLr === undefined ? '--dynamic-decay' : '--dynamic-lr'} is for --dynamic`, {
      hint: 'add --dynamic, or leave it out',
    });
  }
  const rates = {
    ...(dynamicLr !== undefined && { learningRate: dynamicLr }),
    ...(dynamicDecay !== undefined && { decay: dynamicDecay }),
  };
  return { streams, sequenceLength, dynamic: dynamic ? rates : undefined };
}

/** @throws RnnError `usage` for standard input or output that would be used twice */
function refuseTwice(sources: readonly string[], { against = [], html, json, byCharacter }: EvalFlags): void {
  if (sources.some(isStandardInput) && against.some(isStandardInput))
    throw new RnnError('usage', 'standard input (-) can be read only once', {
      hint: 'put one of the texts into a file',
    });
  refuseMixed({ '--html': html, '--json': json, '--by-character': byCharacter });
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
