// The peers in JavaScript. Each is a script in bench/peers/ that uses the packages of that folder.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { jsonLines, root, run } from './processes.js';

const folder = join(root, 'bench/peers');
const SECONDS = 4;
export const HOW_TO_INSTALL = 'npm install --prefix bench/peers';

/**
 * Peers as sides of a comparison, with a problem if they are not installed. `steps` counts the
 * steps that each round measured.
 */
export function javascriptPeers(corpus, configuration) {
  return [
    peer({
      name: 'TensorFlow.js, wasm',
      script: 'tensorflow.js',
      packageName: '@tensorflow/tfjs-backend-wasm',
      more: ['--backend', 'wasm'],
    }),
    peer({
      name: 'TensorFlow.js, cpu',
      script: 'tensorflow.js',
      packageName: '@tensorflow/tfjs-backend-cpu',
      more: ['--backend', 'cpu'],
    }),
    peer({ name: 'brain.js', script: 'brain.js', packageName: 'brain.js', more: [] }),
  ];

  function peer({ name, script, packageName, more }) {
    const version = installedVersion(packageName);
    const { hidden, layers, batch, seq } = configuration;
    const sizes = ['--hidden', hidden, '--layers', layers, '--batch', batch, '--seq', seq, '--seconds', SECONDS];
    const steps = [];
    return {
      name,
      version,
      optional: true,
      problem: version === null ? 'not installed' : null,
      steps,
      measure: () => {
        const told = jsonLines(run(process.execPath, [join(folder, script), corpus, ...sizes, ...more])).at(-1);
        steps.push(told.steps);
        return told.charactersPerSecond;
      },
    };
  }
}

function installedVersion(packageName) {
  try {
    return JSON.parse(readFileSync(join(folder, 'node_modules', packageName, 'package.json'), 'utf8')).version;
  } catch {
    return null;
  }
}
