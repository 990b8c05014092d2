// What looking at cells takes, as one module that a command loads when it runs.
export { startSymbolOf } from '../runs/store.ts';
export { runInTurns } from '../turns.ts';
export { activationsOf, readActivations, usualRange, valuesOf } from './activations.ts';
export { propertiesOf } from './properties.ts';
export { recordFormats } from './record.ts';
export { saturationOf } from './saturation.ts';
export { LEAST_CHARACTERS, defaultLength, maxDefaultLength, searchCells } from './search.ts';
