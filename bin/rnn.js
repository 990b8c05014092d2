#!/usr/bin/env node
// Starts the command line, which `npm run build` puts into dist/.
const hints = {
  ERR_MODULE_NOT_FOUND: 'run npm run build, because a clone is not built yet',
  EMFILE: 'raise the limit on open files (ulimit -n)',
};

const { start } = await import('../dist/cli/start.js').catch((error) => {
  if (!Object.hasOwn(hints, error.code)) throw error;
  console.error(`error: cannot load rnn: ${error.message}\nhint: ${hints[error.code]}`);
  process.exit(1);
});
await start();
