// What the commands call in the rest of the program. Each is loaded when it is first called, so that `rnn --help` loads none of
// them, and a test can put its own in their place.
import type {
  findCheckpoint,
  findRuns,
  foldersOfRuns,
  isCheckpoint,
  MemoryStore,
  newestIn,
  readCheckpoint,
  RunFolder,
  runsIn,
} from '../runs/store.ts';
import type { builtinCorpora, writeBuiltin } from '../corpus/builtin.ts';
import type { UTF8, decodeText } from '../corpus/encoding.ts';
import type { Vocabulary, corpusName, findFiles, listWarning, readCorpus } from '../corpus/read.ts';
import type { VOCABULARY, bench } from '../diagnosis/bench.ts';
import type { examine } from '../diagnosis/doctor.ts';
import type { formats } from '../formats/formats.ts';
import type { readTrained, refuseOtherFiles, startBytes } from '../formats/trained.ts';
import type { bytesOf, compressedSizes, xzSize } from '../insight/compressors.ts';
import type { gradientFlow } from '../insight/gradient-flow.ts';
import type * as inspection from '../insight/inspection.ts';
import type { largestSingularValues } from '../insight/jacobian.ts';
import type { Ngrams } from '../insight/ngrams.ts';
import type { piecesOf, symbolTexts } from '../insight/pieces.ts';
import type { SurpriseRecord } from '../insight/surprise.ts';
import type { readKnownText } from '../api/known-text.ts';
import type { openRun } from '../api/open-run.ts';
import type { followRun, readRuns } from '../api/runs.ts';
import type { TrainingRooms } from '../api/rooms.ts';
import type { tryRun } from '../api/try-run.ts';
import type { refuseOutput, writeOutput } from '../output-file.ts';
import type { cellsPage } from '../reports/cells-page.ts';
import type { chartsOf, whyNothing } from '../reports/charts.ts';
import type { curvesPage } from '../reports/curves-page.ts';
import type { gradientCharts, gradientsPage } from '../reports/gradients.ts';
import type { isOurPage, isOurPicture } from '../reports/markers.ts';
import type { storyPage } from '../reports/story-page.ts';
import type { captionOf, factsOf, someOf } from '../reports/story.ts';
import type { surprisePage } from '../reports/surprise-page.ts';
import type { svgOf } from '../reports/svg.ts';
import type { dashboard } from '../reports/terminal.ts';
import type { openSampler } from '../sampling/sample.ts';
import type { Curves } from '../training/curves.ts';
import type { parametersOf } from '../training/model.ts';
import type { recordedCorpusOrNull, recordedReadingOrNull } from '../training/record.ts';
import type { backgroundOf, haveOneText, listRuns } from '../training/runs.ts';
import type { planScoring, readingOf, score, trainedPart } from '../training/scoring.ts';
import type { untrainedModel } from '../training/untrained.ts';
import type { runInTurns } from '../turns.ts';

/** Those that a run goes through, and those that only commands call. */
export interface Rooms extends TrainingRooms {
  knownText(): Promise<{ readKnownText: typeof readKnownText }>;
  /** How the text of a model was read, and another one is. */
  reading(): Promise<{
    UTF8: typeof UTF8;
    decodeText: typeof decodeText;
    recordedCorpusOrNull: typeof recordedCorpusOrNull;
    recordedReadingOrNull: typeof recordedReadingOrNull;
  }>;
  logs(): Promise<{ readRuns: typeof readRuns; followRun: typeof followRun }>;
  opening(): Promise<{ openRun: typeof openRun; tryRun: typeof tryRun }>;
  corpus(): Promise<{
    readCorpus: typeof readCorpus;
    corpusName: typeof corpusName;
    findFiles: typeof findFiles;
    listWarning: typeof listWarning;
    Vocabulary: typeof Vocabulary;
  }>;
  builtin(): Promise<{ builtinCorpora: typeof builtinCorpora; writeBuiltin: typeof writeBuiltin }>;
  checkpoints(): Promise<{
    findCheckpoint: typeof findCheckpoint;
    findRuns: typeof findRuns;
    foldersOfRuns: typeof foldersOfRuns;
    isCheckpoint: typeof isCheckpoint;
    MemoryStore: typeof MemoryStore;
    newestIn: typeof newestIn;
    readCheckpoint: typeof readCheckpoint;
    runsIn: typeof runsIn;
    RunFolder: Pick<typeof RunFolder, 'create' | 'holdsRun' | 'open' | 'refuseIfTaken' | 'refuseSources'>;
  }>;
  bench(): Promise<{ bench: typeof bench; VOCABULARY: typeof VOCABULARY }>;
  sampling(): Promise<{ openSampler: typeof openSampler }>;
  planning(): Promise<{ parametersOf: typeof parametersOf }>;
  runs(): Promise<{
    backgroundOf: typeof backgroundOf;
    haveOneText: typeof haveOneText;
    listRuns: typeof listRuns;
  }>;
  scoring(): Promise<{
    planScoring: typeof planScoring;
    readingOf: typeof readingOf;
    score: typeof score;
    trainedPart: typeof trainedPart;
  }>;
  insight(): Promise<{
    SurpriseRecord: typeof SurpriseRecord;
    piecesOf: typeof piecesOf;
    symbolTexts: typeof symbolTexts;
    Ngrams: typeof Ngrams;
    runInTurns: typeof runInTurns;
    bytesOf: typeof bytesOf;
    compressedSizes: typeof compressedSizes;
    xzSize: typeof xzSize;
  }>;
  surprisePage(): Promise<{ surprisePage: typeof surprisePage }>;
  inspection(): Promise<typeof inspection>;
  cellsPage(): Promise<{ cellsPage: typeof cellsPage }>;
  gradients(): Promise<{ gradientFlow: typeof gradientFlow; largestSingularValues: typeof largestSingularValues }>;
  gradientPictures(): Promise<{
    gradientCharts: typeof gradientCharts;
    gradientsPage: typeof gradientsPage;
    dashboard: typeof dashboard;
    svgOf: typeof svgOf;
  }>;
  untrained(): Promise<{ untrainedModel: typeof untrainedModel }>;
  curves(): Promise<{ Curves: typeof Curves; chartsOf: typeof chartsOf; whyNothing: typeof whyNothing; dashboard: typeof dashboard }>;
  story(): Promise<{ someOf: typeof someOf; captionOf: typeof captionOf; factsOf: typeof factsOf }>;
  pictures(): Promise<{ curvesPage: typeof curvesPage; storyPage: typeof storyPage; svgOf: typeof svgOf }>;
  formats(): Promise<{
    formats: typeof formats;
    readTrained: typeof readTrained;
    refuseOtherFiles: typeof refuseOtherFiles;
    startBytes: typeof startBytes;
  }>;
  outputs(): Promise<{
    refuseOutput: typeof refuseOutput;
    writeOutput: typeof writeOutput;
    isOurPage: typeof isOurPage;
    isOurPicture: typeof isOurPicture;
  }>;
  diagnosis(): Promise<{ examine: typeof examine }>;
}

export const rooms: Rooms = {
  logs: () => import('../api/runs.ts'),
  reading: async () => ({ ...(await import('../corpus/encoding.ts')), ...(await import('../training/record.ts')) }),
  knownText: () => import('../api/known-text.ts'),
  opening: async () => ({ ...(await import('../api/open-run.ts')), ...(await import('../api/try-run.ts')) }),
  corpus: () => import('../corpus/read.ts'),
  builtin: () => import('../corpus/builtin.ts'),
  checkpoints: () => import('../runs/store.ts'),
  devices: () => import('../devices/open.ts'),
  bench: () => import('../diagnosis/bench.ts'),
  sampling: () => import('../sampling/sample.ts'),
  planning: () => import('../training/model.ts'),
  resolving: () => import('../training/resolve.ts'),
  continuing: () => import('../training/continue.ts'),
  transfer: () => import('../training/transfer.ts'),
  work: () => import('../training/work.ts'),
  runs: () => import('../training/runs.ts'),
  possible: () => import('../training/possible.ts'),
  scoring: () => import('../training/scoring.ts'),
  insight: async () => ({
    ...(await import('../insight/surprise.ts')),
    ...(await import('../insight/pieces.ts')),
    ...(await import('../insight/ngrams.ts')),
    ...(await import('../insight/compressors.ts')),
    ...(await import('../turns.ts')),
  }),
  surprisePage: () => import('../reports/surprise-page.ts'),
  inspection: () => import('../insight/inspection.ts'),
  cellsPage: () => import('../reports/cells-page.ts'),
  training: () => import('../training/train.ts'),
  estimating: () => import('../training/estimate.ts'),
  gradients: async () => ({ ...(await import('../insight/gradient-flow.ts')), ...(await import('../insight/jacobian.ts')) }),
  gradientPictures: async () => ({
    ...(await import('../reports/gradients.ts')),
    ...(await import('../reports/terminal.ts')),
    ...(await import('../reports/svg.ts')),
  }),
  untrained: () => import('../training/untrained.ts'),
  curves: async () => ({
    ...(await import('../training/curves.ts')),
    ...(await import('../reports/charts.ts')),
    ...(await import('../reports/terminal.ts')),
  }),
  story: () => import('../reports/story.ts'),
  pictures: async () => ({
    ...(await import('../reports/curves-page.ts')),
    ...(await import('../reports/story-page.ts')),
    ...(await import('../reports/svg.ts')),
  }),
  formats: async () => ({ ...(await import('../formats/formats.ts')), ...(await import('../formats/trained.ts')) }),
  outputs: async () => ({ ...(await import('../output-file.ts')), ...(await import('../reports/markers.ts')) }),
  diagnosis: () => import('../diagnosis/doctor.ts'),
};
