// The kernels of the cpu device: machine code that it writes, WebAssembly, or the library that
// every Mac has.
import { RnnError, firstLine } from '../../errors.ts';
import { type KernelChoice, type KernelName, kernelChoices, kernelNames } from '../../options/choices.ts';
import { flagOf } from '../../options/flags.ts';
import { choiceFrom } from '../environment.ts';
import { accelerateProducts, bindSgemm } from './accelerate.ts';
import { type KernelModule, loadKernels } from './kernels.ts';
import { supportedInstructionSets } from './machine/processor.ts';
import { machineProducts } from './machine/products.ts';
import { type ProductKernels, embeddedProducts } from './products.ts';

export interface Kernels {
  readonly name: KernelName;
  /** Everything but matrix products, and matrix products that nothing faster computes. */
  readonly module: KernelModule;
  readonly products: ProductKernels;
}

/** Whether kernels can be used on this machine, and why not. */
export interface KernelAvailability {
  readonly name: KernelName;
  /** Null if they can be used. */
  readonly problem: string | null;
}

/**
 * The kernels that the user asks for. With `auto`, the fastest kernels on this machine.
 *
 * @param requested default: the environment variable RNN_KERNELS, or `auto` if it is not set
 * @throws RnnError `device` for kernels that cannot be used here, `usage` for an unknown name
 */
export async function chooseKernels(requested?: KernelChoice): Promise<Kernels> {
  const choice = requested ?? choiceFrom('RNN_KERNELS', kernelChoices) ?? 'auto';
  const name = choice === 'auto' ? kernelNames.find((each) => problemOf(each) === null)! : choice;
  const problem = problemOf(name);
  if (problem !== null)
    throw new RnnError('device', `cannot use the kernels ${name}: ${problem}`, {
      hint: `use ${flagOf('kernels')} auto for the fastest that work here (rnn doctor lists them)`,
      options: [flagOf('kernels')],
    });
  const module = await loadKernels(name === 'wasm-portable' ? 'portable' : undefined);
  const isPortable = name === 'wasm' && module.variant === 'portable';
  return { name: isPortable ? 'wasm-portable' : name, module, products: productsOf(name) };
}

function productsOf(name: KernelName): ProductKernels {
  if (name === 'avx512' || name === 'avx2') return machineProducts(name);
  return name === 'accelerate' ? accelerateProducts : embeddedProducts;
}

/** All kernels, the fastest first, and whether they can be used. */
export const kernelAvailability = (): KernelAvailability[] =>
  kernelNames.map((name) => ({ name, problem: problemOf(name) }));

const problems = new Map<KernelName, string | null>();

/** Why kernels cannot be used, or null. Each is tried once per process. */
function problemOf(name: KernelName): string | null {
  const existing = problems.get(name);
  if (existing !== undefined) return existing;
  const problem = findProblem(name);
  problems.set(name, problem);
  return problem;
}

function findProblem(name: KernelName): string | null {
  try {
    if (name === 'accelerate') return process.platform === 'darwin' ? (bindSgemm(), null) : 'only macOS has Accelerate';
    if (name !== 'avx512' && name !== 'avx2') return null;
    if (process.platform !== 'linux' || process.arch !== 'x64')
      return `machine code needs Linux on x86-64, and this is ${process.platform} on ${process.arch}`;
    const needed = name === 'avx512' ? 'AVX-512' : 'AVX2 and FMA';
    return supportedInstructionSets().includes(name) ? null : `the processor or the system does not support ${needed}`;
  } catch (error) {
    return firstLine(error);
  }
}
