import { afterAll, describe, expect, test } from 'vitest';
import { parityChecks } from '../../src/diagnosis/parity.ts';
import type { Opened } from './gpu/helpers.ts';

/** Tests that compare a device with the reference; skipped if it does not open here. */
export function compareWithReference(name: string, { device, missing }: Opened): void {
  describe.skipIf(missing !== '')(`${name} computes what programs mean${missing}`, () => {
    afterAll(() => device?.close());

    test.each(parityChecks.map((check) => [check.name, check] as const))('%s', async (_, check) => {
      const { worst, tolerance, where } = await check.run(device!);
      expect(worst, where).toBeLessThanOrEqual(tolerance);
    });
  });
}
