// Characters in error messages: their names, and known characters to type instead. Knows a
// vocabulary only as a question.

/** How many characters a message names before it says how many more there are. */
const NAMED = 5;

/** Typed characters for typographic characters, and the reverse. */
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

/** "U+00E9 é". The number helps if the terminal does not show the glyph. */
function describeCharacter(character: string): string {
  const codePoint = character.codePointAt(0) ?? 0;
  const number = `U+${codePoint.toString(16).toUpperCase().padStart(4, '0')}`;
  const name = INVISIBLE[character];
  if (name !== undefined) return `${number} (${name})`;
  return /[\p{C}\p{Z}]/u.test(character) ? number : `${number} ${character}`;
}

/** The first few of a list of characters, and how many more there are. */
export function describeCharacters(characters: readonly string[]): string {
  const named = characters.slice(0, NAMED).map(describeCharacter).join(', ');
  return characters.length > NAMED ? `${named} and ${characters.length - NAMED} more` : named;
}

/**
 * "write ' for ’ and e for é": the nearest known character of each of the first few that have one;
 * '' if none has.
 */
export function substitutes(characters: readonly string[], isKnown: (character: string) => boolean): string {
  const pairs = characters.slice(0, NAMED).flatMap((character) => {
    const nearest = candidates(character).find((candidate) => candidate !== character && isKnown(candidate));
    return nearest === undefined ? [] : [`${shown(nearest)} for ${shown(character)}`];
  });
  return pairs.length === 0 ? '' : `write ${pairs.join(', ')}`;
}

/** Other case first, then without its accent, then the typed or the typographic one. */
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
