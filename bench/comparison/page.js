// A page of results in two parts, made by two programs: speeds, and below them, from its heading
// on, quality. Pure.

const HEADING = '\n## Quality\n';

/** The page with its part on quality replaced, or added. */
export function withQuality(page, section) {
  return `${speedsOf(page).trimEnd()}\n\n${section.trim()}\n`;
}

/**
 * The page with everything but its part on quality replaced. @param page null if it does not exist
 */
export function withSpeeds(page, speeds) {
  const at = page === null ? -1 : page.indexOf(HEADING);
  return at < 0 ? `${speeds.trimEnd()}\n` : `${speeds.trimEnd()}\n${page.slice(at)}`;
}

function speedsOf(page) {
  const at = page.indexOf(HEADING);
  return at < 0 ? page : page.slice(0, at);
}
