// Links between pages of Markdown. Links to the web are not followed.
import { posix } from 'node:path';

/** A link to a file, and to a heading of it if it has an anchor. */
export interface PageLink {
  readonly link: string;
  /** From the root of the project. */
  readonly file: string;
  readonly anchor: string | undefined;
}

/** A page without its code, in which brackets do not make links. */
const withoutCode = (text: string): string =>
  text.replaceAll(/^ *```[\s\S]*?^ *```/gm, '').replaceAll(/`[^`\n]*`/g, '');

/** The links of a page to files, as links in text, pictures, definitions and HTML. */
export function linksOf(page: string, text: string): PageLink[] {
  const source = withoutCode(text);
  const targets = [
    ...source.matchAll(/\]\(\s*<?([^)\s>]+)/g),
    ...source.matchAll(/^\[[^\]]+\]:\s*<?([^\s>]+)/gm),
    ...source.matchAll(/<(?:a|img)\b[^>]*?\b(?:href|src)="([^"]+)"/g),
  ];
  return targets
    .map(([, link]) => link)
    .filter((link) => !/^[a-z]+:/i.test(link))
    .map((link) => {
      const [path, anchor] = link.split('#') as [string, string?];
      return { link, file: path === '' ? page : posix.join(posix.dirname(page), decodeURI(path)), anchor };
    });
}

/** The anchors under which GitHub has the headings of a page. Repeated headings get a number. */
export function anchorsOf(text: string): Set<string> {
  const counts = new Map<string, number>();
  const headings = text.replaceAll(/^ *```[\s\S]*?^ *```/gm, '').matchAll(/^#+ +(.*?)\s*$/gm);
  return new Set(
    [...headings].map(([, heading]) => {
      const name = heading
        .replaceAll(/\]\([^)]*\)/g, '')
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
        .replaceAll(' ', '-');
      const count = counts.get(name) ?? 0;
      counts.set(name, count + 1);
      return count === 0 ? name : `${name}-${count}`;
    }),
  );
}

/**
 * The links of pages that lead to a file or a heading that does not exist.
 *
 * @param pages the texts of the pages, by their names
 * @param exists whether there is a file or a folder
 */
export function brokenLinks(pages: ReadonlyMap<string, string>, exists: (file: string) => boolean): string[] {
  return [...pages].flatMap(([page, text]) =>
    linksOf(page, text)
      .filter(({ file, anchor }) => {
        if (!exists(file)) return true;
        const target = pages.get(file);
        return anchor !== undefined && target !== undefined && !anchorsOf(target).has(anchor);
      })
      .map(({ link }) => `${page}: ${link}`),
  );
}
