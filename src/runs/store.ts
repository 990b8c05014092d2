// The functions on checkpoints for the rest of the program.

export {
  type Checkpoint,
  type OptimizerState,
  type Tensor,
  type TrainedModel,
  type TrainingRecord,
  freshRecord,
  limits,
  numbersIn,
  startSymbolOf,
} from './checkpoint.ts';
export { findCheckpoint, findRuns, foldersOfRuns, runFoldersIn, runsIn } from './find.ts';
export { LogFollower, readLog } from './follow.ts';
export { type Fail, isObject, isWhole, shown, troubleInJson } from './json-values.ts';
export type { LogLine } from './log.ts';
export { MemoryStore, type RunStore } from './memory-store.ts';
export { isHeld } from './lock.ts';
export { type Newest, type RunFiles, lookInto, newestIn } from './newest.ts';
export { type Header, readCheckpoint } from './read.ts';
export { RunFolder } from './run-folder.ts';
export { isCheckpoint } from './run-files.ts';
export { type SweepIdentity, openSweepFolder } from './sweep-folder.ts';
export { parameterVector, tensorsOf, weightsIn } from './tensors.ts';
export {
  checkCell,
  checkModel,
  checkTrained,
  checkTraining,
  checkVocabulary,
  firstNonFinite,
  firstWrong,
} from './validation.ts';
export { checkpointPieces, startsAsCheckpoint, writeCheckpoint } from './write.ts';
