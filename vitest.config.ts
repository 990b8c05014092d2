import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

// Tests check results, never speed: a machine may be slow, and a test that hangs should still end. On few cores the runner itself has
// little to do, so each core gets a worker.
export default defineConfig({ test: { include: ['test/**/*.test.ts'], testTimeout: 120_000, hookTimeout: 120_000, maxWorkers: availableParallelism() } });
