// Giving back the memory that garbage holds. V8 collects what planning a run leaves behind when it sees fit, after some seconds or after
// a quarter of an hour, and so what a run seems to take would wander by a fifth.

/** A collection takes about 10 ms of the thread that otherwise waits for the workers. */
const EVERY_MS = 60_000;

/** A function that collects garbage where the process exposes V8's collector (`node --expose-gc`), unless it did so within the last minute. */
export function openCollector(): () => void {
  let last = -Infinity;
  return () => {
    const now = performance.now();
    if (now - last < EVERY_MS) return;
    last = now;
    globalThis.gc?.();
  };
}
