// Runs with each of the kernels, chosen by RNN_KERNELS: machine code and the fused WebAssembly
// kernels train the same weights, bit for bit.
import { afterEach, describe, expect, test, vi } from 'vitest';
import { openCpu } from '../../../src/devices/cpu/cpu.ts';
import type { KernelName } from '../../../src/options/choices.ts';
import { type Checkpoint, readCheckpoint } from '../../../src/runs/store.ts';
import { timeless, train, verses } from '../../training/fixture.ts';
import { kernels, missing } from './helpers.ts';

afterEach(() => void vi.unstubAllEnvs());

/** Widths that do not fill a whole number of vectors and panels. */
const options = { layers: 2, hidden: 50, batchSize: 9, sequenceLength: 3, dropout: 0.1, maxSteps: 200 } as const;

async function trained(name: KernelName, cell: string, maxSteps: number, layerNorm = false): Promise<Checkpoint> {
  vi.stubEnv('RNN_KERNELS', name);
  const device = await openCpu({ threads: 2 });
  const { folder } = await train(verses, { ...options, cell, layerNorm, maxSteps }, { device });
  return readCheckpoint(`${folder.path}/latest.json`);
}

/** The numbers of whole runs, without the names of the kernels. */
function numbersOf(checkpoint: Checkpoint): unknown {
  const { device: _, ...training } = checkpoint.training;
  return timeless({ ...checkpoint, training });
}

/** Without fused multiply-add in WebAssembly, machine code cannot be compared with it. */
const isFused = kernels.variant === 'relaxed';

describe.each([
  ['lstm', false],
  ['lstm', true],
  ['gru', false],
  ['mlstm', false],
] as const)('200 steps of a %s (layer normalisation: %s)', (cell, layerNorm) => {
  let fused: Promise<Checkpoint> | undefined;
  for (const name of ['avx512', 'avx2'] as const)
    test.skipIf(!isFused || missing(name) !== '')(
      `give the same checkpoint with ${name} and wasm${missing(name)}`,
      async () => {
        const ours = await trained(name, cell, 200, layerNorm);
        const theirs = await (fused ??= trained('wasm', cell, 200, layerNorm));
        expect(ours.training['device']).toMatch(/^cpu: machine code \(AVX/);
        expect(theirs.training['device']).toBe('cpu: WebAssembly (fused multiply-add), 2 threads');
        expect(numbersOf(ours)).toEqual(numbersOf(theirs));
      },
    );
});

test('a short run with the portable kernels reports that they are portable', async () => {
  const portable = await trained('wasm-portable', 'lstm', 5);
  expect(portable.training['device']).toBe('cpu: WebAssembly (portable SIMD), 2 threads');
});
