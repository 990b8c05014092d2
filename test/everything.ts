/** Whether RNN_TEST=all is set, as in `.ci/run`, to run slow tests, too. */
export const isEverything = process.env.RNN_TEST === 'all';
