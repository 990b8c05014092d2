// Describes characters in error messages, and suggests known characters to type instead.

/** A message names at most this many characters and counts the rest. */
const MAX_NAMED = 5;

/**
 * Substitutes to suggest: plain quotes, hyphens and spaces for typographic or invisible characters,
 * and ’ for '.
 */
const SUBSTITUTES: Readonly<Record<string, string>> = {
  '\u2018': "'",
  '\u2019': "'",
  '\u201C': '"',
  '\u201D': '"',
  '\u2013': '-',
  '\u2014': '-',
  "'": '\u2019',
  '\t': ' ',
  '\n': ' ',
};

const INVISIBLE: Readonly<Record<string, string>> = {
  '\0': 'NUL',
  '\t': 'tab',
  '\n': 'line feed',
  '\r': 'carriage return',
  ' ': 'space',
  '\u00A0': 'no-break space',
  '\uFEFF': 'byte order mark',
};

/**
 * Formats a character as "U+00E9 é", or as "U+0009 (tab)" if it is invisible. The number helps if
 * the terminal does not show the glyph.
 */
function describeCharacter(character: string): string {
  const codePoint = character.codePointAt(0) ?? 0;
  const number = `U+${codePoint.toString(16).toUpperCase().padStart(4, '0')}`;
  const name = INVISIBLE[character];
  if (name !== undefined) return `${number} (${name})`;
  return /[\p{C}\p{Z}]/u.test(character) ? number : `${number} ${character}`;
}

/** The first characters of a list, and the number of the rest. */
export function describeCharacters(characters: readonly string[]): string {
  const listed = characters.slice(0, MAX_NAMED).map(describeCharacter).join(', ');
  return characters.length > MAX_NAMED ? `${listed} and ${characters.length - MAX_NAMED} more` : listed;
}

/**
 * Suggests known characters, such as "write ' for ’ and e for é". Considers only the first five
 * characters. Returns '' if none of them has a known substitute.
 */
export function substitutes(characters: readonly string[], isKnown: (character: string) => boolean): string {
  const pairs = characters.slice(0, MAX_NAMED).flatMap((character) => {
    const nearest = candidates(character).find((candidate) => candidate !== character && isKnown(candidate));
    return nearest === undefined ? [] : [`${nameOrGlyph(nearest)} for ${nameOrGlyph(character)}`];
  });
  return pairs.length === 0 ? '' : `write ${new Intl.ListFormat('en-GB').format(pairs)}`;
}

/**
 * In order of preference: the other case, the base letter without its accent, the base letter in
 * the other case, and the substitute in the table above.
 */
function candidates(character: string): string[] {
  const [base] = character.normalize('NFKD');
  return [otherCase(character), base, otherCase(base), SUBSTITUTES[character] ?? character];
}

function otherCase(character: string): string {
  const lower = character.toLowerCase();
  return lower === character ? character.toUpperCase() : lower;
}

function nameOrGlyph(character: string): string {
  const name = INVISIBLE[character];
  return name === undefined ? character : `a ${name}`;
}
