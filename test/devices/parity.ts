import { afterAll, describe, expect, test } from 'vitest';
import { parityChecks } from '../../src/diagnosis/parity.ts';
import type { Opened } from './gpu/helpers.ts';

/**
 * Tests that compare a device with the reference; skipped if it does not open here.
 * @param lasting also the checks of larger networks, which take minutes where kernels are compiled; `rnn doctor --full` has them everywhere
 */
export function compareWithReference(name: string, { device, missing }: Opened, { lasting }: { readonly lasting: boolean }): void {
  describe.skipIf(missing !== '')(`${name} computes what programs mean${missing}`, () => {
    afterAll(() => device?.close());

    test.each(parityChecks.filter((check) => lasting || !check.lasting).map((check) => [check.name, check] as const))('%s', async (_, check) => {
      const { worst, tolerance, where } = await check.run(device!);
      expect(worst, where).toBeLessThanOrEqual(tolerance);
    });
  });
}
