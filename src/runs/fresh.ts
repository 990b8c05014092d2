// What is recorded of a model that nothing was trained of.
import { Random } from '../random.ts';
import type { TrainingRecord } from './checkpoint.ts';

export function freshRecord(options: TrainingRecord['options'] = {}, seed = 1): TrainingRecord {
  return {
    options,
    step: 0,
    epoch: 0,
    position: { epoch: 0, window: 0 },
    random: new Random(seed).state,
    history: [],
    bestValidationLossNats: null,
  };
}
