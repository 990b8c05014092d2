// The door of this room: what the rest of the program may do with checkpoints.

export { type Checkpoint, type OptimizerState, type Tensor, type TrainedModel, type TrainingRecord, limits } from './checkpoint.ts';
export { findCheckpoint } from './find.ts';
export { freshRecord } from './fresh.ts';
export { startSymbolOf } from './start.ts';
export { LogFollower, readLog } from './follow.ts';
export { type Fail, shown, troubleInJson } from './json-values.ts';
export type { LogLine } from './log.ts';
export { MemoryStore } from './memory-store.ts';
export { isCheckpoint } from './names.ts';
export { type Newest, newestIn } from './newest.ts';
export { type Header, readCheckpoint } from './read.ts';
export { RunFolder } from './run-folder.ts';
export type { RunStore } from './run-store.ts';
export { type RunFiles, findRuns, foldersOfRuns, isHeld, lookInto, runsIn, unreadableIn } from './runs.ts';
export { type SweepIdentity, openSweepFolder } from './sweep-folder.ts';
export { parameterVector, tensorsOf, weightsIn } from './tensors.ts';
export { checkCell, checkModel, checkTrained, checkTraining, checkVocabulary, firstNonFinite } from './validation.ts';
export { checkpointPieces, startsAsCheckpoint, writeCheckpoint } from './write.ts';
