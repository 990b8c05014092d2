// Texts with known properties.
import { Random } from '../../src/random.ts';

/**
 * Words of random letters that end with z, some of them in quotation marks. The only thing to learn
 * is whether a mark follows z. Words are so long that a model must remember the first mark to know.
 */
export function quotingText(seed: number, characters: number): string {
  const random = new Random(seed);
  const below = (count: number): number => random.uint32() % count;
  let text = '';
  while (text.length < characters) {
    const word = `${Array.from({ length: 14 + below(8) }, () => 'abcdef'[below(6)]).join('')}z`;
    text += below(5) < 2 ? `"${word}" ` : `${word} `;
  }
  return text.slice(0, characters);
}

/** Lines of the same length, with brackets, quotations, and comments at the end of some. */
export function notedText(seed: number, characters: number): string {
  const random = new Random(seed);
  const some = (count: number): string =>
    Array.from({ length: count }, () => 'abcdefgh '[random.uint32() % 9]).join('');
  let text = '';
  while (text.length < characters)
    text += `${some(5)}(${some(4)}[${some(4)}]) "${some(8)}" ${random.uniform() < 0.5 ? `// ${some(8)}` : some(11)}\n`;
  return text.slice(0, characters);
}
