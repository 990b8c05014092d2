// Finds text that two pages have in common: sentences, and shingles, which are runs of nine words.

/** A page as a name and its text in Markdown. */
export interface PageText {
  readonly name: string;
  readonly text: string;
}

/** Shorter runs of words are the same by chance. */
export const SHINGLE_WORDS = 9;

/**
 * The paragraphs, items and rows of a page. Code blocks and headings are left out, and so are rows of
 * tables with links, because a list of pages describes each page.
 */
function paragraphsOf({ text }: PageText): string[] {
  return text
    .replaceAll(/^ *```[\s\S]*?^ *```/gm, '')
    .split(/\n(?=\s*\n|\s*[-*|#]|\s*\d+\. )/)
    .filter((paragraph) => !/^\s*(#|\|.*\]\()/.test(paragraph));
}

/** Words in lower case, without punctuation and the targets of links. */
const wordsOf = (text: string): string[] =>
  text
    .replaceAll(/\]\([^)]*\)/g, '] ')
    .toLowerCase()
    .match(/[\p{L}\p{N}][\p{L}\p{N}'’.,+%-]*[\p{L}\p{N}%+]|[\p{L}\p{N}]/gu) ?? [];

/** The runs of nine words within the paragraphs of a page. */
export function shinglesOf(page: PageText): Set<string> {
  const shingles = paragraphsOf(page).flatMap((paragraph) => {
    const words = wordsOf(paragraph);
    return Array.from({ length: Math.max(0, words.length - SHINGLE_WORDS + 1) }, (_, start) =>
      words.slice(start, start + SHINGLE_WORDS).join(' '),
    );
  });
  return new Set(shingles);
}

/** The sentences of at least nine words. */
export function sentencesOf(page: PageText): Set<string> {
  const sentences = paragraphsOf(page).flatMap((paragraph) => paragraph.split(/(?<=[.!?:]\)?)\s+/));
  return new Set(
    sentences
      .map(wordsOf)
      .filter(({ length }) => length >= SHINGLE_WORDS)
      .map((words) => words.join(' ')),
  );
}

/** The pairs of pages that share more than a fraction of the shingles of the shorter page. */
export function sharingPages(pages: readonly PageText[], maxFraction: number): string[] {
  const sets = pages.map((page) => ({ name: page.name, shingles: shinglesOf(page) }));
  return sets.flatMap((a, index) =>
    sets.slice(index + 1).flatMap((b) => {
      const shared = [...a.shingles].filter((shingle) => b.shingles.has(shingle));
      const fraction = shared.length / Math.max(1, Math.min(a.shingles.size, b.shingles.size));
      return fraction <= maxFraction
        ? []
        : [`${a.name} and ${b.name} share ${(100 * fraction).toFixed(1)} %, such as "${shared[0]}"`];
    }),
  );
}

/** The sentences that are on several pages, with these pages. */
export function repeatedSentences(pages: readonly PageText[]): string[] {
  const places = new Map<string, string[]>();
  for (const page of pages)
    for (const sentence of sentencesOf(page)) places.set(sentence, [...(places.get(sentence) ?? []), page.name]);
  return [...places]
    .filter(([, { length }]) => length > 1)
    .map(([sentence, names]) => `${names.join(', ')}: "${sentence}"`);
}
