// Mistakes on a command line, all with exit code 2.
import { type Fault, endingWith, sample, train } from './fault.ts';

const helpOfTrain = /^run rnn train --help to see how to choose a value$/;
const helpOfSample = /^run rnn sample --help to see how to choose a value$/;

const values = endingWith(2, [
  ['zero units', train('--hidden 0'), /^--hidden is 0: expected a whole number from 1 to 1,048,576$/, helpOfTrain],
  ['a fraction of a unit', train('--hidden 12.5'), /^--hidden is 12\.5: expected a whole number/, helpOfTrain],
  ['units that are not a number', train('--hidden NaN'), /^--hidden is NaN: expected a whole number/, helpOfTrain],
  ['an infinite number', train('--hidden 1e400'), /^--hidden is 1e400: expected a whole number/, helpOfTrain],
  ['a number followed by a letter', train('--hidden 8x'), /^--hidden is 8x: expected a whole number/, helpOfTrain],
  [
    'more units than any machine has',
    train('--hidden 9999999'),
    /^--hidden is 9999999: expected a whole number from 1 to 1,048,576$/,
    helpOfTrain,
  ],
  [
    'more layers than any program has',
    train('--layers 1025'),
    /^--layers is 1025: expected a whole number from 1 to 1,024$/,
    helpOfTrain,
  ],
  [
    'a learning rate of zero',
    train('--learning-rate 0'),
    /^--learning-rate is 0: expected a number above 0/,
    helpOfTrain,
  ],
  [
    'a negative learning rate',
    train('--learning-rate -1'),
    /^--learning-rate is -1: expected a number above 0/,
    helpOfTrain,
  ],
  [
    'an infinite learning rate',
    train('--learning-rate Infinity'),
    /^--learning-rate is Infinity: expected a number above 0 and at most 1,000$/,
    helpOfTrain,
  ],
  ['an empty value', train("--learning-rate ''"), /^--learning-rate is empty: expected a number/, helpOfTrain],
  [
    'a dropout of 1',
    train('--dropout 1'),
    /^--dropout is 1: expected a number of at least 0 and below 1$/,
    helpOfTrain,
  ],
  [
    'a validation fraction of 1',
    train('--validation-fraction 1'),
    /^--validation-fraction is 1: expected a number of at least 0 and below 1$/,
    helpOfTrain,
  ],
  ['a negative norm', train('--clip-norm -5'), /^--clip-norm is -5: expected a number of at least 0$/, helpOfTrain],
  ['a momentum of 1', train('--momentum 1'), /^--momentum is 1: expected/, helpOfTrain],
  ['a negative seed', train('--seed -1'), /^--seed is -1: expected a whole number of at least 0$/, helpOfTrain],
  [
    'a seed that loses digits',
    train('--seed 99999999999999999999'),
    /^--seed is 99999999999999999999: expected a whole number/,
    helpOfTrain,
  ],
  [
    'a number with a comma',
    train('--epochs 1,5'),
    /^--epochs is 1,5: expected a number above 0 and at most 1,000,000,000$/,
    /^write 1\.5, or use rnn sweep to try several values: --grid epochs=1,5$/,
  ],
  ['a fraction of a step', train('--max-steps 1.5'), /^--max-steps is 1\.5: expected a whole number/, helpOfTrain],
  [
    'a negative number of steps',
    train('--checkpoint-every -1'),
    /^--checkpoint-every is -1: expected a whole number of at least 0$/,
    helpOfTrain,
  ],
  ['zero threads', train('--threads 0'), /^--threads is 0: expected a whole number from 1 to 65,536$/, helpOfTrain],
  [
    'a time without a unit',
    train('--budget 30'),
    /^--budget is 30: expected a duration such as 30s, 3m or 1\.5h$/,
    /^add a unit: --budget 30s, 30m or 30h$/,
  ],
  ['no time', train('--max-time 0s'), /^--max-time is 0s: expected a duration/, helpOfTrain],
  [
    'a misspelt cell',
    train('--cell lsmt'),
    /^--cell is lsmt: expected one of rnn, rnn-relu, irnn, lstm, lstm-peephole, lstm-1997, lstm-coupled, mlstm, gru, gru-cho, mut1, mut2, mut3$/,
    /^did you mean lstm\?$/,
  ],
  [
    'a name with a superfluous letter',
    train('--optimizer adamx'),
    /^--optimizer is adamx: expected one of adam, rmsprop, adagrad, sgd$/,
    /^did you mean adam\?$/,
  ],
  [
    'a misspelt device',
    train('--device gpuu'),
    /^--device is gpuu: expected one of auto, cpu, gpu,/,
    /^did you mean gpu\?$/,
  ],
  [
    'an unknown device in the environment',
    train(''),
    /^RNN_DEVICE is abacus: expected one of auto, cpu, gpu,/,
    helpOfTrain,
    { around: { env: { RNN_DEVICE: 'abacus' } } },
  ],
  ['an empty folder name', "train @text.txt --out ''", /^--out is empty: expected some text$/, helpOfTrain],
  [
    'a negative temperature',
    sample('--temp -1'),
    /^--temp is -1: expected a number of at least 0, or two such as 0.3..1.2$/,
    helpOfSample,
  ],
  ['a temperature that is not a number', sample('--temp warm'), /^--temp is warm: expected a number/, helpOfSample],
  [
    'a negative length',
    sample('--length -1'),
    /^--length is -1: expected a whole number of at least 1, or inf$/,
    helpOfSample,
  ],
  ['a top-k of zero', sample('--top-k 0'), /^--top-k is 0: expected a whole number/, helpOfSample],
  [
    'a probability above 1',
    sample('--top-p 1.5'),
    /^--top-p is 1\.5: expected a number above 0 and at most 1$/,
    helpOfSample,
  ],
  ['a count of zero', sample('--count 0'), /^--count is 0: expected a whole number/, helpOfSample],
  ['an empty stop', sample("--stop ''"), /^--stop is empty: expected some text$/, helpOfSample],
  [
    'a measurement of zero seconds',
    'bench --seconds 0',
    /^--seconds is 0: expected a number above 0$/,
    /^run rnn bench --help/,
  ],
  [
    'an unknown device for rnn doctor',
    'doctor --device tpu',
    /^--device is tpu: expected one of auto, cpu,/,
    /^did you mean cpu\?$/,
  ],
]);

const words = endingWith(2, [
  ['a misspelt flag', train('--hiden 8'), /^unknown option '--hiden'$/, /^did you mean --hidden\?$/],
  ['a misspelt flag, as JSON', train('--hiden 8 --json'), /^unknown option '--hiden'$/, /^did you mean --hidden\?$/],
  ['a bad value, as JSON', train('--hidden 0 --json'), /^--hidden is 0: expected/, helpOfTrain],
  [
    'a flag of another command',
    sample('--epochs 3'),
    /^unknown option '--epochs'$/,
    /^run rnn sample --help to list its options$/,
  ],
  ['a misspelt command', 'trian @text.txt', /^unknown command 'trian'$/, /^did you mean train\?$/],
  ['an unknown command', 'paint @text.txt', /^unknown command 'paint'$/, /^run rnn --help to list the commands$/],
  [
    'no text',
    'train',
    /^the corpus is missing: expected a file, a folder, or - for standard input$/,
    /^run rnn train --help/,
  ],
  ['a flag without its value', train('--hidden'), /^option '--hidden <n>' argument missing$/, /^run rnn train --help/],
  ['one argument too many', 'export @run @run', /^too many arguments for 'export'/, /^run rnn export --help/],
  ['an unknown built-in corpus', 'corpus hamlet', /^built-in corpus not found: hamlet$/, /sonnets/],
  [
    '--resume together with --force',
    train('--resume --force'),
    /^cannot use --resume and --force together$/,
    /^use --resume to continue the existing run, or --force to replace it$/,
  ],
  [
    'another text for a new run',
    train('--accept-new-corpus'),
    /^cannot use --accept-new-corpus without --resume$/,
    /a new run takes any text/,
  ],
  ['two lengths', train('--epochs 2 --budget 3m'), /^cannot use --epochs and --budget together$/, /use one/],
  [
    'three lengths',
    train('--epochs 2 --max-steps 5 --budget 3m'),
    /^cannot use --epochs, --max-steps and --budget together$/,
    /use one/,
  ],
  [
    'two validation texts',
    train('--validation-fraction 0.2 --validation-file @other.txt'),
    /^cannot use --validation-fraction and --validation-file together$/,
    /use a fraction of the text, or another text/,
  ],
  [
    'kernels of the cpu for another device',
    train('--device reference --kernels wasm'),
    /^cannot use --kernels with --device reference: only the cpu has kernels$/,
    /omit --kernels, or use --device cpu/,
  ],
  [
    'patience without evaluations',
    train('--patience 3 --validation-fraction 0'),
    /^cannot use --patience 3: the run has no evaluations/,
    /^validate on a longer text with --validation-fraction or --validation-file, or omit --patience$/,
  ],
  ['rare bytes', train('--level byte --min-count 2'), /^cannot use --min-count with --level byte/, /omit one of them/],
  [
    'two prompts',
    sample('--prime a --prime-file @one.txt'),
    /^cannot use --prime and --prime-file together$/,
    /use one/,
  ],
  [
    'a profile without a measurement',
    'bench --dry-run --profile',
    /^cannot use --profile and --dry-run together$/,
    /: a profile needs a measurement$/,
  ],
  ['standard input twice', train('', '- -'), /^cannot read standard input \(-\) twice$/, /to a file/],
  [
    'standard input as text and as validation text',
    train('--validation-file -', '-'),
    /^cannot read standard input \(-\) twice$/,
    /to a file/,
  ],
]);

const tooMuch = endingWith(2, [
  [
    'a model too large for any memory',
    train('--hidden 1000000 --batch-size 2 --sequence-length 8'),
    /^cannot fit this model and batch into memory: about [\d,.]+ GB needed, [\d,.]+ GB free$/,
    /lower --hidden/,
  ],
  [
    'too long a sequence with --random-length',
    train('--sequence-length 2000 --batch-size 1 --random-length'),
    /^--sequence-length 2000 with --layers 1 is too long to plan: expected at most 1638$/,
    /32 to 256/,
  ],
  [
    'too long a sequence',
    train('--sequence-length 3000 --batch-size 1'),
    /^--sequence-length 3000 with --layers 1 is too long to plan: expected at most 2048$/,
    /32 to 256/,
  ],
]);

export const usageFaults: readonly Fault[] = [...values, ...words, ...tooMuch];
