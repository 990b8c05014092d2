// V8's collector, for a process that is this program's own: a flag of V8 is the whole process's, so a library must not set it.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Makes the collector `globalThis.gc`, as `node --expose-gc` does. */
export function exposeCollector(): void {
  if (globalThis.gc !== undefined) return;
  // V8 hands it out only under the flag, and to contexts that are made while it is set.
  setFlagsFromString('--expose-gc');
  try {
    globalThis.gc = runInNewContext('gc') as NonNullable<typeof globalThis.gc>;
  } finally {
    setFlagsFromString('--no-expose-gc');
  }
}
