// How much memory a training run will take, and refusing one that this machine has no room for.
import { freemem } from 'node:os';
import { availableMemory } from 'node:process';
import type { Device, Workload } from '../devices/device.ts';
import { RnnError } from '../errors.ts';
import type { ModelConfiguration } from '../model/configuration.ts';
import { countParameters } from '../program/value.ts';
import type { TrainingOptions } from '../options/training.ts';
import { orthogonalBytes } from './orthogonal.ts';
import { windowLengths } from './windows.ts';

// Fitted to the peaks of resident memory of runs of 8 to 1024 units, 8 to 800 (layer, time step) pairs, 1 to 8 threads and texts of 1 to
// 335 MB, on Node 20: within 15 % of each.
const NODE_BYTES = 74e6;
/** The garbage of planning, by the root of the pairs: the heap grows ever less. */
const PLANNING_BYTES = 3.5e6;
/** Of what the device holds: besides that, a BLAS has buffers. */
const DEVICE_SHARE = 1.08;
/** Copies of weights at their beginning and in a checkpoint, besides the optimizer's: as numbers, and as text. */
const COPIES = 2;
/** What evaluating and saving leave behind until it is collected: in a long run, copies of some checkpoints, up to so many bytes. */
const MOST_GARBAGE_BYTES = 10e6;
const GARBAGE_COPIES = 4;

/** Beyond this many (layer, time step) pairs a program takes many seconds to plan, and is soon too long for one WebAssembly function. */
const MOST_LAYER_STEPS = 2048;

/** What of a run's options counts, besides its model. */
type SizeOptions = Pick<TrainingOptions, 'batchSize' | 'sequenceLength' | 'randomLength' | 'sampleEvery' | 'orthogonalEvery'>;

/** What takes memory. */
export interface Demand {
  readonly model: ModelConfiguration;
  readonly options: SizeOptions;
  readonly workload: Workload;
  /** What the text takes. */
  readonly textBytes: number;
}

/**
 * Bytes of this process at their peak, within 20 %.
 *
 * @param deviceBytes what the device takes
 */
export function processBytes({ model, options, workload, textBytes }: Demand, deviceBytes: number): number {
  const P = countParameters(workload.parameters);
  const steps = windowLengths(options).reduce((sum, length) => sum + length, 0);
  const copies = 4 * P * (COPIES + (workload.update?.slots.length ?? 0));
  const garbage = Math.min(MOST_GARBAGE_BYTES, GARBAGE_COPIES * copies);
  // The weights of the sampler, as they are and packed.
  const sampler = options.sampleEvery !== 0 ? 8 * P : 0;
  const projection = options.orthogonalEvery > 0 ? orthogonalBytes(model) : 0;
  return (
    NODE_BYTES +
    PLANNING_BYTES * Math.sqrt(model.layers * steps) +
    DEVICE_SHARE * deviceBytes +
    copies +
    garbage +
    sampler +
    projection +
    textBytes
  );
}

const LOWER_SIZES = '--hidden, --layers, --batch-size or --seq-length';

/**
 * Refuses what is too large on any device and with any text.
 *
 * @param lower the options that make it smaller
 * @throws RnnError `usage` for a run that cannot be planned, or of which not even the weights, their gradient, the optimizer's vectors and
 *   one activation fit into the free memory
 */
export function refuseHopeless(demand: Demand, lower = LOWER_SIZES): void {
  const { model, options, workload, textBytes } = demand;
  const longest = Math.max(...windowLengths(options));
  if (model.layers * longest > MOST_LAYER_STEPS) {
    const most = Math.floor((MOST_LAYER_STEPS / model.layers) * (options.sequenceLength / longest));
    const given = `--seq-length ${options.sequenceLength} with --layers ${model.layers}`;
    throw new RnnError('usage', `${given} is longer than can be planned: at most ${most}`, {
      options: ['--seq-length', '--layers'],
      hint: 'state is carried from window to window, so 32 to 256 steps see far beyond themselves',
    });
  }
  const activations = 4 * options.batchSize * options.sequenceLength * model.layers * model.hidden;
  const atLeast = 4 * countParameters(workload.parameters) * (3 + (workload.update?.slots.length ?? 0)) + activations;
  if (atLeast > freeBytes() + textBytes) refuseIfShort(demand, atLeast, `lower ${lower}`);
}

/**
 * @param lower the options that make it smaller
 * @throws RnnError `usage` for a run that cannot be planned, or that needs more memory than is free
 */
export async function refuseIfTooLarge(demand: Demand, device: Device, lower = LOWER_SIZES): Promise<void> {
  refuseHopeless(demand, lower); // before any program is built
  const threads = device.name === 'cpu' && demand.workload.update !== null ? ', or --threads' : '';
  refuseIfShort(demand, await device.estimate(demand.workload), `lower ${lower}${threads}`);
}

function refuseIfShort(demand: Demand, deviceBytes: number, hint: string): void {
  // The text is there already.
  const available = freeBytes() + demand.textBytes;
  const needed = processBytes(demand, deviceBytes);
  if (needed <= available) return;
  throw new RnnError('usage', `this model and batch need about ${gigabytes(needed)} of memory, and ${gigabytes(available)} are free`, {
    hint,
  });
}

/** Without /proc Node does not know the available memory, but the system still reports the free memory. */
export const freeBytes = (): number => availableMemory() || freemem();

export function gigabytes(bytes: number): string {
  return bytes < 1e15 ? `${(bytes / 1e9).toLocaleString('en', { maximumFractionDigits: 1 })} GB` : 'millions of GB';
}
