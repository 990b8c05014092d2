// What the cpu device computes with: machine code of its own, WebAssembly, or the library that every
// Mac has.
import { RnnError, firstLine } from '../../errors.ts';
import { type KernelChoice, type KernelName, kernelChoices, kernelNames } from '../../options/choices.ts';
import { flagOf } from '../../options/flags.ts';
import { choiceFrom } from '../environment.ts';
import { accelerateProducts, bindSgemm } from './accelerate.ts';
import { type KernelModule, loadKernels } from './kernels.ts';
import { supportedInstructionSets } from './machine/processor.ts';
import { machineProducts } from './machine/products.ts';
import { type Products, embeddedProducts } from './products.ts';

export interface Kernels {
  readonly name: KernelName;
  /** For all that is not a product, and for products where nothing else serves. */
  readonly module: KernelModule;
  readonly products: Products;
}

/** Whether kernels can be used here, and why not. */
export interface KernelTrial {
  readonly name: KernelName;
  /** Null if they can. */
  readonly problem: string | null;
}

/**
 * The kernels that are asked for; with `auto`, those that are fastest here.
 *
 * @param wanted if omitted, the environment variable RNN_KERNELS decides, and without it `auto`
 * @throws RnnError `device` for kernels that cannot be used here, `usage` for an unknown name
 */
export async function chooseKernels(wanted?: KernelChoice): Promise<Kernels> {
  const choice = wanted ?? choiceFrom('RNN_KERNELS', kernelChoices) ?? 'auto';
  const name = choice === 'auto' ? kernelNames.find((each) => problemOf(each) === null)! : choice;
  const problem = problemOf(name);
  if (problem !== null)
    throw new RnnError('device', `the kernels ${name} cannot be used: ${problem}`, {
      hint: `${flagOf('kernels')} auto takes the fastest that can; rnn doctor lists them`,
      options: [flagOf('kernels')],
    });
  const module = await loadKernels(name === 'wasm-portable' ? 'portable' : undefined);
  const isPortable = name === 'wasm' && module.variant === 'portable';
  return { name: isPortable ? 'wasm-portable' : name, module, products: productsOf(name) };
}

function productsOf(name: KernelName): Products {
  if (name === 'avx512' || name === 'avx2') return machineProducts(name);
  return name === 'accelerate' ? accelerateProducts : embeddedProducts;
}

/** All kernels, the fastest first. */
export const tryKernels = (): KernelTrial[] => kernelNames.map((name) => ({ name, problem: problemOf(name) }));

const problems = new Map<KernelName, string | null>();

/** Found once in a process. */
function problemOf(name: KernelName): string | null {
  const known = problems.get(name);
  if (known !== undefined) return known;
  const problem = findProblem(name);
  problems.set(name, problem);
  return problem;
}

function findProblem(name: KernelName): string | null {
  try {
    if (name === 'accelerate') return process.platform === 'darwin' ? (bindSgemm(), null) : 'only macOS has Accelerate';
    if (name !== 'avx512' && name !== 'avx2') return null;
    if (process.platform !== 'linux' || process.arch !== 'x64')
      return `machine code is written for Linux on x86-64, and this is ${process.platform} on ${process.arch}`;
    const needed = name === 'avx512' ? 'AVX-512' : 'AVX2 and FMA';
    return supportedInstructionSets().includes(name) ? null : `the processor or the system is without ${needed}`;
  } catch (error) {
    return firstLine(error);
  }
}
