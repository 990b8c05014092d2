// Places in the memory of a workload.

/** A byte address: fixed, or counted from the base of the worker's own region. */
export type Address = { readonly fixed: number } | { readonly own: number };

/** An address and its leading dimension. */
export type Matrix = readonly [Address, number];
