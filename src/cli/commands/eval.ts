// `rnn eval`: how well a trained model predicts a text. The scoring is in evaluation/.
import { basename, dirname, resolve } from 'node:path';
import type { Command } from 'commander';
import type { TrainedModel } from '../../runs/store.ts';
import { isStandardInput } from '../../corpus/standard-input.ts';
import { RnnError } from '../../errors.ts';
import type { SurpriseRecord } from '../../evaluation/surprise.ts';
import type { GivenScoring, Part, ScoringPlan } from '../../training/scored-part.ts';
import { type CharacterCosts, writeCharacters } from '../by-character.ts';
import { wholeNumber } from '../../options/kind.ts';
import type { Context } from '../context.ts';
import { blasFlag, chosenDevice, deviceFlag, listDevices, ofMachine, refuseBlasWithout, threadsFlag } from '../devices.ts';
import {
  addExamples,
  addGroups,
  choiceFlag,
  commonFlags,
  flagsFor,
  listFlag,
  numberFlag,
  skipInvalidFlag,
  switchFlag,
  textFlag,
} from '../flags.ts';
import { bits, count, harmless, onOneLine, unitName } from '../format.ts';
import { type Loaded, type TextFlags, namesOfTexts, readKnownText } from '../known-text.ts';
import { countedText, named, otherMeans } from '../other-means.ts';
import { type Evaluated, evaluationObject, otherBits, scoresTable } from '../scores-table.ts';
import { OutputFiles, forceFlag, isStdout, refuseMixed } from '../written.ts';

interface EvalFlags extends TextFlags {
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
  readonly device?: string;
  readonly threads?: number;
  readonly blas?: string;
}

const positive = { whole: true, min: 1 };
/** What training/scored-part.ts knows; it is not loaded for a help text. */
const parts: readonly Part[] = ['all', 'train', 'validation', 'test'];
const defaultPart: Part = 'all';

/** Half a gigabyte. */
const mostByCharacter = 10_000_000;
/** More would keep a browser busy for long. */
const mostOnPage = 100_000;

export function defineEval(command: Command, context: Context): void {
  command
    .description(
      'Tells how well a trained model predicts a text: nats and bits per character, perplexity, and the share of characters that were the likeliest.',
    )
    .argument('<corpus...>', 'the text: files, folders, globs, or - for stdin');
  const groups = {
    'What is scored:': [
      textFlag('--checkpoint <path>', 'a run folder or a file; the newest run unless given'),
      choiceFlag('--part <which>', 'all, train, validation or test: as split (default: all)', parts),
      listFlag('--include <glob>', 'of a folder, only these files; as in training'),
      listFlag('--exclude <glob>', 'of a folder, not these files; as in training'),
      textFlag('--encoding <name>', 'of the files, such as windows-1252; as in training'),
      skipInvalidFlag(),
    ],
    'How it is read:': [
      numberFlag('--streams <n>', 'parts side by side; as in training; 1 is strict', positive),
      ...flagsFor({ sequenceLength: { kind: wholeNumber(1), aliases: ['seq-length'], help: 'steps at a time; as in training' } }),
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
  const { io, rooms, stderr, waiting } = context;
  const part = flags.part ?? defaultPart;
  const given = givenOptions(flags);
  refuseTwice(sources, flags);
  const choice = chosenDevice(flags.device, io);
  refuseBlasWithout(flags.blas, [choice.name]);
  const texts = [...sources, ...(flags.against ?? [])];
  const files = new OutputFiles({ '--html': flags.html }, { ...flags, texts, checkpoints: [flags.checkpoint] }, context);
  await files.refuseUnfit();
  const { findCheckpoint, readCheckpoint } = await rooms.checkpoints();
  const path = await findCheckpoint(flags.checkpoint);
  const trained = await readCheckpoint(path, { weightsOnly: true });
  const { planScoring, readingOf, score } = await rooms.scoring();
  const { validationFile, testFile } = readingOf(trained.training, part);
  for (const file of [validationFile, testFile]) if (file !== null) files.alsoReads(file);
  const loaded = { path, trained };
  const reading = readKnownText(sources, loaded, flags, context, part);
  const { vocabulary, ...corpus } = await (flags.against === undefined
    ? reading
    : named(`the text to score, ${namesOfTexts(sources)}`, reading));
  const plan = planScoring(trained, corpus, part, given);
  const { sourcesDigest } = corpus;
  const counted = flags.against === undefined ? null : await countedText(flags.against, { ...plan, sourcesDigest }, loaded, flags, context);
  const surprise = await recordFor(plan, trained, flags, context);
  if (plan.warning !== null) stderr.line(stderr.colour.yellow(`warning: ${plan.warning}`));
  const device = await (await rooms.devices()).openDevice(choice.name, { work: plan.work, ...ofMachine(flags) });
  const scored = await score(trained, plan, device, surprise, waiting.listen).finally(() => device.close());
  const streams = plan.streams === 1 ? 'one stream' : `${count(plan.streams)} streams`;
  const by = choice.fromEnvironment ? ', by RNN_DEVICE' : '';
  if (!flags.json) stderr.line(stderr.colour.dim(harmless(`${path}, ${streams}; ${scored.device}${by}`)));
  if (!flags.json && part === 'all') for (const note of notesOnTrained(plan.trainedShare)) stderr.line(stderr.colour.yellow(note));
  const evaluated = { score: scored, ...(await otherMeans(plan.tokens, vocabulary, counted, flags.compressors === true, context)) };
  const costs = surprise === null ? null : { tokens: plan.tokens, vocabulary, surprise };
  if (costs !== null && flags.html !== undefined) await writePage(files, sources, { ...loaded, evaluated, costs }, context);
  await show({ evaluated, costs, plan, unit: unitName(vocabulary.unit) }, { ...flags, part, checkpoint: path }, context);
}

/** A figure on text that was learnt says little of any other text. */
function notesOnTrained(share: number | null): string[] {
  if (share === null || share === 0) return [];
  return share < 1
    ? [`note: the run was trained on ${Math.floor(1000 * share) / 10} % of this text; use --part validation to score held-out text`]
    : ['note: the run was trained on all of this text; score a text that it was not trained on'];
}

/** @throws RnnError `usage` for how fast to learn where nothing is to be learnt */
function givenOptions({ streams, sequenceLength, dynamic, dynamicLr, dynamicDecay }: EvalFlags): GivenScoring {
  if (!dynamic && (dynamicLr !== undefined || dynamicDecay !== undefined)) {
    throw new RnnError('usage', `${dynamicLr === undefined ? '--dynamic-decay' : '--dynamic-lr'} is for --dynamic`, {
      hint: 'add --dynamic, or leave it out',
    });
  }
  return {
    ...(streams === undefined ? {} : { streams }),
    ...(sequenceLength === undefined ? {} : { sequenceLength }),
    ...(dynamic
      ? {
          dynamic: {
            ...(dynamicLr === undefined ? {} : { learningRate: dynamicLr }),
            ...(dynamicDecay === undefined ? {} : { decay: dynamicDecay }),
          },
        }
      : {}),
  };
}

/** @throws RnnError `usage` for standard input or output that would be used twice */
function refuseTwice(sources: readonly string[], { against = [], html, json, byCharacter }: EvalFlags): void {
  if (sources.some(isStandardInput) && against.some(isStandardInput))
    throw new RnnError('usage', 'standard input (-) can be read only once', { hint: 'put one of the texts into a file' });
  refuseMixed({ '--html': html, '--json': json, '--by-character': byCharacter });
}

/** Room for what is to be told of each character; null if nothing is. @throws RnnError `usage` for more than is sensible */
async function recordFor(
  { tokens }: ScoringPlan,
  { model, vocabulary }: TrainedModel,
  { byCharacter, html }: EvalFlags,
  { rooms }: Context,
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
  const { SurpriseRecord } = await rooms.insight();
  return new SurpriseRecord(byCharacter ? characters : Math.min(characters, mostOnPage), model.vocabulary);
}

const runNameOf = (checkpoint: string): string => basename(dirname(resolve(checkpoint)));

interface Seen extends Loaded {
  readonly evaluated: Evaluated;
  readonly costs: CharacterCosts;
}

async function writePage(
  files: OutputFiles,
  sources: readonly string[],
  { path, trained, evaluated, costs }: Seen,
  context: Context,
): Promise<void> {
  const { surprisePage } = await context.rooms.surprisePage();
  const { piecesOf, symbolTexts } = await context.rooms.insight();
  const { nats, accuracy, characters } = evaluated.score;
  const surprise = { ...costs.surprise, nats: costs.surprise.nats.subarray(0, mostOnPage) };
  const html = surprisePage({
    run: runNameOf(path),
    text: namesOfTexts(sources),
    model: trained.model,
    unit: unitName(costs.vocabulary.unit),
    characters,
    bits: bits(nats),
    accuracy,
    others: otherBits(evaluated),
    pieces: [...piecesOf(costs.tokens, costs.vocabulary, surprise)],
    surprise,
    ids: costs.tokens,
    symbols: symbolTexts(costs.vocabulary),
  });
  await files.write('--html', html);
}

interface Shown {
  readonly evaluated: Evaluated;
  readonly costs: CharacterCosts | null;
  readonly plan: ScoringPlan;
  readonly unit: 'character' | 'byte';
}

async function show(
  { evaluated, costs, plan: { streams, dynamic, trainedShare }, unit }: Shown,
  { json, byCharacter, html, part, checkpoint }: EvalFlags,
  context: Context,
): Promise<void> {
  const { stdout, stderr } = context;
  const isForPeople = costs === null || !byCharacter || (await writeCharacters(costs, json === true, context));
  if (json) return stdout.write(`${JSON.stringify(evaluationObject(evaluated, { dynamic, checkpoint, part, streams, trainedShare }))}\n`);
  // Where stdout is for another program to read, figures are beside it.
  const run = onOneLine(runNameOf(checkpoint!));
  if (isForPeople && !isStdout(html)) await stdout.write(scoresTable(evaluated, run, unit, stdout.colour));
  else stderr.line(scoresTable(evaluated, run, unit, stderr.colour).trimEnd());
}
