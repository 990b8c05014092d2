// The modules of the built program that mutated checkpoints are tried with.
import * as store from '../../dist/runs/store.js';
import * as batches from '../../dist/corpus/batches.js';
import * as corpus from '../../dist/corpus/read.js';
import * as cli from '../../dist/cli/main.js';
import * as errors from '../../dist/errors.js';
import * as random from '../../dist/random.js';
import * as continuing from '../../dist/training/continue.js';
import * as record from '../../dist/training/record.js';
import * as restoring from '../../dist/training/restore.js';
import * as schedules from '../../dist/training/schedules.js';
import * as states from '../../dist/training/run-state.js';
import * as training from '../../dist/training/train.js';
import * as transfer from '../../dist/training/transfer.js';
import * as work from '../../dist/training/work.js';

export const program = {
  ...store,
  ...batches,
  ...corpus,
  ...cli,
  ...errors,
  ...random,
  ...continuing,
  ...record,
  ...restoring,
  ...schedules,
  ...states,
  ...training,
  ...transfer,
  ...work,
};
