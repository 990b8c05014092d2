import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * Files that take long, some of them by what they import: one of them started last would run alone.
 */
const long = [
  'parity/devices',
  'training/resume',
  'parity/software-gpu',
  'cli/faults',
  'training/learning',
  'docs',
  'training/runs-of-calls',
  'devices/gpu/fuzz',
  'reports/pages',
  'devices/cpu/blas',
  'devices/gpu/tiles',
  'formats/distributed',
  'formats/pytorch',
];

class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const index = long.findIndex((name) => moduleId.endsWith(`/test/${name}.test.ts`));
      return index < 0 ? long.length : index;
    };
    // oxlint-disable-next-line unicorn/no-array-sort -- it is no array's
    return (await super.sort(files)).toSorted((a, b) => rank(a) - rank(b));
  }
}

// Tests check results, never speed: a machine may be slow, and a test that hangs should still end.
// On few cores the runner itself has little to do, so each core gets a worker.
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    maxWorkers: availableParallelism() + 1,
    sequence: { sequencer: LongFirst },
  },
});
