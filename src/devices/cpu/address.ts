// Addresses in the memory of a workload.

/** A byte address: `fixed`, or `own`, relative to the start of the worker's region. */
export type Address = { readonly fixed: number } | { readonly own: number };

/** The address of a matrix and its leading dimension. */
export type Matrix = readonly [Address, number];
