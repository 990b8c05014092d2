// What a training run goes through in the rest of the program. Each part is loaded when it is first called, and whoever
// opens a run may put others in their place, as tests of the command line do.
import type { MemoryStore, RunFolder, findCheckpoint, newestIn, readCheckpoint, runsIn } from '../runs/store.ts';
import type { Vocabulary, corpusName, findFiles, listWarning, readCorpus } from '../corpus/read.ts';
import type { openDevice } from '../devices/open.ts';
import type { compareCorpus, continueRun, endOf, unusedNote, verdictOn } from '../training/continue.ts';
import type { estimateRun } from '../training/estimate.ts';
import type { refuseHopelessSizes, refuseImpossible } from '../training/possible.ts';
import type { refitOptions, resolveOptions } from '../training/resolve.ts';
import type { prepareTraining } from '../training/train.ts';
import type { withSizesOf } from '../training/transfer.ts';
import type { workOf } from '../training/work.ts';

export interface TrainingRooms {
  corpus(): Promise<{
    readCorpus: typeof readCorpus;
    corpusName: typeof corpusName;
    findFiles: typeof findFiles;
    listWarning: typeof listWarning;
    Vocabulary: typeof Vocabulary;
  }>;
  checkpoints(): Promise<{
    findCheckpoint: typeof findCheckpoint;
    newestIn: typeof newestIn;
    readCheckpoint: typeof readCheckpoint;
    runsIn: typeof runsIn;
    MemoryStore: typeof MemoryStore;
    RunFolder: Pick<typeof RunFolder, 'create' | 'holdsRun' | 'open' | 'refuseIfTaken' | 'refuseSources'>;
  }>;
  devices(): Promise<{ openDevice: typeof openDevice }>;
  resolving(): Promise<{ resolveOptions: typeof resolveOptions; refitOptions: typeof refitOptions }>;
  possible(): Promise<{ refuseImpossible: typeof refuseImpossible; refuseHopelessSizes: typeof refuseHopelessSizes }>;
  continuing(): Promise<{
    continueRun: typeof continueRun;
    compareCorpus: typeof compareCorpus;
    endOf: typeof endOf;
    unusedNote: typeof unusedNote;
    verdictOn: typeof verdictOn;
  }>;
  transfer(): Promise<{ withSizesOf: typeof withSizesOf }>;
  work(): Promise<{ workOf: typeof workOf }>;
  training(): Promise<{ prepareTraining: typeof prepareTraining }>;
  estimating(): Promise<{ estimateRun: typeof estimateRun }>;
}

export const trainingRooms: TrainingRooms = {
  corpus: () => import('../corpus/read.ts'),
  checkpoints: () => import('../runs/store.ts'),
  devices: () => import('../devices/open.ts'),
  resolving: () => import('../training/resolve.ts'),
  possible: () => import('../training/possible.ts'),
  continuing: () => import('../training/continue.ts'),
  transfer: () => import('../training/transfer.ts'),
  work: () => import('../training/work.ts'),
  training: () => import('../training/train.ts'),
  estimating: () => import('../training/estimate.ts'),
};
