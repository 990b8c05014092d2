// Text and tables in HTML, for pages and for the scripts in them.

const entities: Readonly<Record<string, string>> = { '&': 'amp', '<': 'lt', '>': 'gt', '"': 'quot', "'": '#39' };

/**
 * Escapes text between tags or in a quoted attribute. Control characters become visible symbols
 * (␛), because HTML allows few of them.
 */
export const escapeHtml = (text: string): string =>
  // oxlint-disable-next-line no-control-regex
  text.replace(/[&<>"'\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, (character) => {
    if (Object.hasOwn(entities, character)) return `&${entities[character]};`;
    return character < ' ' ? String.fromCharCode(0x2400 + character.charCodeAt(0)) : '·';
  });

/**
 * A part of a page with a heading.
 * @param html content after the heading
 */
export const section = (id: string, title: string, html: string): string =>
  `<section aria-labelledby="${id}-title"><h2 id="${id}-title">${title}</h2>\n${html}</section>`;

/** A table whose first column contains row headings. */
export function table(
  heads: readonly string[],
  rows: readonly (readonly (string | number)[])[],
  attributes = '',
): string {
  const row = ([head, ...cells]: readonly (string | number)[]): string =>
    `<tr><th scope="row">${head}</th>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`;
  const top = heads.map((head) => `<th scope="col">${head}</th>`).join('');
  return `<table${attributes}><thead><tr>${top}</tr></thead><tbody>${rows.map(row).join('')}</tbody></table>`;
}

interface Bar {
  readonly name: string;
  /** Fraction of the maximum length of a bar. */
  readonly share: number;
  readonly value: string;
  /** Whether the row is highlighted. */
  readonly isHighlighted: boolean;
}

/** A table with a bar in each row. */
export function bars(rows: readonly Bar[]): string {
  const row = ({ name, share, value, isHighlighted }: Bar): string =>
    `<tr${isHighlighted ? ' class="own"' : ''}><th scope="row">${escapeHtml(name)}</th><td><span class="bar" style="width: ${(100 * share).toFixed(1)}%"></span></td><td>${value}</td></tr>`;
  return `<table class="bars">${rows.map(row).join('')}</table>`;
}
