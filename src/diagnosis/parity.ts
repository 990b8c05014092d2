// Whether a device computes what programs mean: small workloads, each run on it and on the reference device.
import { networkChecks } from './networks.ts';
import { operationChecks } from './operations.ts';
import { sharedState } from './shared-state.ts';
import type { ParityCheck } from './pair.ts';

export type { ParityCheck } from './pair.ts';

export const parityChecks: readonly ParityCheck[] = [...operationChecks, ...networkChecks, sharedState];
