// How much memory training or scoring will take, and refusing a model that this machine has no room
// for.
import { freemem } from 'node:os';
import { availableMemory } from 'node:process';
import type { Device, Workload } from '../devices/device.ts';
import { usageError } from '../errors.ts';
import type { ModelConfiguration } from '../model/configuration.ts';
import { countParameters } from '../program/value.ts';
import { asTyped, flagOf, sizeFlags } from '../options/flags.ts';

// Fitted to the peaks of resident memory of runs of 8 to 1024 units, 8 to 800 (layer, time step)
// pairs, 1 to 8 threads and texts of 1 to 335 MB, on Node 20: within 15 % of each.
const NODE_BYTES = 74e6;
/** The garbage of planning, times the root of the pairs: the heap grows ever less. */
const PLANNING_BYTES = 3.5e6;
/** Times the bytes that the device reports: a library has buffers besides. */
const DEVICE_FACTOR = 1.08;
/**
 * Copies of weights at their beginning and in a checkpoint, besides the optimizer's: as numbers,
 * and as text.
 */
const COPIES = 2;
/**
 * The garbage of evaluations and saves: in a long run, copies of some checkpoints, up to so many
 * bytes.
 */
const MAX_GARBAGE_BYTES = 10e6;
const GARBAGE_COPIES = 4;

/**
 * Beyond this many (layer, time step) pairs a program takes many seconds to plan, and is soon too
 * long for one WebAssembly function.
 */
const MAX_LAYER_STEPS = 2048;

/** What takes memory. */
export interface Demand {
  readonly model: ModelConfiguration;
  readonly batchSize: number;
  readonly sequenceLength: number;
  /** Time steps of each of the programs. */
  readonly lengths: readonly number[];
  readonly workload: Workload;
  readonly textBytes: number;
  /** Of everything else that training allocates. */
  readonly otherBytes: number;
}

/**
 * Bytes of this process at their peak, within 20 %.
 *
 * @param deviceBytes what the device takes
 */
export function processBytes({ model, lengths, workload, textBytes, otherBytes }: Demand, deviceBytes: number): number {
  const P = countParameters(workload.parameters);
  const steps = lengths.reduce((sum, length) => sum + length, 0);
  const copies = 4 * P * (COPIES + (workload.update?.slots.length ?? 0));
  const garbage = Math.min(MAX_GARBAGE_BYTES, GARBAGE_COPIES * copies);
  return (
    NODE_BYTES +
    PLANNING_BYTES * Math.sqrt(model.layers * steps) +
    DEVICE_FACTOR * deviceBytes +
    copies +
    garbage +
    otherBytes +
    textBytes
  );
}

/**
 * Refuses a model that is too large on any device and with any text.
 *
 * @param lower the options that make it smaller
 * @throws RnnError `usage` for a run that cannot be planned, or of which not even the weights,
 *   their gradient, the optimizer's vectors and one activation fit into the free memory
 */
export function refuseHopeless(demand: Demand, lower = sizeFlags): void {
  const { model, batchSize, sequenceLength, lengths, workload, textBytes } = demand;
  const longest = Math.max(...lengths);
  if (model.layers * longest > MAX_LAYER_STEPS) {
    const max = Math.floor((MAX_LAYER_STEPS / model.layers) * (sequenceLength / longest));
    const given = asTyped({ sequenceLength, layers: model.layers }).join(' with ');
    throw usageError(
      `${given} is longer than can be planned: at most ${max}`,
      'state is carried from window to window, so 32 to 256 steps see far beyond themselves',
      { options: [flagOf('sequenceLength'), flagOf('layers')] },
    );
  }
  const activations = 4 * batchSize * sequenceLength * model.layers * model.hidden;
  const atLeast = 4 * countParameters(workload.parameters) * (3 + (workload.update?.slots.length ?? 0)) + activations;
  if (atLeast > freeBytes() + textBytes) refuseIfShort(demand, atLeast, `lower ${lower}`);
}

/**
 * @param lower the options that make it smaller
 * @throws RnnError `usage` for a run that cannot be planned, or that needs more memory than is free
 */
export async function refuseIfTooLarge(demand: Demand, device: Device, lower = sizeFlags): Promise<void> {
  refuseHopeless(demand, lower); // before any program is built
  const threads = device.name === 'cpu' && demand.workload.update !== null ? `, or ${flagOf('threads')}` : '';
  refuseIfShort(demand, await device.estimate(demand.workload), `lower ${lower}${threads}`);
}

function refuseIfShort(demand: Demand, deviceBytes: number, hint: string): void {
  // The text is in memory already.
  const available = freeBytes() + demand.textBytes;
  refuseWithoutRoom('this model and batch need', processBytes(demand, deviceBytes), hint, available);
}

/**
 * @param what needs so many bytes, with a verb
 * @throws RnnError `usage` if fewer are available
 */
export function refuseWithoutRoom(what: string, bytes: number, hint: string, available = freeBytes()): void {
  if (bytes <= available) return;
  const message = `${what} about ${gigabytes(bytes)} of memory, and ${gigabytes(available)} are free`;
  throw usageError(message, hint);
}

/**
 * Without /proc Node does not know the available memory, but the system still reports the free
 * memory.
 */
export const freeBytes = (): number => availableMemory() || freemem();

export function gigabytes(bytes: number): string {
  return bytes < 1e15 ? `${(bytes / 1e9).toLocaleString('en', { maximumFractionDigits: 1 })} GB` : 'millions of GB';
}
