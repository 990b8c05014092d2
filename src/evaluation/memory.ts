// Estimates the memory of training or evaluation, and refuses models that do not fit.
import { freemem } from 'node:os';
import { availableMemory } from 'node:process';
import type { Device, Workload } from '../devices/device.ts';
import { usageError } from '../errors.ts';
import type { ModelConfiguration } from '../model/configuration.ts';
import { countParameters } from '../program/value.ts';
import { asTyped, flagOf, sizeFlags } from '../options/flags.ts';

// Fitted to the peak resident memory of runs with 8 to 1024 units, 8 to 800 (layer, time step)
// pairs, 1 to 8 threads and texts of 1 to 335 MB, on Node 20. All estimates are within 15 %.
const NODE_BYTES = 74e6;
/**
 * Garbage of planning, multiplied by the square root of the number of pairs: the heap grows more
 * slowly than the program.
 */
const PLANNING_BYTES = 3.5e6;
/** Factor on the bytes that the device reports, for additional buffers of libraries. */
const DEVICE_FACTOR = 1.08;
/**
 * Copies of the initial parameters and of a checkpoint, not counting optimizer slots: as numbers,
 * and as text.
 */
const COPIES = 2;
/**
 * Garbage of evaluations and saves. In a long run it is some copies of checkpoints, up to this many
 * bytes.
 */
const MAX_GARBAGE_BYTES = 10e6;
const GARBAGE_COPIES = 4;

/**
 * With more (layer, time step) pairs, planning a program takes many seconds, and the program soon
 * exceeds the size limit of a WebAssembly function.
 */
const MAX_LAYER_STEPS = 2048;

/** The sizes that determine memory use. */
export interface MemoryDemand {
  readonly model: ModelConfiguration;
  readonly batchSize: number;
  readonly sequenceLength: number;
  /** Time steps of each program. */
  readonly lengths: readonly number[];
  readonly workload: Workload;
  readonly textBytes: number;
  /** Everything else that training allocates. */
  readonly otherBytes: number;
}

/**
 * Estimates the peak memory of this process in bytes.
 *
 * @param deviceBytes memory of the device
 */
export function processBytes(
  { model, lengths, workload, textBytes, otherBytes }: MemoryDemand,
  deviceBytes: number,
): number {
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
 * Refuses a model that is too large for any device and text.
 *
 * @param lower options that make the model smaller
 * @throws RnnError `usage` if a run cannot be planned, or if the parameters, their gradient, a third
 * vector of this size, the optimizer slots and one activation do not fit in free memory
 */
export function refuseTooLargeForMachine(demand: MemoryDemand, lower = sizeFlags): void {
  const { model, batchSize, sequenceLength, lengths, workload, textBytes } = demand;
  const longest = Math.max(...lengths);
  if (model.layers * longest > MAX_LAYER_STEPS) {
    const max = Math.floor((MAX_LAYER_STEPS / model.layers) * (sequenceLength / longest));
    const given = asTyped({ sequenceLength, layers: model.layers }).join(' with ');
    throw usageError(
      `${given} is too long to plan: expected at most ${max}`,
      'use 32 to 256 time steps: the state carries over to the next sequence, so the model sees further back than one sequence',
      { options: [flagOf('sequenceLength'), flagOf('layers')] },
    );
  }
  const activations = 4 * batchSize * sequenceLength * model.layers * model.hidden;
  const atLeast = 4 * countParameters(workload.parameters) * (3 + (workload.update?.slots.length ?? 0)) + activations;
  if (atLeast > freeBytes() + textBytes) refuseIfShort(demand, atLeast, `lower ${lower}`);
}

/**
 * @param lower options that make the model smaller
 * @throws RnnError `usage` if a run cannot be planned, or needs more than the free memory
 */
export async function refuseIfTooLarge(demand: MemoryDemand, device: Device, lower = sizeFlags): Promise<void> {
  refuseTooLargeForMachine(demand, lower); // before building any program
  const threads = device.name === 'cpu' && demand.workload.update !== null ? `, or ${flagOf('threads')}` : '';
  refuseIfShort(demand, await device.estimate(demand.workload), `lower ${lower}${threads}`);
}

function refuseIfShort(demand: MemoryDemand, deviceBytes: number, hint: string): void {
  // The text is already in memory.
  const available = freeBytes() + demand.textBytes;
  refuseWithoutRoom('this model and batch', processBytes(demand, deviceBytes), hint, available);
}

/**
 * @param subject such as "this network"
 * @throws RnnError `usage` if fewer bytes are available
 */
export function refuseWithoutRoom(subject: string, bytes: number, hint: string, available = freeBytes()): void {
  if (bytes <= available) return;
  const message = `cannot fit ${subject} into memory: about ${formatGigabytes(bytes)} needed, ${formatGigabytes(available)} free`;
  throw usageError(message, hint);
}

/**
 * Without /proc, Node does not know the available memory, but the system still reports the free
 * memory.
 */
export const freeBytes = (): number => availableMemory() || freemem();

export function formatGigabytes(bytes: number): string {
  return bytes < 1e15 ? `${(bytes / 1e9).toLocaleString('en', { maximumFractionDigits: 1 })} GB` : 'millions of GB';
}
