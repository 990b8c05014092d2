// Describes characters in error messages, and suggests known characters to type instead.

/** A message names at most this many characters and counts the rest. */
const NAMED = 5;

/** Characters of keyboards for typographic characters, and the reverse. */
const INSTEAD: Readonly<Record<string, string>> = {
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

/** Such as "U+00E9 é". The number helps if the terminal does not show the glyph. */
function describeCharacter(character: string): string {
  const codePoint = character.codePointAt(0) ?? 0;
  const number = `U+${codePoint.toString(16).toUpperCase().padStart(4, '0')}`;
  const name = INVISIBLE[character];
  if (name !== undefined) return `${number} (${name})`;
  return /[\p{C}\p{Z}]/u.test(character) ? number : `${number} ${character}`;
}

/** The first characters of a list, and the number of the rest. */
export function describeCharacters(characters: readonly string[]): string {
  const named = characters.slice(0, NAMED).map(describeCharacter).join(', ');
  return characters.length > NAMED ? `${named} and ${characters.length - NAMED} more` : named;
}

/**
 * Suggests known characters, such as "write ' for ’ and e for é". Considers only the first five
 * characters. Returns '' if none of them has a known substitute.
 */
export function substitutes(characters: readonly string[], isKnown: (character: string) => boolean): string {
  const pairs = characters.slice(0, NAMED).flatMap((character) => {
    const nearest = candidates(character).find((candidate) => candidate !== character && isKnown(candidate));
    return nearest === undefined ? [] : [`${shown(nearest)} for ${shown(character)}`];
  });
  return pairs.length === 0 ? '' : `write ${new Intl.ListFormat('en-GB').format(pairs)}`;
}

/**
 * In order of preference: the other case, without the accent, then typed instead of typographic or
 * the reverse.
 */
function candidates(character: string): string[] {
  const [base] = character.normalize('NFKD');
  return [otherCase(character), base, otherCase(base), INSTEAD[character] ?? character];
}

function otherCase(character: string): string {
  const lower = character.toLowerCase();
  return lower === character ? character.toUpperCase() : lower;
}

function shown(character: string): string {
  const name = INVISIBLE[character];
  return name === undefined ? character : `a ${name}`;
}
