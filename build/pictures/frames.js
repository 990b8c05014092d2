// The frames of an animation, from the screens of a recording. Pure.

/**
 * Screens that differ, each with the time that it is visible. Screens that follow each other
 * quickly become one, and pauses are shortened.
 * @param screens each { atMs, rows }, in order
 * @param shortestMs of a frame
 * @param longestMs of a frame, except for the last
 * @param lastMs of the last frame
 * @returns frames { rows, lengthMs }
 */
export function framesOf(screens, { shortestMs, longestMs, lastMs }) {
  const frames = [];
  for (const { atMs, rows } of screens) {
    const before = frames.at(-1);
    if (before !== undefined && isSame(before.rows, rows)) continue;
    if (before !== undefined && atMs - before.atMs < shortestMs) before.rows = rows;
    else frames.push({ atMs, rows });
  }
  // A frame that was replaced may now equal the frame before it.
  const different = frames.filter(({ rows }, index) => index === 0 || !isSame(frames[index - 1].rows, rows));
  return different.map(({ atMs, rows }, index) => {
    const next = different[index + 1];
    return { rows, lengthMs: next === undefined ? lastMs : Math.min(longestMs, next.atMs - atMs) };
  });
}

/**
 * The frames of a recording at its real speed, or faster by a whole factor if it is long.
 * @param maxMs of all frames but the last
 * @returns { frames, factor, shownMs }: the length of the frames without the last
 */
export function playedFrames(screens, { maxMs, shortestMs, longestMs, lastMs }) {
  const played = (factor) => {
    const faster = screens.map(({ atMs, rows }) => ({ atMs: atMs / factor, rows }));
    const frames = framesOf(faster, { shortestMs, longestMs, lastMs });
    const shownMs = frames.slice(0, -1).reduce((sum, { lengthMs }) => sum + lengthMs, 0);
    return { frames, factor, shownMs };
  };
  let shown = played(1);
  while (shown.shownMs > maxMs) shown = played(shown.factor + 1);
  return shown;
}

const isSame = (a, b) => JSON.stringify(a) === JSON.stringify(b);
