// RESULTS.md: sections that different programs measure, each under a heading of the second level.
// Pure.

/** The sections, in the order of the page, and the beginning of a page that does not exist yet. */
const sections = ['Speed', 'Quality', 'Scaling'];
const TITLE = '# Results\n';

/**
 * The page with one section replaced, or added in its place.
 * @param page null if it does not exist
 * @param section begins with `## ` and the name of the section
 */
export function withSection(page, section) {
  const name = nameOf(section);
  if (!sections.includes(name)) throw new Error(`${name}: one of ${sections.join(', ')}`);
  const [head, ...old] = (page ?? TITLE).split(/^(?=## )/m);
  const kept = new Map(old.map((each) => [nameOf(each), each]));
  kept.set(name, section);
  const rank = (each) => (sections.indexOf(each) + sections.length + 1) % (sections.length + 1);
  const ordered = [...kept].toSorted(([a], [b]) => rank(a) - rank(b)).map(([, each]) => each);
  return `${[head, ...ordered].map((part) => part.trim()).join('\n\n')}\n`;
}

const nameOf = (section) => /^## (.*)/.exec(section)[1];
