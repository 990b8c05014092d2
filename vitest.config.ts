import { readFileSync, readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that take long. If one of them started last, it would run alone. */
const long = [
  'parity/devices',
  'parity/software-gpu',
  'devices/gpu/styles',
  'devices/gpu/executable',
  'devices/gpu/failures',
  'diagnosis/parity',
  'docs',
  'cli/faults',
  'training/resume',
  'api/docs',
  'devices/gpu/dispatches',
  'sampling/together',
  'cli/binary',
  'runs/hostile',
  'training/learning',
  'devices/gpu/fuzz',
  'devices/pytorch',
  'formats/distributed',
  'formats/pytorch',
];

const test = join(import.meta.dirname, 'test');
const needs = new Map<string, boolean>();

/**
 * Whether a test, or a file that it imports from test/, replaces modules or sets environment
 * variables when it is loaded. Such a file gets a separate process. All others share processes, so
 * that the program is not loaded for each of them, which takes two thirds of the time of a short
 * file.
 */
function needsProcess(path: string): boolean {
  if (!needs.has(path)) {
    needs.set(path, false); // while it is examined
    const source = readFileSync(path, 'utf8');
    const imported = [...source.matchAll(/^(?:import|export|\}) .*'(\.[^']+\.ts)';$/gm)]
      .map(([, name]) => resolve(dirname(path), name))
      .filter((other) => other.startsWith(test));
    needs.set(
      path,
      /\bvi\.(mock|hoisted)\(|^(if .*)?(process\.env|vi\.stubEnv)\b/m.test(source) || imported.some(needsProcess),
    );
  }
  return needs.get(path)!;
}

const files = readdirSync(test, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.test.ts'))
  .map((name) => join(test, name));
const [alone, together] = [files.filter(needsProcess), files.filter((path) => !needsProcess(path))];

/** Long files first, and files that share processes last, because the other files would end them. */
class InOrder extends BaseSequencer {
  override async sort(specifications: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId, project }: TestSpecification): number => {
      const index = long.findIndex((name) => moduleId.endsWith(`/test/${name}.test.ts`));
      return (index < 0 ? long.length : index) + (project.config.isolate ? 0 : long.length + 1);
    };
    // oxlint-disable-next-line unicorn/no-array-sort -- this is not the method of an array
    return (await super.sort(specifications)).toSorted((a, b) => rank(a) - rank(b));
  }
}

// Tests check results, never speed: a machine may be slow, and a test that hangs should still end.
// On few cores the runner itself has little to do, so each core gets a worker.
export default defineConfig({
  test: {
    testTimeout: 120_000,
    hookTimeout: 120_000,
    maxWorkers: availableParallelism() + 1,
    sequence: { sequencer: InOrder },
    projects: [
      { extends: true, test: { name: 'alone', include: alone } },
      { extends: true, test: { name: 'together', include: together, isolate: false } },
    ],
  },
});
