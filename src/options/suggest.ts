// "Did you mean …?": finds the names of options, values or commands that an unknown word probably
// means. Knows the common names of options in char-rnn, torch-rnn, nanoGPT and elsewhere. Pure.
import { distance } from 'fastest-levenshtein';

/** Synonyms. A command, or a function of the library, knows some of the names in each line. */
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
/** Names of an output. */
const outputs: readonly string[] = [
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

/** Up to this many names that begin with a word are suggested. */
const MAX_BEGUN = 4;
/**
 * The maximum number of edits, and the ratio of edits to the length of the longer name, which must be
 * lower.
 */
const MAX_EDITS = { count: 3, part: 0.5 };

/** `learningRate`, `learning_rate`, `--learning-rate`: the same. */
const bare = (name: string): string => name.replace(/[^a-z\d]/gi, '').toLowerCase();

/**
 * Returns the known names that a word probably means, in the order of `known`. There are four kinds:
 * the same name apart from case and punctuation, synonyms, names of which one starts with the other,
 * and names with the smallest edit distance. Only names of the first kind that occurs are returned.
 *
 * @param more synonyms that the caller knows
 */
export function suggestWords(
  word: string,
  known: readonly string[],
  more: readonly (readonly string[])[] = [],
): string[] {
  const meant = namesMeant(word, known, more);
  if (meant.length > 0) return meant;
  const wanted = bare(word);
  if (wanted === '') return [];
  const begun = known.filter(
    (name) => bare(name).startsWith(wanted) || (bare(name) !== '' && wanted.startsWith(bare(name))),
  );
  if (begun.length > 0 && begun.length <= MAX_BEGUN) return begun;
  const edits = known.map((name) => ({
    name,
    count: lettersOf(wanted) === lettersOf(bare(name)) ? 1 : distance(wanted, bare(name)),
    length: Math.max(wanted.length, bare(name).length),
  }));
  const near = edits.filter(({ count, length }) => count <= MAX_EDITS.count && count < MAX_EDITS.part * length);
  const least = Math.min(...near.map(({ count }) => count));
  return near.filter(({ count }) => count === least).map(({ name }) => name);
}

/** The sorted letters of a word. An anagram counts as one edit, because most are swapped letters. */
const lettersOf = (word: string): string => [...word].toSorted().join('');

/** The first suggestion, or null. */
export const nearestWord = (word: string, known: readonly string[]): string | null =>
  suggestWords(word, known)[0] ?? null;

function namesMeant(word: string, known: readonly string[], more: readonly (readonly string[])[]): string[] {
  const wanted = bare(word);
  const alike = known.filter((name) => bare(name) === wanted);
  if (alike.length > 0) return alike;
  const meanings = [...more, ...synonyms, outputs]
    .map((names) => names.map(bare))
    .filter((names) => names.includes(wanted));
  return known.filter((name) => meanings.some((names) => names.includes(bare(name))));
}

/** Whether a name means an output file. */
export const meansOutput = (word: string): boolean => outputs.map(bare).includes(bare(word));
