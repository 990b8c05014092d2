import { describe, expect, test } from 'vitest';
import { describeCpu } from '../../../src/devices/cpu/setups.ts';
import type { Kernels } from '../../../src/devices/cpu/choose.ts';
import { gemmPanelsScratch, packedPanelsSize } from '../../../src/devices/cpu/kernels.ts';
import { type Plan, planWithin, planWorkload as planWith } from '../../../src/devices/cpu/plan.ts';
import { embeddedProducts } from '../../../src/devices/cpu/products.ts';
import type { Workload } from '../../../src/devices/device.ts';
import { allCells } from '../../../src/model/cells/registry.ts';
import type { ModelConfiguration } from '../../../src/model/configuration.ts';
import { networkProgram, trainingProgram } from '../../../src/model/network.ts';
import { noRegularisation } from '../../../src/model/regularisation.ts';
import { parameterShapes } from '../../../src/model/parameters.ts';
import { runUninterrupted } from '../../../src/sliced-work.ts';
import { countParameters } from '../../../src/program/value.ts';
import { createOptimizer } from '../../../src/training/optimizers.ts';

const planWorkload = (workload: Workload, threads: number): Plan =>
  runUninterrupted(planWith(workload, threads, embeddedProducts));

interface Size {
  readonly cell?: string;
  readonly T?: number;
  readonly N?: number;
  readonly streams?: number;
  readonly weightDropout?: number;
}

function workloadOf({ cell = 'lstm', T = 3, N = 13, streams = 16, weightDropout = 0 }: Size = {}): {
  workload: Workload;
  model: ModelConfiguration;
} {
  const model: ModelConfiguration = {
    cell,
    layers: 2,
    hidden: 7,
    embedding: 0,
    vocabulary: 5,
    forgetBias: 1,
    initialisation: 'uniform',
    dropout: 0,
    conventions: {},
  };
  return {
    model,
    workload: {
      parameters: parameterShapes(model),
      jobs: [
        {
          name: 'train',
          steps: T,
          batch: N,
          build: (rows) => trainingProgram(model, { steps: T, rows }, 1, { ...noRegularisation, weightDropout }),
        },
        {
          name: 'evaluate',
          steps: T,
          batch: streams,
          build: (rows) => networkProgram(model, { steps: T, rows }, { loss: true }),
        },
        {
          name: 'sample',
          steps: 1,
          batch: N,
          build: (rows) => networkProgram(model, { steps: 1, rows }, { outputs: 'logits' }),
        },
      ],
      update: createOptimizer({ optimizer: 'adam', clipNorm: 5, momentum: 0.9 }).rule,
    },
  };
}

interface MemoryRange {
  readonly name: string;
  readonly from: number;
  readonly bytes: number;
}

/** All parts of the memory of a plan, with the sizes that their users need. */
function memoryRangesOf(plan: Plan, { workload, model }: ReturnType<typeof workloadOf>): MemoryRange[] {
  const P = countParameters(workload.parameters);
  const { shard } = plan;
  const max = (measure: (job: Plan['jobs'][number]) => number): number => Math.max(...plan.jobs.map(measure));
  const steps = max(({ job, shardRows }) => job.steps * shardRows[0]);
  const arena = max(({ programs }) => Math.max(...[...programs.values()].map(({ layout }) => layout.arenaElements)));
  const shardRanges: MemoryRange[] = [
    { name: 'ids', from: shard.ids, bytes: 4 * steps },
    { name: 'targets', from: shard.targets, bytes: 4 * steps },
    { name: 'dropout', from: shard.dropout, bytes: 12 },
    { name: 'loss', from: shard.loss, bytes: 8 },
    { name: 'squares', from: shard.gradientSquareSum, bytes: 8 },
    { name: 'gradient scale', from: shard.gradientScale, bytes: 4 },
    ...[...shard.states].map(([name, from]) => ({
      name,
      from,
      bytes: 4 * model.hidden * plan.jobs.find(({ job }) => name.startsWith(`${job.name} `))!.shardRows[0],
    })),
    { name: 'gradients', from: shard.gradients, bytes: 4 * P },
    ...[...shard.panels].map(([name, from]) => ({
      name: `panels ${name}`,
      from,
      bytes:
        4 *
        packedPanelsSize(
          ...((name.includes('true') ? [4 * model.hidden, model.hidden] : [model.hidden, 4 * model.hidden]) as [
            number,
            number,
          ]),
        ),
    })),
    { name: 'scratch', from: shard.scratch, bytes: 4 * gemmPanelsScratch(steps, model.hidden) },
    { name: 'arena', from: shard.arena, bytes: 4 * arena },
  ];
  return [
    { name: 'control', from: 0, bytes: 64 },
    { name: 'parameters', from: plan.parameterVector, bytes: 4 * P },
    ...[...plan.optimizerSlots].map(([name, from]) => ({ name, from, bytes: 4 * P })),
    ...[...plan.updateScalars].map(([name, from]) => ({ name, from, bytes: 4 })),
    ...plan.panels.map(({ parameter, transposed, K, N, address }) => ({
      name: `panels of ${parameter} ${transposed}`,
      from: address,
      bytes: 4 * packedPanelsSize(K, N),
    })),
    ...plan.shardBases.flatMap((base, worker) =>
      shardRanges.map(({ name, from, bytes }) => ({
        name: `${name} of worker ${worker}`,
        from: base + from,
        bytes,
      })),
    ),
  ];
}

/** Each part of the memory starts on a new cache line, and ends before the next part. */
function refuseOverlap(plan: Plan, given: ReturnType<typeof workloadOf>): void {
  const ranges = memoryRangesOf(plan, given).toSorted((a, b) => a.from - b.from);
  for (const [index, { name, from, bytes }] of ranges.entries()) {
    expect(from % 64, name).toBe(0);
    expect(from + bytes, `${name} overlaps the next part`).toBeLessThanOrEqual(ranges[index + 1]?.from ?? plan.bytes);
  }
}

describe('the batch', () => {
  test.each([
    [{ N: 13 }, 1, [13]],
    [{ N: 13 }, 2, [7, 6]],
    [{ N: 13 }, 3, [5, 4, 4]],
    [{ N: 13 }, 16, [5, 4, 4]],
    [{ N: 7 }, 2, [7]],
    [{ N: 8 }, 2, [4, 4]],
    [{ N: 1 }, 2, [1]],
  ] as const)('%o with %i threads is divided evenly, with at least four rows per worker', (size, threads, rows) => {
    const plan = planWorkload(workloadOf(size).workload, threads);
    expect(plan.jobs[0].shardRows.filter((count) => count > 0)).toEqual(rows);
    expect(plan.jobs.every(({ shardRows }) => shardRows.length === plan.workers)).toBe(true);
    expect([...plan.jobs[0].programs.keys()].toSorted((a, b) => b - a)).toEqual([...new Set<number>(rows)]);
  });

  test('of every job is covered once, by programs for the rows of the workers', () => {
    for (const { job, shardRows, programs } of planWorkload(workloadOf({ N: 9, streams: 11 }).workload, 2).jobs) {
      expect(
        shardRows.reduce((sum, rows) => sum + rows, 0),
        job.name,
      ).toBe(job.batch);
      expect(Math.max(...shardRows) - Math.min(...shardRows), job.name).toBeLessThanOrEqual(1);
      for (const [rows, { program }] of programs)
        expect(
          program.values.filter((value) => value.kind === 'loadState').every((state) => state.rows === rows),
          job.name,
        ).toBe(true);
    }
  });
});

test('a small job does not reduce the workers of other jobs', () => {
  const plan = planWorkload(workloadOf({ N: 32, streams: 1 }).workload, 2);
  expect(plan.jobs.map(({ shardRows }) => shardRows)).toEqual([
    [16, 16],
    [1, 0],
    [16, 16],
  ]);
});

describe('a limit on memory', () => {
  const { workload } = workloadOf({ N: 64 });
  const bytesOf = (threads: number): number => planWorkload(workload, threads).bytes;
  const within = (maxBytes: number): Plan => runUninterrupted(planWithin(workload, 16, embeddedProducts, maxBytes));

  test('gives the maximum number of workers that fit', () => {
    const bytes = Array.from({ length: 16 }, (_, i) => bytesOf(i + 1));
    for (const maxBytes of bytes.flatMap((exact) => [exact, exact + 1000])) {
      const workers = bytes.findLastIndex((each) => each <= maxBytes) + 1;
      expect(within(maxBytes)).toMatchObject({ workers, bytes: bytes[workers - 1] });
    }
  });

  test('that one worker exceeds leaves one worker, which the device refuses', () => {
    expect(within(bytesOf(1) - 1)).toMatchObject({ workers: 1 });
  });

  test('reduces the number of threads', () => {
    const kernels = { name: 'avx2', module: { variant: 'portable' } } as Kernels;
    expect(describeCpu(kernels, within(bytesOf(1)).workers)).toMatch(/, 1 thread$/);
    expect(describeCpu(kernels, within(bytesOf(16)).workers)).toMatch(/, 16 threads$/);
  });
});

describe('the memory', () => {
  test.each(allCells.map((cell) => cell.name))(
    'of a %s starts every part on a new cache line, and parts do not overlap',
    (cell) => {
      for (const threads of [1, 3]) {
        const given = workloadOf({ cell });
        const plan = planWorkload(given.workload, threads);
        refuseOverlap(plan, given);
        expect(plan.pages * 65_536).toBeGreaterThanOrEqual(plan.bytes);
        expect((plan.pages - 1) * 65_536).toBeLessThan(plan.bytes);
      }
    },
  );

  test('holds the weights one after another, in the order of their list', () => {
    const { workload } = workloadOf();
    const plan = planWorkload(workload, 2);
    let next = plan.parameterVector;
    for (const { name, rows, columns } of workload.parameters) {
      expect(plan.parameters.get(name), name).toBe(next);
      next += 4 * rows * columns;
    }
    expect(plan.parameterCount).toBe(countParameters(workload.parameters));
  });

  test('holds the panels of a weight once for each way that products read it', () => {
    const { panels } = planWorkload(workloadOf().workload, 2);
    const read = panels.map(({ parameter, transposed, K, N }) => [parameter, transposed, K, N]);
    const [H, V] = [7, 5];
    expect(read.toSorted()).toEqual(
      [
        ['head.W', false, H, V],
        ['head.W', true, V, H],
        ['layer0.Wh', false, H, 4 * H],
        ['layer0.Wh', true, 4 * H, H],
        ['layer1.Wh', false, H, 4 * H],
        ['layer1.Wh', true, 4 * H, H],
        ['layer1.Wx', false, H, 4 * H],
        ['layer1.Wx', true, 4 * H, H],
      ].toSorted(),
    );
  });

  test('holds the panels of a weight with DropConnect in the region of each worker', () => {
    const given = workloadOf({ weightDropout: 0.3 });
    const plan = planWorkload(given.workload, 2);
    expect([...plan.shard.panels.keys()].toSorted()).toEqual(
      ['layer0.Wh', 'layer1.Wh'].flatMap((name) => [`elementwise ${name} false 8`, `elementwise ${name} true 8`]),
    );
    refuseOverlap(plan, given);
  });

  test('does not hold gradients if no job trains', () => {
    const { workload } = workloadOf();
    const bytes = (jobs: Workload['jobs']): number => planWorkload({ ...workload, jobs, update: null }, 1).bytes;
    const [, evaluation] = workload.jobs;
    expect(planWorkload({ ...workload, jobs: [evaluation], update: null }, 1).jobs[0].trains).toBe(false);
    expect(bytes(workload.jobs) - bytes([evaluation])).toBeGreaterThan(4 * countParameters(workload.parameters));
  });
});
