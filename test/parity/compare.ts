// Every operation and cell on every device against the reference.
import { afterAll, describe, expect, test } from 'vitest';
import { quickChecks } from '../../src/diagnosis/checks.ts';
import type { ParityCheck } from '../../src/diagnosis/pair.ts';
import { isEverything } from '../everything.ts';
import { type Opened } from '../devices/gpu/helpers.ts';
import { lastingChecks, networkChecks, repeatedChecks } from './networks.ts';
import { operationChecks } from './operations.ts';
import { stateChecks } from './states.ts';

export const parityChecks: readonly ParityCheck[] = [...operationChecks, ...stateChecks, ...networkChecks];

interface Extent {
  /** Also the checks of larger networks, which take minutes where kernels are compiled. */
  readonly lasting: boolean;
  /** Of the checks of whole networks, only the checks of `rnn doctor`, unless RNN_TEST=all. */
  readonly fewNetworks?: boolean;
  /** Only the checks of `rnn doctor`, unless RNN_TEST=all. */
  readonly few?: boolean;
}

/** Tests that compare a device with the reference. Skipped if it does not open here. */
export function compareWithReference(
  name: string,
  { device, missing }: Opened,
  { lasting, fewNetworks = false, few = false }: Extent,
): void {
  const quick = new Set(quickChecks.map((check) => check.name));
  describe.skipIf(missing !== '')(`${name} computes the same as the reference${missing}`, () => {
    afterAll(() => device?.close());

    for (const check of parityChecks.filter((each) => lasting || !lastingChecks.includes(each))) {
      const isCut = few || (fewNetworks && networkChecks.includes(check)) || repeatedChecks.has(check.name);
      const isLeft = isCut && !isEverything && !quick.has(check.name);
      test.skipIf(isLeft)(`${check.name}${isLeft ? ' (skipped: only with RNN_TEST=all)' : ''}`, async () => {
        const { worst, tolerance, where } = await check.run(device!);
        expect(worst, where).toBeLessThanOrEqual(tolerance);
      });
    }
  });
}
