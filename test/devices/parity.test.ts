import { describe, expect, test } from 'vitest';
import { parityChecks } from '../../src/diagnosis/parity.ts';
import { openDevice } from '../../src/devices/open.ts';
import type { Device } from '../../src/devices/device.ts';
import { RnnError } from '../../src/errors.ts';

/** The devices that are compared with the reference: a line each. One that does not open here is skipped. */
const devices: readonly (readonly [string, () => Promise<Device>])[] = [
  ['cpu, 1 thread', () => openDevice('cpu', { threads: 1 })],
  ['cpu, 3 threads', () => openDevice('cpu', { threads: 3 })],
];

for (const [name, open] of devices) {
  const opened = await open().catch((error: unknown) => {
    if (error instanceof RnnError && error.kind === 'device') return error;
    throw error;
  });
  const missing = opened instanceof RnnError;
  describe.skipIf(missing)(`${name} computes what programs mean${missing ? ` (not here: ${opened.message})` : ''}`, () => {
    test.each(parityChecks.map((check) => [check.name, check] as const))('%s', async (_, check) => {
      const { worst, tolerance, where } = await check.run(opened as Device);
      expect(worst, where).toBeLessThanOrEqual(tolerance);
    });
  });
}
