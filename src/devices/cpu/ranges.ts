// Where the vectors of all weights lie, which range of them each worker updates, and how far
// addresses may reach.
import type { MemoryMap, Plan } from './plan.ts';
import { WASM_PAGE_BYTES } from './sizes.ts';

/** Workers get multiples of this many weights, which are one cache line. */
const SHARE = 16;

/** The byte address of a vector of P elements. @param name `parameters`, `gradients` or a slot */
export function vectorAddress({ parameterVector, optimizerSlots, shard, shardBases }: MemoryMap, name: string): number {
  if (name === 'parameters') return parameterVector;
  return name === 'gradients' ? shardBases[0] + shard.gradients : optimizerSlots.get(name)!;
}

/**
 * The bytes of the memory, and of the region of the last worker. The regions of other workers end
 * where the next begins.
 */
export function addressLimitsOf({ pages, shardBases }: Plan): { readonly fixed: number; readonly inShard: number } {
  const bytes = pages * WASM_PAGE_BYTES;
  return { fixed: bytes, inShard: bytes - shardBases.at(-1)! };
}

/** The range of weights that a worker updates. */
export function weightRangeOf(
  { parameterCount, workers }: MemoryMap,
  worker: number,
): { readonly first: number; readonly count: number } {
  const share = Math.ceil(parameterCount / workers / SHARE) * SHARE;
  const first = Math.min(parameterCount, share * worker);
  return { first, count: Math.min(parameterCount, first + share) - first };
}

/** The addresses of the vectors that an update reads and writes: weights, gradients, slots. */
export const updateVectors = (map: MemoryMap): number[] =>
  ['parameters', 'gradients', ...map.optimizerSlots.keys()].map((name) => vectorAddress(map, name));
