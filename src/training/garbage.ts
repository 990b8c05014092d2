// Giving back the memory that garbage holds. V8 collects what planning a run leaves behind when it sees fit, after some seconds or after
// a quarter of an hour, and so what a run seems to take would wander by a fifth.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** A collection takes about 10 ms of the thread that otherwise waits for the workers. */
const EVERY_MS = 60_000;

/** A function that collects garbage, unless it has done so within the last minute. */
export function openCollector(): () => void {
  const collect = garbageCollection();
  let last = -Infinity;
  return () => {
    const now = performance.now();
    if (now - last < EVERY_MS) return;
    last = now;
    collect();
  };
}

/** V8 hands out its collector only under a flag, and to contexts that are made while it is set. */
function garbageCollection(): () => void {
  setFlagsFromString('--expose-gc');
  try {
    return runInNewContext('gc') as () => void;
  } finally {
    setFlagsFromString('--no-expose-gc');
  }
}
