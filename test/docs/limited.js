// `rnn` as commands of the pages find it: the program with the words of the page and, after them,
// options that keep a training short. They set a small network, short sequences (because planning a
// program takes time for each time step), a few update steps or a second unless the page sets
// fewer, one device to check, and one measurement. Knows nothing about the pages.
const words = process.argv.slice(2);
const limits = limitsOf(words);
process.argv.splice(2, words.length, ...without(words, limits), ...limits);
await import('../../bin/rnn.js');

/** The words without the options that have a limit, each with its value: an option can be given once. */
function without(given, limited) {
  const isLimited = (word) => word?.startsWith('--') && word !== '--' && limited.includes(word.split('=')[0]);
  return given.filter(
    (word, index) => !isLimited(word) && !(isLimited(given[index - 1]) && !given[index - 1].includes('=')),
  );
}

function limitsOf([command, ...rest]) {
  if (rest.includes('--help') || rest.includes('-h') || rest.includes('--dry-run') || rest.includes('--emit'))
    return [];
  if (command === 'train') return trainingLimits(rest);
  if (command === 'doctor') return rest.includes('--device') ? [] : ['--device', 'cpu'];
  if (command === 'bench') return ['--seconds', '0.2'];
  if (command === 'gradients') return ['--steps', '40', '--positions', '1', '--jacobians', '1'];
  if (command !== 'sweep') return [];
  // A length or a size may be an option of the sweep, which excludes it from the other words.
  const end = rest.includes('--') ? rest.indexOf('--') : rest.length;
  const axes = rest
    .slice(0, end)
    .filter((word) => word.includes('='))
    .map((word) => `--${word.slice(0, word.indexOf('='))}`);
  return [...(end === rest.length ? ['--'] : []), ...trainingLimits([...axes, ...rest.slice(end + 1)])];
}

function trainingLimits(given) {
  const has = (...options) =>
    options.some((option) => given.some((word) => word === option || word.startsWith(`${option}=`)));
  return [
    // The model of a run or a checkpoint cannot be changed. Steps replace the time of a preset.
    ...(has('--resume', '--init-from') || (has('--hidden') && !isTrainable(given)) ? [] : ['--hidden', '8']),
    // A run that the page shows diverging does so with the usual sequence length.
    ...(has('--sequence-length', '--max-recoveries') ? [] : ['--sequence-length', '8']),
    ...(has('--epochs', '--max-steps', '--budget') ? [] : ['--max-steps', '5']),
    ...(has('--threads') ? [] : ['--threads', '1']),
    '--max-time',
    '1s',
  ];
}

/**
 * Whether the page shows a size that would take long to train. Sizes of a sweep and sizes that are
 * refused do not count.
 */
function isTrainable(given) {
  const hidden = Number(given[given.indexOf('--hidden') + 1]);
  return hidden >= 100 && hidden < 10_000;
}
