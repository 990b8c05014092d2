/** RNN_TEST=all, as `.ci/run` has it: also what takes minutes. */
export const isEverything = process.env.RNN_TEST === 'all';
