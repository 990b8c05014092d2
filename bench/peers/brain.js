// How fast brain.js trains its LSTM, with the hidden size given once per layer: node
// bench/peers/brain.js CORPUS [--hidden 128] It does not have batches: it learns one string after
// the other, with an update after each, and always from a zero state. So `--batch` is not used, and
// a string is a window of the text. Strings of 200 characters are 5 % faster than strings of 50.
import brain from 'brain.js';
import { task, tell, trainingSpeed } from './measure.js';

const { text, hidden, layers, seq, seconds } = task();
const net = new brain.recurrent.LSTM({ hiddenLayers: Array.from({ length: layers }, () => hidden) });
net.options.dataFormatter.setup([text]); // its tokens: without this, only the tokens of the first window are known

// At its default rate of 0.01 the loss of this network explodes.
const trainOptions = { iterations: 1, learningRate: 0.002 };
let at = 0;
let error = null;
const speed = await trainingSpeed({ characters: seq, seconds }, () => {
  if (at + seq > text.length) at = 0;
  ({ error } = net.train([text.slice(at, at + seq)], trainOptions));
  at += seq;
});
tell('brain.js', 'brain.js', { ...speed, hidden, layers, seq, error });
