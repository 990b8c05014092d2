// Measures how well a model, compressors and n-gram models predict a text. The scoring is in
// evaluation/.
import { count } from '../count.ts';
import { type Tokens, Vocabulary } from '../corpus/read.ts';
import { type RecordLayout, type StoredRecords, countRecords } from '../corpus/records.ts';
import type { VocabularyData } from '../corpus/vocabulary.ts';
import { textBytesOf, compressedSizes, xzSize } from '../evaluation/compressors.ts';
import { Ngrams } from '../evaluation/ngrams.ts';
import { scoredCharactersOf, tokenTexts } from '../evaluation/scored-text.ts';
import { score } from '../evaluation/score.ts';
import { SurprisalRecord } from '../evaluation/surprisal.ts';
import { mapValues } from '../group.ts';
import { type Part, tokenName } from '../options/choices.ts';
import { evalOptions } from '../options/trained.ts';
import { flagOf } from '../options/flags.ts';
import { onOff, rule } from '../options/kind.ts';
import { kindsOf, tableOf } from '../options/option.ts';
import type { TrainedModel } from '../runs/store.ts';
import { type ScoringPlan, planScoring, trainedPart } from '../training/scored-part.ts';
import { runInSlices } from '../run-in-slices.ts';
import { answerRecords } from './answers.ts';
import { listenerMember, refuseUnless, refuseWrong } from './checks.ts';
import type {
  Baselines,
  Evaluation,
  EvaluationOptions,
  MachineChoice,
  TextSurprisal,
  InputText,
} from './model-results.ts';
import type { MessageListener } from './run-request.ts';
import { refuseOtherSymbols, tokensOf, withDevice } from './trained.ts';

const { part, streams, sequenceLength, dynamicRate, dynamicDecay } = kindsOf(tableOf(evalOptions));
const anObject = rule('an object', () => true);
const members = {
  part,
  streams,
  sequenceLength,
  dynamic: anObject,
  surprisal: rule('a number of characters', (given) => typeof given === 'number' && given >= 0),
  baselines: anObject,
  listener: listenerMember,
};
const dynamicMembers = { learningRate: dynamicRate, decay: dynamicDecay };
const baselinesMembers = { against: anObject, compressors: onOff };

/** Longer texts are compressed only on request, because compressing takes longer than scoring. */
const SOON_COMPRESSED = 100_000;

/** The parts of a text, as `planScoring` takes them. */
type Parts = Parameters<typeof planScoring>[1];

/**
 * Scores a text with a model, and with baselines on request. The losses are in nats per token, and
 * `bits` in bits per token. The first token is not scored, because nothing
 * predicts it.
 *
 * @param options checked here, because a program in JavaScript can pass any value
 * @throws RnnError `usage` for a wrong option, `corpus` for a text that the model cannot read,
 * `device` if the device fails
 */
export async function evaluateText(
  trained: TrainedModel,
  machine: MachineChoice,
  text: InputText,
  options: EvaluationOptions,
): Promise<Evaluation> {
  refuseWrong(options, members);
  const { part = 'all', surprisal: maxCharacters = 0, baselines, listener = {}, ...given } = options;
  if (given.dynamic !== undefined) refuseWrong(given.dynamic, dynamicMembers);
  if (baselines !== undefined) refuseWrong(baselines, baselinesMembers);
  const symbols = new Vocabulary(trained.vocabulary);
  const parts = partsOf(text, part, symbols);
  const plan = planScoring(trained, parts, part, given);
  const { work, startSymbol: _, records: layout, ...how } = plan;
  const { tokens, warning } = how;
  const records: StoredRecords | null = layout == null ? null : { ...layout, tokens };
  const against = baselines?.against;
  const counted =
    against === undefined ? null : countedText(plan, parts, againstOf(against, trained, symbols), listener);
  if (warning !== null) listener.warn?.(warning);
  const characters = Math.min(maxCharacters, tokens.length - 1);
  const surprisal = characters === 0 ? null : new SurprisalRecord(characters, trained.model.vocabulary);
  const scored = await withDevice(machine, work, (device) =>
    score(trained, plan, device, surprisal, listener.activity),
  );
  const answers = isAnswering(records) ? await answerRecords(trained, machine, records, listener) : noAnswers;
  return {
    ...scored,
    bits: scored.nats / Math.LN2,
    perplexity: Math.exp(scored.nats),
    ...how,
    records: records && countRecords(records),
    ...answers,
    surprisal,
    baselines:
      baselines === undefined
        ? { compressors: null, ngrams: null }
        : await baselinesOf(tokens, records, trained.vocabulary, counted, baselines.compressors === true, listener),
  };
}

/**
 * The loss of each character of a text, from an evaluation with the option `surprisal`.
 * `surprisalPage` draws it.
 *
 * @param maxCharacters maximum number of characters, from the beginning of the text
 * @throws RnnError `usage` if the evaluation did not keep these losses
 */
export function surprisalOf(
  { trained: { model, vocabulary: data } }: { readonly trained: TrainedModel },
  { tokens, bits, accuracy, characters, surprisal }: Evaluation,
  maxCharacters = Infinity,
): TextSurprisal {
  refuseUnless(surprisal !== null, 'surprisal', surprisal, 'the result of evaluate with the option surprisal');
  const vocabulary = new Vocabulary(data);
  const recorded = { ...surprisal, nats: surprisal.nats.subarray(0, maxCharacters) };
  return {
    model,
    unit: tokenName(data.unit),
    characters,
    bits,
    accuracy,
    pieces: [...scoredCharactersOf(tokens, vocabulary, recorded)],
    surprisal: recorded,
    ids: tokens,
    symbols: tokenTexts(vocabulary),
  };
}

function partsOf(text: InputText, part: Part, symbols: Vocabulary): Parts {
  if (typeof text === 'string') {
    refuseUnless(
      part === 'all',
      'part',
      part,
      "'all' for a string (use model.read(files, { part }) for a text with parts)",
    );
    const train = tokensOf(text, symbols);
    const none = train.subarray(0, 0);
    return { records: null, train, validation: none, test: none, digest: '', sourcesDigest: '', testDigest: '' };
  }
  refuseOtherSymbols(text, symbols);
  return part === 'all' ? { ...text, train: tokensOf(text, symbols) } : text;
}

const isAnswering = <Layout extends RecordLayout>(records: Layout | null): records is Layout =>
  records !== null && records.learnAfter.length > 0;

/** The answers of a model that was not trained to answer. */
const noAnswers = { answered: null, exactAccuracy: null, macroRecall: null, classes: null };

/** A text to count n-grams in, and the part of it that the run was trained on. */
interface Against extends Parts {
  readonly trained: Tokens | null;
}

function againstOf(text: InputText, { training }: TrainedModel, symbols: Vocabulary): Against {
  const whole = partsOf(text, 'all', symbols);
  return { ...whole, trained: trainedPart(training, typeof text === 'string' || text.records === null ? whole : text) };
}

/** The text that n-grams count. */
interface CountedText {
  readonly tokens: Tokens;
  /** The counted text is the run's training part. */
  readonly isTrainingPart: boolean;
}

/**
 * The text that n-grams count. Null, with a warning, if they would count the text that they have to
 * predict.
 */
function countedText(
  { tokens, trainedShare }: ScoringPlan,
  { sourcesDigest }: Parts,
  against: Against,
  { warn }: Partial<MessageListener>,
): CountedText | null {
  const { train, trained } = against;
  const isOneText = sourcesDigest !== '' && sourcesDigest === against.sourcesDigest;
  const isOfScored = isOneText && !(trained !== null && trainedShare === 0);
  if (!isOfScored && !isSame(tokens, train)) return { tokens: trained ?? train, isTrainingPart: trained !== null };
  const remedy =
    trained !== null && trained.length < train.length ? `use ${flagOf('part')} validation` : 'name another text';
  warn?.(`skipped n-grams, because ${flagOf('against')} names the text that is scored: ${remedy}`);
  return null;
}

const isSame = (a: Tokens, b: Tokens): boolean => a.length === b.length && a.every((id, at) => id === b[at]);

/** @param asked compress a text of any length */
async function baselinesOf(
  text: Tokens,
  records: RecordLayout | null,
  vocabulary: VocabularyData,
  counted: CountedText | null,
  asked: boolean,
  { activity, note }: Partial<MessageListener>,
): Promise<Baselines> {
  let compressors: Record<string, number> | null = null;
  if (asked && isAnswering(records))
    note?.('skipped compressors, because the model predicts only answers and compressors the whole text');
  if (!isAnswering(records) && (asked || text.length <= SOON_COMPRESSED)) {
    activity?.({ kind: 'compressing', done: 0, total: 1 });
    const bytes = textBytesOf(text, vocabulary);
    const sizes = { ...(await compressedSizes(bytes)), ...(asked ? await xzSize(bytes) : {}) };
    compressors = mapValues(sizes, (size) => (8 * size) / text.length);
  }
  if (counted === null) return { compressors, ngrams: null };
  const { tokens, isTrainingPart } = counted;
  activity?.({ kind: 'counting n-grams', done: 0, total: 1 });
  const { end } = vocabulary;
  const ngrams = await runInSlices(Ngrams.inPieces(tokens, vocabulary.symbols.length, records && end));
  const { characters } = ngrams;
  if (characters < tokens.length) {
    note?.(
      `n-grams count the first ${count(characters)} of ${count(tokens.length)} ${tokenName(vocabulary.unit)}s, because more do not fit into memory`,
    );
  }
  const nats = await runInSlices(ngrams.natsInPieces(text, records));
  return { compressors, ngrams: { characters, bits: Array.from(nats, (each) => each / Math.LN2), isTrainingPart } };
}
