// The names of options elsewhere: in this program's other half (`--lr` and `learningRate`), in char-rnn, torch-rnn and nanoGPT, and by
// custom. From an unknown name to the names that are probably meant. Pure.

/** Names of one meaning. A command, or a function of the library, knows some of each line. */
const synonyms: readonly (readonly string[])[] = [
  ['lr', 'learning-rate', 'eta', 'step-size'],
  ['lr-decay', 'learning-rate-decay', 'lr-decay-factor', 'gamma'],
  ['lr-decay-after', 'learning-rate-decay-after'],
  ['lr-decay-epochs', 'lr-decay-every'],
  ['lr-schedule', 'scheduler', 'lr-scheduler'],
  ['warmup', 'warmup-iters', 'warmup-steps'],
  ['hidden', 'rnn-size', 'hidden-size', 'hidden-dim', 'hidden-units', 'num-units', 'units', 'size', 'n-embd'],
  ['layers', 'num-layers', 'n-layers', 'n-layer', 'depth'],
  ['cell', 'model', 'model-type', 'rnn-type', 'type'],
  ['embedding', 'wordvec-size', 'embed', 'embedding-size', 'embedding-dim'],
  ['seq-length', 'sequence-length', 'seq-len', 'block-size', 'bptt', 'context'],
  ['batch-size', 'batch'],
  ['epochs', 'max-epochs', 'num-epochs', 'n-epochs'],
  ['max-steps', 'max-iters', 'iterations', 'steps', 'num-steps'],
  ['budget', 'time', 'duration'],
  ['clip-norm', 'grad-clip', 'clip', 'max-grad-norm'],
  ['clip-value', 'grad-clip', 'clip'],
  ['val-fraction', 'validation-fraction', 'val-frac', 'val-split', 'validation-split'],
  ['val-file', 'validation-file'],
  ['eval-every', 'eval-val-every', 'eval-interval'],
  ['device', 'gpu', 'gpuid', 'gpu-backend'],
  ['optimizer', 'optimiser', 'optim'],
  ['init', 'initialisation', 'initialization'],
  ['patience', 'early-stopping'],
  ['temp', 'temperature', 't'],
  ['num', 'count', 'n', 'num-samples', 'samples'],
  ['length', 'n', 'max-new-tokens', 'max-length', 'characters', 'chars'],
  ['prime', 'primetext', 'start-text', 'start', 'prompt'],
  ['stop', 'stop-at', 'end'],
  ['checkpoint', 'run', 'runs', 'model', 'from'],
  ['corpus', 'text', 'data', 'data-dir', 'input', 'input-txt', 'input-h5', 'input-json', 'file'],
  ['part', 'split'],
  ['quiet', 'silent', 'q'],
  ['force', 'overwrite', 'f'],
];
/** Where a command writes. */
const outputs: readonly string[] = ['out', 'html', 'svg', 'record', 'to', 'output', 'o', 'out-dir', 'savefile', 'checkpoint-dir', 'save'];

/** `learningRate`, `learning_rate`, `--learning-rate`: the same. */
const bare = (name: string): string => name.replace(/[^a-z\d]/gi, '').toLowerCase();

/**
 * The names among those known that are written otherwise, or mean the same; empty if there is none.
 * @param more names of one meaning that the caller knows of
 */
export function namesMeant(word: string, known: readonly string[], more: readonly (readonly string[])[] = []): string[] {
  const wanted = bare(word);
  const alike = known.filter((name) => bare(name) === wanted);
  if (alike.length > 0) return alike;
  const meanings = [...more, ...synonyms, outputs].map((names) => names.map(bare)).filter((names) => names.includes(wanted));
  return known.filter((name) => meanings.some((names) => names.includes(bare(name))));
}

/** Whether a name means a file to write. */
export const meansOutput = (word: string): boolean => outputs.map(bare).includes(bare(word));
