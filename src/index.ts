// The public API: everything that you can import from 'rnn'. docs/library.md explains it. A test
// fails when the API changes. All other modules may change at any time.

// Training.
export { planTraining, train, Training } from './api/training.ts';
export type { NoteEvent, TrainingPlan, TrainingUpdate, WarningEvent } from './api/training.ts';
export type { PlanRequest, TrainingText, TrainRequest } from './api/train-request.ts';
export type { TrainingOptions } from './options/training.ts';
export type {
  CheckpointEvent,
  EndEvent,
  EndReason,
  EvaluationEvent,
  RecoveryEvent,
  ReportEvent,
  SampleEvent,
  StartEvent,
  TrainingEvent,
} from './training/events.ts';
export type { Fit, Verdict } from './training/verdict.ts';

// A trained model.
export type { MessageListener, ListenerOption } from './api/run-request.ts';
export { findUnits } from './api/found-units.ts';
export { Model, openModel } from './api/model.ts';
export { sample, type SampleRequest } from './api/sample.ts';
export { ModelSession } from './api/session.ts';
export type { CharacterProbability, ContinuationOptions, NextOptions, SessionOptions } from './api/session.ts';
export type { BeamOptions, FoundContinuation } from './api/beam-search.ts';
export type {
  PromptOptions,
  Sample,
  SampleOptions,
  SelectionOptions,
  SampleTextsOptions,
} from './api/sample-options.ts';
export { surprisalOf } from './api/evaluation.ts';
export {
  type ClassifiedLine,
  classifyLines,
  type LineScore,
  type LinesToScore,
  type ScoredLine,
  type ScoreOptions,
} from './api/line-scores.ts';
export type {
  ActivationsOptions,
  Baselines,
  BaselinesOptions,
  UnitActivations,
  Evaluation,
  EvaluationOptions,
  UnitFindings,
  Gradients,
  GradientsOptions,
  Inspection,
  MachineChoice,
  ReadOptions,
  TextSurprisal,
  InputText,
} from './api/model-results.ts';

export type { AnswerClass } from './evaluation/exact-match.ts';

// Texts.
export { Corpus, writeBuiltin, type FileOptions, type InMemoryTextOptions, type TextOptions } from './api/corpus.ts';
export { builtinCorpora } from './corpus/builtin.ts';
export { Vocabulary, type VocabularyData } from './corpus/vocabulary.ts';

// Checkpoints and runs.
export {
  exportFormats,
  exportModel,
  importModel,
  loadCheckpoint,
  saveCheckpoint,
  untrainedModel,
} from './api/checkpoints.ts';
export type { Checkpoint, Tensor, TrainedModel } from './runs/checkpoint.ts';
export { importRun, type ImportRequest } from './api/import-run.ts';
export {
  type CheckpointInfo,
  describeCheckpoint,
  followRun,
  type NewLogLines,
  listRuns,
  readRuns,
  type Run,
} from './api/runs.ts';
export type { RunStatus, RunSummary } from './training/runs.ts';
export { Curves } from './training/curves.ts';

// Charts, pages as strings, and the sizes of compressed texts.
export type { Chart } from './reports/charts.ts';
export {
  unitsPage,
  chartsOf,
  compressedSizes,
  curvesPage,
  terminalCharts,
  gradientCharts,
  gradientsPage,
  storyPage,
  surprisalPage,
  svgOf,
  xzSize,
} from './api/pages.ts';

// N-gram models, and file formats for recorded activations.
export { Ngrams } from './evaluation/ngrams.ts';
export { activationFormats } from './insight/record.ts';

// Checks and benchmarks of this machine, and the names of cells, presets, schedules and devices.
export { bench, type BenchRequest, doctor } from './api/machine.ts';
export { type NamedChoice, cells, presets, schedules } from './api/train-request.ts';
export { deviceNames } from './devices/open.ts';

export { type ErrorKind, RnnError } from './errors.ts';
