// The functions on checkpoints for the rest of the program.

export {
  type Checkpoint,
  type OptimizerState,
  type Tensor,
  type TrainedModel,
  type TrainingRecord,
  freshRecord,
  checkpointLimits as limits,
  numbersIn,
  startSymbolOf,
} from './checkpoint.ts';
export { findCheckpoint, findRuns, foldersOfRuns, listRunFolders as runFoldersIn, runsIn } from './find.ts';
export { LogFollower, readLog } from './follow.ts';
export { type Fail, isObject, isWhole, describeValue as shown, problemInJson as troubleInJson } from './json-values.ts';
export type { LogLine } from './log.ts';
export { MemoryStore, type RunStore } from './memory-store.ts';
export { isHeld } from './lock.ts';
export {
  type NewestState as Newest,
  type RunFiles,
  readRunFiles as lookInto,
  findNewestState as newestIn,
} from './newest.ts';
export { type Header, readCheckpoint, readOutline } from './read.ts';
export { readRecords, recordsPath, writeRecords } from './records-file.ts';
export { RunFolder } from './run-folder.ts';
export { isCheckpoint } from './run-files.ts';
export { type SweepIdentity, openSweepFolder } from './sweep-folder.ts';
export { parameterVector, tensorsOf, parameterCountOf } from './tensors.ts';
export {
  checkCell,
  checkModel,
  checkTrained,
  checkTraining,
  checkVocabulary,
  firstNonFinite,
  firstWrongMember as firstWrong,
} from './validation.ts';
export { checkpointPieces, startsAsCheckpoint, writeCheckpoint } from './write.ts';
