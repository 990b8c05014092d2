import { afterAll, describe, expect, test } from 'vitest';
import { networkChecks } from '../../src/diagnosis/networks.ts';
import { parityChecks } from '../../src/diagnosis/parity.ts';
import { type Opened, isEverything } from './gpu/helpers.ts';

interface Extent {
  /** Also the checks of larger networks, which take minutes where kernels are compiled; `rnn doctor --full` has them everywhere. */
  readonly lasting: boolean;
  /** Of the checks of whole networks only the quick ones, unless everything is asked for. */
  readonly fewNetworks?: boolean;
}

/** Tests that compare a device with the reference; skipped if it does not open here. */
export function compareWithReference(name: string, { device, missing }: Opened, { lasting, fewNetworks = false }: Extent): void {
  const networks = new Set(networkChecks);
  describe.skipIf(missing !== '')(`${name} computes what programs mean${missing}`, () => {
    afterAll(() => device?.close());

    for (const check of parityChecks.filter((each) => lasting || !each.lasting)) {
      const isLeft = fewNetworks && !isEverything && networks.has(check) && !check.quick;
      test.skipIf(isLeft)(`${check.name}${isLeft ? ' (skipped: only with RNN_TEST=all)' : ''}`, async () => {
        const { worst, tolerance, where } = await check.run(device!);
        expect(worst, where).toBeLessThanOrEqual(tolerance);
      });
    }
  });
}
