// A text on a page, with a shade behind each of its characters. browser/caret.ts manages the
// current position in the text.
import { escapeHtml } from './html.ts';

/** Number of shades on each side of the neutral one. */
export const SHADES = 16;
/**
 * Minimum number of characters in a block, which ends with a line. Browsers skip blocks that are
 * not visible.
 */
const BLOCK = 2000;

const shade = (level: number): string =>
  `color-mix(in oklab, var(--${level < 0 ? 'low' : 'high'}) ${(100 * Math.abs(level)) / SHADES}%, transparent)`;

/** Classes from the lowest shade, `.s-16`, to the highest, `.s16`. */
export const shadesStyle = Array.from(
  { length: 2 * SHADES + 1 },
  (_, index) => `.s${index - SHADES} { background: ${shade(index - SHADES)}; }`,
).join('\n');

/** @param pieces the characters, each with its shade */
export function shadedText(pieces: readonly { readonly text: string; readonly shade: number }[]): string {
  const blocks = [''];
  let length = 0;
  for (const { text, shade } of pieces) {
    if (length++ >= BLOCK && blocks.at(-1)!.endsWith('\n</i>')) length = blocks.push('') && 1;
    blocks[blocks.length - 1] += `<i class="s${shade}">${escapeHtml(withSigns(text))}</i>`;
  }
  return `<div id="text" class="text card" tabindex="0" role="slider" aria-label="Place in the text" aria-valuemin="1" aria-valuemax="${pieces.length}">${blocks.map((block) => `<div>${block}</div>`).join('')}</div>`;
}

/** Adds a visible sign before a line feed or a tab, which keeps its effect. */
export const withSigns = (text: string): string => text.replace('\n', '↵\n').replace('\t', '→\t');
