// Options of earlier versions that have no effect any more. A retired option is accepted, warned of
// once, and ignored.
import { variableOf } from './option.ts';

const BLAS = 'blas';

/** Names of options: flags without their dashes, keys of configuration files, members of requests. */
export const retiredOptions: readonly string[] = [BLAS];
/** The second chose one of the two builds of the WebAssembly kernels. */
export const retiredVariables: readonly string[] = [variableOf(BLAS), 'RNN_WASM'];

/** @param name as the user wrote it: `--blas`, `rnn.json:3: blas` */
export const warningAbout = (name: string, instead: string): string => `${name} has no effect any more: use ${instead}`;
