// How fast TensorFlow.js trains the same network: node bench/peers/tensorflow.js CORPUS [--backend
// wasm|cpu] [--hidden 128 …] Uses its LSTM layers, stateful, with one-hot input, cross-entropy,
// clipping by the global norm, and Adam. Neither `fit` nor `trainOnBatch` clips that way, so the
// step is written out as the TensorFlow.js guide shows. It is as fast as trainOnBatch. LSTM cells
// written by hand with its operations are 10 % faster on wasm. That backend has SIMD in Node, and
// no threads.
import * as tf from '@tensorflow/tfjs-core';
import * as tfLayers from '@tensorflow/tfjs-layers'; // brings the gradients
import { task, tell, trainingSpeed } from './measure.js';

const CLIP_NORM = 5;
const { text, hidden, layers, batch, seq, seconds, backend } = task({ backend: 'wasm' });
tf.enableProdMode();
await Promise.all([import('@tensorflow/tfjs-backend-cpu'), import('@tensorflow/tfjs-backend-wasm')]);
await tf.setBackend(backend);
await tf.ready();
if (tf.getBackend() !== backend) throw new Error(`TensorFlow.js runs on ${tf.getBackend()}, not on ${backend}`);

const alphabet = [...new Set(text)].toSorted();
const symbols = Int32Array.from(text, (character) => alphabet.indexOf(character));
const model = network();
const optimizer = tf.train.adam(2e-3);
let at = 0;
let lossNats = null;
const speed = await trainingSpeed({ characters: batch * seq, seconds }, async () => {
  ({ lossNats } = await step());
});
tell('TensorFlow.js', '@tensorflow/tfjs-core', {
  ...speed,
  backend,
  hidden,
  layers,
  batch,
  seq,
  symbols: alphabet.length,
  lossNats,
});

function network() {
  const sequential = tfLayers.sequential();
  for (let layer = 0; layer < layers; layer++) {
    const inputs = layer === 0 ? { batchInputShape: [batch, seq, alphabet.length] } : {};
    // The usual cell. By default its gates are piecewise linear instead of sigmoids, and its
    // weights orthogonal, which are slow to make.
    const usual = { recurrentActivation: 'sigmoid', recurrentInitializer: 'glorotUniform' };
    sequential.add(tfLayers.layers.lstm({ units: hidden, returnSequences: true, stateful: true, ...usual, ...inputs }));
  }
  sequential.add(tfLayers.layers.dense({ units: alphabet.length }));
  return sequential;
}

async function step() {
  const [inputs, targets] = nextWindow();
  const { value, grads } = tf.variableGrads(() => {
    const logits = model.apply(inputs, { training: true });
    return tf.losses.softmaxCrossEntropy(tf.reshape(targets, [batch * seq, -1]), tf.reshape(logits, [batch * seq, -1]));
  });
  const clipped = tf.tidy(() => clip(grads));
  optimizer.applyGradients(clipped);
  const [loss] = await value.data(); // waits for the step
  tf.dispose([inputs, targets, value, grads, clipped]);
  return { lossNats: loss };
}

/**
 * Tokens and the tokens that follow them, one-hot, (batch, seq, tokens) each. The batch rows start
 * at positions spread over the text.
 */
function nextWindow() {
  const length = Math.floor((symbols.length - 1) / batch);
  if (at + seq > length) at = 0;
  const windows = [0, 1].map((shift) => {
    const rows = Array.from({ length: batch }, (_, row) =>
      symbols.subarray(row * length + at + shift, row * length + at + shift + seq),
    );
    return tf.tidy(() => tf.cast(tf.oneHot(tf.tensor2d(rows, [batch, seq], 'int32'), alphabet.length), 'float32'));
  });
  at += seq;
  return windows;
}

function clip(grads) {
  const norm = tf.sqrt(tf.addN(Object.values(grads).map((gradient) => tf.sum(tf.square(gradient)))));
  const factor = tf.minimum(1, tf.div(CLIP_NORM, norm));
  return Object.fromEntries(Object.entries(grads).map(([name, gradient]) => [name, tf.mul(gradient, factor)]));
}
