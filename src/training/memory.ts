// Estimates the memory of a training run, and refuses a run that is too large for this machine.
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
/** The garbage of planning, per square root of the number of pairs. */
const PLANNING_BYTES = 3.5e6;
/** Times the memory of the device: a BLAS has buffers besides. */
const DEVICE_FACTOR = 1.08;
/** Copies of the weights when they are initialised and in a checkpoint: as numbers, and as text. */
const COPIES = 2;
/** Garbage of evaluations and saves: in a long run, copies of some checkpoints, up to so many bytes. */
const MAX_GARBAGE_BYTES = 10e6;
const GARBAGE_COPIES = 4;

/** Beyond this many (layer, time step) pairs a program takes many seconds to plan, and is soon too long for one WebAssembly function. */
const MAX_LAYER_STEPS = 2048;

type SizeOptions = Pick<TrainingOptions, 'batchSize' | 'sequenceLength' | 'randomLength' | 'sampleEvery' | 'orthogonalEvery'>;

/** The parts of a run that take memory. */
export interface Demand {
  readonly model: ModelConfiguration;
  readonly options: SizeOptions;
  readonly workload: Workload;
  readonly textBytes: number;
}

/** Bytes of this process at its peak, within 20 %. @param deviceBytes of the device */
export function processBytes({ model, options, workload, textBytes }: Demand, deviceBytes: number): number {
  const P = countParameters(workload.parameters);
  const steps = windowLengths(options).reduce((sum, length) => sum + length, 0);
  const copies = 4 * P * (COPIES + (workload.update?.slots.length ?? 0));
  const garbage = Math.min(MAX_GARBAGE_BYTES, GARBAGE_COPIES * copies);
  // The sampler holds the weights twice: as they are, and packed.
  const sampler = options.sampleEvery !== 0 ? 8 * P : 0;
  const projection = options.orthogonalEvery > 0 ? orthogonalBytes(model) : 0;
  return (
    NODE_BYTES +
    PLANNING_BYTES * Math.sqrt(model.layers * steps) +
    DEVICE_FACTOR * deviceBytes +
    copies +
    garbage +
    sampler +
    projection +
    textBytes
  );
}

const LOWER_SIZES = '--hidden, --layers, --batch-size or --sequence-length';

/**
 * Refuses a run that is too large on any device and with any text.
 *
 * @param lower the options that make it smaller
 * @throws RnnError `usage` for a run that cannot be planned, or of which not even the weights, their gradient, the optimizer's vectors and
 *   one activation fit into the free memory
 */
export function refuseHopeless(demand: Demand, lower = LOWER_SIZES): void {
  const { model, options, workload, textBytes } = demand;
  const longest = Math.max(...windowLengths(options));
  if (model.layers * longest > MAX_LAYER_STEPS) {
    const max = Math.floor((MAX_LAYER_STEPS / model.layers) * (options.sequenceLength / longest));
    const given = `--sequence-length ${options.sequenceLength} with --layers ${model.layers}`;
    throw new RnnError('usage', `${given} is longer than can be planned: at most ${max}`, {
      options: ['--sequence-length', '--layers'],
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
  // The text is in memory already.
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
