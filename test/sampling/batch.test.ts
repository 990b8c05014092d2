import { describe, expect, test } from 'vitest';
import type { Checkpoint } from '../../src/runs/checkpoint.ts';
import { characterVocabulary } from '../../src/corpus/vocabulary.ts';
import { openCpu } from '../../src/devices/cpu/cpu.ts';
import type { Device } from '../../src/devices/device.ts';
import { openDevice } from '../../src/devices/open.ts';
import { openReference } from '../../src/devices/reference/reference.ts';
import { allCells } from '../../src/model/cells/registry.ts';
import { type OneText, type SamplerUse, type SampledTextsRequest, openSampler } from '../../src/sampling/sample.ts';
import { isEverything } from '../everything.ts';
import { missing } from '../devices/cpu/helpers.ts';
import { cyclic, recording, untrained } from './fixture.ts';

const letters = characterVocabulary('abcdefghijklmnopqrstuvwxyz \n', false).data;
const ofSeeds = (...seeds: number[]): OneText[] => seeds.map((seed) => ({ seed }));
const seedsFrom = (first: number, count: number): number[] => Array.from({ length: count }, (_, i) => first + i);

/** A request for several texts. */
interface Asked extends Partial<Omit<SampledTextsRequest, 'texts'>> {
  readonly seeds?: readonly number[];
}

async function texts(checkpoint: Checkpoint, request: Asked, device: Device, use: SamplerUse = {}): Promise<string[]> {
  const { seeds = [1], prime = '', stop = null } = request;
  const sampler = await openSampler(checkpoint, device, {
    texts: seeds.length,
    ...use,
  });
  const all: string[] = [];
  try {
    for (const text of sampler.texts({
      prime,
      length: 40,
      stop,
      options: {},
      ...request,
      texts: seeds.map((seed) => ({ seed })),
    })) {
      let whole = '';
      for await (const piece of text) whole += piece;
      all.push(whole);
    }
  } finally {
    await sampler.close();
    await device.close();
  }
  return all;
}

/** The same texts, each from a separate sampler. */
async function alone(
  checkpoint: Checkpoint,
  { seeds = [1], ...request }: Asked,
  open: () => Promise<Device> | Device,
): Promise<string[]> {
  const all: string[] = [];
  for (const seed of seeds) all.push(...(await texts(checkpoint, { ...request, seeds: [seed] }, await open())));
  return all;
}

/**
 * Weights far from 0, so that a difference in the last bit soon becomes a difference in the text.
 * For relu not so far that it overflows.
 */
function lively(size: Parameters<typeof untrained>[2]): Checkpoint {
  const factor = size?.cell === 'rnn-relu' ? 1 : 4;
  return untrained(letters, (_, data) => data.forEach((value, i) => void (data[i] = factor * value)), size);
}

describe('several texts sampled together are the same as each alone', () => {
  test('if the device has threads and the fastest kernels, and alone neither', async () => {
    const checkpoint = lively({ hidden: 1024, layers: 1 });
    const request = { seeds: seedsFrom(1, 8), prime: 'to be\n', length: 20 };
    expect(await texts(checkpoint, request, await openCpu({ threads: 2 }))).toEqual(
      await alone(checkpoint, request, () => openCpu({ threads: 1, kernels: 'wasm' })),
    );
  });

  for (const [at, kernels] of (['avx512', 'avx2', 'wasm', 'wasm-portable'] as const).entries()) {
    // Each size runs with two of the four kernels, or with RNN_TEST=all with each. More than 256
    // units are summed in two parts. 13 and 300 are not multiples of the widths of vectors and panels.
    for (const [count, hidden, layers] of [
      [2, 13, 1],
      [3, 300, 1],
      [5, 64, 2],
      [6, 13, 3],
      [7, 128, 2],
      [8, 256, 1],
      [13, 40, 1],
      [32, 32, 1],
      [33, 24, 2],
    ].filter((_, index) => isEverything || index % 2 === at % 2)) {
      test.skipIf(missing(kernels) !== '')(
        `${count} of ${layers} layer(s) of ${hidden} units, ${kernels}${missing(kernels)}`,
        async () => {
          const open = (): Promise<Device> => openCpu({ kernels });
          const checkpoint = lively({ hidden, layers });
          const request = { seeds: seedsFrom(count, count), prime: 'to be\n', length: 60 };
          const together = await texts(checkpoint, request, await open());
          expect(new Set(together).size).toBe(count);
          expect(together).toEqual(await alone(checkpoint, request, open));
        },
      );
    }
  }

  test.each(allCells.map(({ name }) => name))('%s', async (cell) => {
    const checkpoint = lively({ cell, layers: 2, hidden: 20 });
    const request = { seeds: seedsFrom(1, 4), length: 60 };
    expect(await texts(checkpoint, request, await openCpu())).toEqual(await alone(checkpoint, request, openCpu));
  });

  test('with the rows divided among threads', async () => {
    const checkpoint = lively({ hidden: 480, layers: 2 });
    const request = { seeds: seedsFrom(1, 14), length: 20, prime: 'th' };
    const device = await openCpu({ threads: 2 });
    const compiled: string[] = [];
    const watched: Device = {
      ...device,
      async compile(workload) {
        const executable = await device.compile(workload);
        compiled.push(executable.description);
        return executable;
      },
    };
    const together = await texts(checkpoint, request, watched);
    expect(compiled).toEqual([expect.stringContaining('2 threads')]);
    expect(together).toEqual(await alone(checkpoint, request, openCpu));
  });

  test('with filters, and at temperature 0', async () => {
    const checkpoint = lively({ hidden: 20 });
    for (const options of [{ temperature: 0 }, { temperature: 0.8, topK: 5, topP: 0.9, minP: 0.01 }]) {
      const request = { seeds: seedsFrom(7, 5), options };
      expect(await texts(checkpoint, request, await openCpu())).toEqual(await alone(checkpoint, request, openCpu));
    }
  });

  test.each(['reference', 'gpu:cpu'])('on %s', async (name) => {
    const open = (): Promise<Device> => openDevice(name);
    const request = { seeds: seedsFrom(3, 3), length: 12, prime: 'ab', stop: 'e' };
    expect(await texts(lively({ hidden: 6 }), request, await open())).toEqual(
      await alone(lively({ hidden: 6 }), request, open),
    );
  });
});

describe('texts that end early', () => {
  test('are the same as alone, and so are the texts that continue', async () => {
    const checkpoint = lively({ hidden: 20, layers: 2 });
    for (const count of [2, 7, 40]) {
      const request = { seeds: seedsFrom(1, count), length: 120, stop: 'q' };
      const together = await texts(checkpoint, request, await openCpu());
      expect(new Set(together.map((text) => text.length)).size).toBeGreaterThan(1);
      expect(together).toEqual(await alone(checkpoint, request, openCpu));
    }
  });
});

describe('a batch of texts', () => {
  test('reads the prompt once for all texts, and takes one step for a character of each', async () => {
    const { device, steps } = recording(openReference());
    await texts(
      cyclic(letters, 1),
      { seeds: seedsFrom(1, 4), prime: 'abc', length: 6, options: { temperature: 0 } },
      device,
    );
    const a = letters.symbols.indexOf('a');
    expect(steps.map(({ ids }) => ids)).toEqual([
      [a],
      [a + 1],
      [a + 2],
      ...[3, 4, 5, 6, 7].map((i) => new Array<number>(4).fill(a + i)),
    ]);
  });

  test('is one of several equally large batches if there are many texts, after one reading of the prompt', async () => {
    const { device, steps } = recording(openReference());
    await texts(
      cyclic(letters, 1),
      { seeds: seedsFrom(1, 70), prime: 'abc', length: 3, options: { temperature: 0 } },
      device,
    );
    expect(steps.map(({ ids }) => ids.length)).toEqual([1, 1, 1, 24, 24, 24, 24, 24, 24]);
  });

  test('has sampled the later texts when the first is complete', async () => {
    const { device, steps } = recording(openReference());
    const sampler = await openSampler(lively({}), device, { texts: 3 });
    const counts: number[] = [];
    for (const text of sampler.texts({ prime: '', length: 30, stop: null, texts: ofSeeds(1, 2, 3), options: {} })) {
      for await (const _ of text);
      counts.push(steps.length);
    }
    expect(counts).toEqual([30, 30, 30]); // one for the start, 29 that follow a character
    await sampler.close();
  });

  test('returns its first character before it samples more', async () => {
    const { device, steps } = recording(openReference());
    const sampler = await openSampler(lively({}), device, { texts: 2 });
    const [text] = sampler.texts({ prime: 'ab', length: 30, stop: null, texts: ofSeeds(1, 2), options: {} });
    expect((await text.next()).value).toHaveLength(1);
    expect(steps.length).toBe(2);
    await text.return(undefined);
    await sampler.close();
  });
});

test('the request may have endlessly many texts, and long texts do not all wait in memory', async () => {
  let asked = 0;
  function* endless(): Generator<OneText> {
    for (;;) yield { seed: ++asked };
  }
  const device = await openCpu();
  const sampler = await openSampler(lively({ hidden: 8, layers: 1 }), device, { texts: 5e9, length: 3.2e7 });
  let begun = 0;
  const request = { prime: '', length: 3.2e7, stop: [...'aeiou'], options: {}, texts: endless() };
  for (const text of sampler.texts(request)) {
    for await (const piece of text) expect(piece).not.toBe('');
    if (++begun === 3) break;
  }
  // Two at a time: the third, which is read, and the fourth.
  expect(asked).toBe(4);
  await sampler.close();
  await device.close();
});
