// Options of earlier versions that no longer have an effect. rnn accepts a retired option, warns
// once, and ignores it.
import { variableOf } from './option.ts';

const BLAS = 'blas';

/** Names of options: flags without their dashes, keys of configuration files, members of requests. */
export const retiredOptions: readonly string[] = [BLAS];
/** RNN_WASM chose one of the two builds of the WebAssembly kernels. */
export const retiredVariables: readonly string[] = [variableOf(BLAS), 'RNN_WASM'];

/** @param name the option as the user wrote it: `--blas`, `rnn.json:3: blas` */
export const warningAbout = (name: string, instead: string): string => `${name} has no effect any more: use ${instead}`;
