// What the commands call in the rest of the program. Each is loaded when it is first called, so that `rnn --help` loads none of
// them, and a test can put its own in their place.
import type { builtinCorpora, writeBuiltin } from '../corpus/builtin.ts';
import type { Vocabulary, corpusName, findFiles, readCorpus } from '../corpus/read.ts';
import type { findCheckpoint, foldersOfRuns, newestIn, openSweepFolder, readCheckpoint, RunFolder } from '../checkpoint/store.ts';
import type { openDevice } from '../devices/open.ts';
import type { VOCABULARY, bench } from '../diagnosis/bench.ts';
import type { examine } from '../diagnosis/doctor.ts';
import type * as insight from '../insight/inspection.ts';
import type { cellsPage } from '../reports/cells-page.ts';
import type { openSampler } from '../sampling/sample.ts';
import type { compareCorpus, continueRun, endOf, unusedNote } from '../training/continue.ts';
import type { parametersOf } from '../training/model.ts';
import type { optionRules } from '../training/option-rules.ts';
import type { refitOptions, resolveOptions } from '../training/resolve.ts';
import type { listRuns, ranked, summaryOf } from '../training/runs.ts';
import type { refuseImpossible } from '../training/possible.ts';
import type { drawPoints, gridOf } from '../training/search.ts';
import type { planScoring, readingOf, score } from '../training/scoring.ts';
import type { prepareTraining } from '../training/train.ts';
import type { withSizesOf } from '../training/transfer.ts';
import type { workOf } from '../training/work.ts';

export interface Rooms {
  corpus(): Promise<{ readCorpus: typeof readCorpus; corpusName: typeof corpusName; findFiles: typeof findFiles; Vocabulary: typeof Vocabulary }>;
  builtin(): Promise<{ builtinCorpora: typeof builtinCorpora; writeBuiltin: typeof writeBuiltin }>;
  checkpoints(): Promise<{
    findCheckpoint: typeof findCheckpoint;
    foldersOfRuns: typeof foldersOfRuns;
    newestIn: typeof newestIn;
    readCheckpoint: typeof readCheckpoint;
    openSweepFolder: typeof openSweepFolder;
    RunFolder: Pick<typeof RunFolder, 'create' | 'open' | 'refuseIfTaken'>;
  }>;
  devices(): Promise<{ openDevice: typeof openDevice }>;
  bench(): Promise<{ bench: typeof bench; VOCABULARY: typeof VOCABULARY }>;
  sampling(): Promise<{ openSampler: typeof openSampler }>;
  planning(): Promise<{ optionRules: typeof optionRules; parametersOf: typeof parametersOf }>;
  resolving(): Promise<{ resolveOptions: typeof resolveOptions; refitOptions: typeof refitOptions }>;
  continuing(): Promise<{ continueRun: typeof continueRun; compareCorpus: typeof compareCorpus; endOf: typeof endOf; unusedNote: typeof unusedNote }>;
  transfer(): Promise<{ withSizesOf: typeof withSizesOf }>;
  work(): Promise<{ workOf: typeof workOf }>;
  runs(): Promise<{ listRuns: typeof listRuns; ranked: typeof ranked; summaryOf: typeof summaryOf }>;
  searching(): Promise<{ gridOf: typeof gridOf; drawPoints: typeof drawPoints; refuseImpossible: typeof refuseImpossible }>;
  scoring(): Promise<{ planScoring: typeof planScoring; readingOf: typeof readingOf; score: typeof score }>;
  insight(): Promise<typeof insight>;
  cellsPage(): Promise<{ cellsPage: typeof cellsPage }>;
  training(): Promise<{ prepareTraining: typeof prepareTraining }>;
  diagnosis(): Promise<{ examine: typeof examine }>;
}

export const rooms: Rooms = {
  corpus: () => import('../corpus/read.ts'),
  builtin: () => import('../corpus/builtin.ts'),
  checkpoints: () => import('../checkpoint/store.ts'),
  devices: () => import('../devices/open.ts'),
  bench: () => import('../diagnosis/bench.ts'),
  sampling: () => import('../sampling/sample.ts'),
  planning: async () => ({ ...(await import('../training/option-rules.ts')), ...(await import('../training/model.ts')) }),
  resolving: () => import('../training/resolve.ts'),
  continuing: () => import('../training/continue.ts'),
  transfer: () => import('../training/transfer.ts'),
  work: () => import('../training/work.ts'),
  runs: () => import('../training/runs.ts'),
  searching: async () => ({ ...(await import('../training/search.ts')), ...(await import('../training/possible.ts')) }),
  scoring: () => import('../training/scoring.ts'),
  insight: () => import('../insight/inspection.ts'),
  cellsPage: () => import('../reports/cells-page.ts'),
  training: () => import('../training/train.ts'),
  diagnosis: () => import('../diagnosis/doctor.ts'),
};
