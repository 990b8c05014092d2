import { afterAll, describe, expect, test } from 'vitest';
import { parityChecks } from '../../src/diagnosis/parity.ts';
import { openWithBlas } from './cpu/helpers.ts';
import { type Opened, openHere } from './gpu/helpers.ts';

/** The devices that are compared with the reference: a line each. One that does not open here is skipped. */
const devices: readonly (readonly [string, () => Promise<Opened>])[] = [
  ['cpu, 1 thread', () => openHere('cpu', { threads: 1, blas: 'off' })],
  ['cpu, 3 threads', () => openHere('cpu', { threads: 3, blas: 'off' })],
  ["cpu, 2 threads, the system's BLAS", () => openWithBlas({ threads: 2 })],
  ['gpu:software', () => openHere('gpu:software')],
  ['gpu:webasm', () => openHere('gpu:webasm')],
  ['gpu:cpu', () => openHere('gpu:cpu')],
];

for (const [name, open] of devices) {
  const { device, missing } = await open();
  describe.skipIf(missing !== '')(`${name} computes what programs mean${missing}`, () => {
    afterAll(() => device?.close());

    test.each(parityChecks.map((check) => [check.name, check] as const))('%s', async (_, check) => {
      const { worst, tolerance, where } = await check.run(device!);
      expect(worst, where).toBeLessThanOrEqual(tolerance);
    });
  });
}
