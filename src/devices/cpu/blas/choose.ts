// Which BLAS of the system the cpu device uses, and why not the others.
import { RnnError } from '../../../errors.ts';
import { koffiProblem } from '../foreign.ts';
import type { KernelModule } from '../kernels.ts';
import { type BlasLibrary, inspectLibrary, usualLibraries } from './library.ts';
import { worstOf } from './trial.ts';
import { flagOf } from '../../../options/flags.ts';

export interface BlasTrial {
  readonly path: string;
  /** Null if it could not be loaded. */
  readonly name: string | null;
  readonly used: boolean;
  /** One line: why, or why not. */
  readonly reason: string;
}

export interface BlasChoice {
  /** Null for the embedded kernels alone. */
  readonly library: BlasLibrary | null;
  readonly trials: readonly BlasTrial[];
  /** Why none was looked for; null if one was. */
  readonly off: string | null;
}

/**
 * Sums of 260 terms below 1/4, rounded in another order: a wrong product is off by 0.1 and more.
 */
const TOLERANCE = 1e-4;
const choices = new Map<string, BlasChoice>();

/**
 * The first of the usual libraries that multiplies rightly, may be called from several threads, and
 * was written for speed. Looked for once in a process.
 *
 * @param wanted `auto`, `off`, or a library as the system's loader takes it; left out, RNN_BLAS
 *   says, and without it `auto` – but `off` where RNN_WASM=portable asks for results that are alike
 *   on every machine
 * @throws RnnError `device` if a library that was named cannot be used; one that is named is used
 * whatever it is
 */
export function chooseBlas(kernels: KernelModule, wanted?: string): BlasChoice {
  const { name, off, advice } = wish(wanted);
  if (off !== null) return { library: null, trials: [], off };
  const known = choices.get(name);
  if (known !== undefined) return known;
  const problem = koffiProblem();
  const look = (path: string): Attempt => (problem === null ? attempt(path, kernels) : notTried(path, problem));
  const choice =
    name === 'auto'
      ? firstThatServes(problem === null ? usualLibraries() : ['koffi'], look)
      : named(name, look, advice);
  choices.set(name, choice);
  return choice;
}

interface Wish {
  readonly name: string;
  /** Why none is wished for, or null. */
  readonly off: string | null;
  /** For a library that cannot be used. */
  readonly advice: string;
}

function wish(flag: string | undefined): Wish {
  const name = flag ?? (process.env['RNN_BLAS'] || undefined);
  const advice =
    flag === undefined
      ? 'unset RNN_BLAS to have one looked for, or RNN_BLAS=off'
      : `${flagOf('blas')} auto looks for one, ${flagOf('blas')} off does without`;
  if (name === 'off') return { name, off: flag === undefined ? 'RNN_BLAS=off' : `${flagOf('blas')} off`, advice };
  if (name === undefined && process.env['RNN_WASM'] === 'portable')
    return { name: 'off', off: 'RNN_WASM=portable', advice };
  return { name: name ?? 'auto', off: null, advice };
}

/** A library, null if it could not be loaded or computes what is wrong. */
export interface Attempt {
  readonly library: BlasLibrary | null;
  readonly trial: BlasTrial;
}

export function firstThatServes(paths: readonly string[], look: (path: string) => Attempt): BlasChoice {
  const trials: BlasTrial[] = [];
  for (const path of paths) {
    const { library, trial } = look(path);
    trials.push(trial);
    if (trial.used) return { library, trials, off: null };
  }
  return { library: null, trials, off: null };
}

function named(path: string, look: (path: string) => Attempt, advice: string): BlasChoice {
  const { library, trial } = look(path);
  if (library === null) {
    throw new RnnError('device', `the BLAS ${path} cannot be used: ${trial.reason}`, { hint: advice });
  }
  return { library, trials: [{ ...trial, used: true }], off: null };
}

export function attempt(path: string, kernels: KernelModule, inspect = inspectLibrary, tryOut = worstOf): Attempt {
  const library = inspect(path);
  if (typeof library === 'string') return notTried(path, library);
  const worst = tryOut(library, kernels);
  if (!(worst <= TOLERANCE)) return notTried(path, `its products are wrong by ${worst.toExponential(1)}`);
  const { name, oneCaller } = library;
  const why = oneCaller
    ? 'built without threads, so calls from several may not be safe'
    : name === path
      ? `it may be a slow one; ${flagOf('blas')} ${path} uses it all the same`
      : null;
  return { library, trial: { path, name, used: why === null, reason: why ?? 'computes what the embedded kernels do' } };
}

function notTried(path: string, reason: string): Attempt {
  return { library: null, trial: { path, name: null, used: false, reason } };
}
