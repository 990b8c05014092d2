// "Did you mean …?": finds the names of options, values or commands that an unknown word probably
// means. Knows the common names of options in char-rnn, torch-rnn, nanoGPT and elsewhere. Pure.
import { distance } from 'fastest-levenshtein';

/**
 * Each line lists names for the same thing. A command or a function of the library has some of
 * them.
 */
const synonyms: readonly (readonly string[])[] = [
  ['learning-rate', 'lr', 'eta', 'step-size'],
  ['decay', 'lr-decay', 'learning-rate-decay', 'lr-decay-factor', 'gamma'],
  ['decay-after', 'lr-decay-after', 'learning-rate-decay-after'],
  ['decay-epochs', 'lr-decay-epochs', 'lr-decay-every'],
  ['schedule', 'lr-schedule', 'scheduler', 'lr-scheduler'],
  ['warmup-steps', 'warmup', 'warmup-iters'],
  ['hidden', 'rnn-size', 'hidden-size', 'hidden-dim', 'hidden-units', 'num-units', 'units', 'size', 'n-embd'],
  ['layers', 'num-layers', 'n-layers', 'n-layer', 'depth'],
  ['cell', 'model', 'model-type', 'rnn-type', 'type'],
  ['embedding', 'wordvec-size', 'embed', 'embedding-size', 'embedding-dim'],
  ['sequence-length', 'seq-length', 'seq-len', 'block-size', 'bptt', 'context'],
  ['batch-size', 'batch'],
  ['epochs', 'max-epochs', 'num-epochs', 'n-epochs'],
  ['max-steps', 'max-iters', 'iterations', 'steps', 'num-steps'],
  ['budget', 'time', 'duration'],
  ['clip-norm', 'grad-clip', 'clip', 'max-grad-norm'],
  ['clip-value', 'grad-clip', 'clip'],
  ['validation-fraction', 'val-fraction', 'val-frac', 'val-split', 'validation-split'],
  ['validation-file', 'val-file'],
  ['evaluate-every', 'eval-every', 'eval-val-every', 'eval-interval'],
  ['device', 'gpu', 'gpuid', 'gpu-backend'],
  ['optimizer', 'optimiser', 'optim'],
  ['initialisation', 'init', 'initialization'],
  ['patience', 'early-stopping'],
  ['temp', 'temperature', 't'],
  ['count', 'num', 'n', 'num-samples', 'samples'],
  ['length', 'n', 'max-new-tokens', 'max-length', 'characters', 'chars'],
  ['prime', 'primetext', 'start-text', 'start', 'prompt'],
  ['stop', 'stop-at', 'end'],
  ['checkpoint', 'run', 'runs', 'model', 'from'],
  ['corpus', 'text', 'data', 'data-dir', 'input', 'input-txt', 'input-h5', 'input-json', 'file'],
  ['part', 'split'],
  ['train', 'learn', 'fit'],
  ['sample', 'generate', 'write'],
  ['eval', 'evaluate', 'score', 'test'],
  ['runs', 'list', 'ls'],
  ['quiet', 'silent', 'q'],
  ['force', 'overwrite', 'f'],
];
/** Names that people use for an output file or folder. */
const outputNames: readonly string[] = [
  'out',
  'html',
  'svg',
  'record',
  'to',
  'output',
  'o',
  'out-dir',
  'savefile',
  'checkpoint-dir',
  'save',
];

/** If more names than this start with the word, none of them is suggested. */
const MAX_PREFIX_MATCHES = 4;
/**
 * The maximum number of edits, and the ratio of edits to the length of the longer name, which must be
 * lower.
 */
const MAX_EDITS = { count: 3, ratio: 0.5 };

/**
 * Removes case and punctuation, so that `learningRate`, `learning_rate` and `--learning-rate` are
 * equal.
 */
const normalisedName = (name: string): string => name.replace(/[^a-z\d]/gi, '').toLowerCase();

/**
 * Returns the known names that a word probably means, in the order of `known`. There are four kinds:
 * the same name apart from case and punctuation, synonyms, names of which one starts with the other,
 * and names with the smallest edit distance. Only names of the first kind that occurs are returned.
 *
 * @param extraSynonyms synonyms that the caller knows
 */
export function suggestWords(
  word: string,
  known: readonly string[],
  extraSynonyms: readonly (readonly string[])[] = [],
): string[] {
  const exactMatches = equalOrSynonymous(word, known, extraSynonyms);
  if (exactMatches.length > 0) return exactMatches;
  const normalisedWord = normalisedName(word);
  if (normalisedWord === '') return [];
  const prefixMatches = known.filter(
    (name) =>
      normalisedName(name).startsWith(normalisedWord) ||
      (normalisedName(name) !== '' && normalisedWord.startsWith(normalisedName(name))),
  );
  if (prefixMatches.length > 0 && prefixMatches.length <= MAX_PREFIX_MATCHES) return prefixMatches;
  const edits = known.map((name) => ({
    name,
    count:
      sortedLetters(normalisedWord) === sortedLetters(normalisedName(name))
        ? 1
        : distance(normalisedWord, normalisedName(name)),
    length: Math.max(normalisedWord.length, normalisedName(name).length),
  }));
  const near = edits.filter(({ count, length }) => count <= MAX_EDITS.count && count < MAX_EDITS.ratio * length);
  const minEdits = Math.min(...near.map(({ count }) => count));
  return near.filter(({ count }) => count === minEdits).map(({ name }) => name);
}

/** The sorted letters of a word. An anagram counts as one edit, because most are swapped letters. */
const sortedLetters = (word: string): string => [...word].toSorted().join('');

/** The first suggestion, or null. */
export const nearestWord = (word: string, known: readonly string[]): string | null =>
  suggestWords(word, known)[0] ?? null;

function equalOrSynonymous(
  word: string,
  known: readonly string[],
  extraSynonyms: readonly (readonly string[])[],
): string[] {
  const wanted = normalisedName(word);
  const equalNames = known.filter((name) => normalisedName(name) === wanted);
  if (equalNames.length > 0) return equalNames;
  const meanings = [...extraSynonyms, ...synonyms, outputNames]
    .map((names) => names.map(normalisedName))
    .filter((names) => names.includes(wanted));
  return known.filter((name) => meanings.some((names) => names.includes(normalisedName(name))));
}

/** Whether a name means an output file. */
export const meansOutput = (word: string): boolean => outputNames.map(normalisedName).includes(normalisedName(word));
