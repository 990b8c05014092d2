// Options of earlier versions that have no effect any more, and what replaces them. A retired option
// is accepted, warned of once, and ignored.
import { flagOf } from './flags.ts';
import { variableOf } from './option.ts';

const BLAS = 'blas';
/** Chose one of the two builds of the WebAssembly kernels. */
const WASM = 'RNN_WASM';

/** Names of options: flags without their dashes, keys of configuration files, members of requests. */
export const retiredOptions: readonly string[] = [BLAS];
export const retiredVariables: readonly string[] = [variableOf(BLAS), WASM];

const variable = variableOf('kernels');

/** @param name as the user wrote it: `--blas`, `rnn.json:3: blas` */
export const warningAbout = (name: string, instead = `${flagOf('kernels')} or ${variable}`): string =>
  `${name} has no effect any more: use ${instead}`;

export function warningAboutVariable(name: string, value: string): string {
  const kernels = name === WASM ? { portable: 'wasm-portable', relaxed: 'wasm' }[value] : undefined;
  return warningAbout(name, kernels && `${variable}=${kernels}`);
}
