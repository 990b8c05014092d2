// Addresses in the memory of a workload.

/** A byte address: `fixed`, or `inShard`, relative to the start of the worker's region. */
export type Address = { readonly fixed: number } | { readonly inShard: number };

/** The address of a matrix and its leading dimension. */
export type MatrixAddress = readonly [Address, number];

/** The address that is some bytes after another. */
export const withOffset = (address: Address, bytes: number): Address =>
  'fixed' in address ? { fixed: address.fixed + bytes } : { inShard: address.inShard + bytes };
