// A text on a page, each of its characters on a ground in one of a few shades. Knows nothing of
// what the shades say; browser/caret.ts has the place in the text that is looked at.
import { escapeHtml } from './html.ts';

/** Shades on each side of none. */
export const SHADES = 16;
/**
 * Characters after whose last line's end a block of text ends, so that a browser can leave out
 * those out of sight.
 */
const BLOCK = 2000;

const shade = (level: number): string =>
  `color-mix(in oklab, var(--${level < 0 ? 'low' : 'high'}) ${(100 * Math.abs(level)) / SHADES}%, transparent)`;

/** From the lowest, `.s-16`, to the highest, `.s16`. */
export const shadesStyle = Array.from(
  { length: 2 * SHADES + 1 },
  (_, index) => `.s${index - SHADES} { background: ${shade(index - SHADES)}; }`,
).join('\n');

/** @param pieces its characters, and the shade of each */
export function shadedText(pieces: readonly { readonly text: string; readonly shade: number }[]): string {
  const blocks = [''];
  let length = 0;
  for (const { text, shade } of pieces) {
    if (length++ >= BLOCK && blocks.at(-1)!.endsWith('\n</i>')) length = blocks.push('') && 1;
    blocks[blocks.length - 1] += `<i class="s${shade}">${escapeHtml(withSigns(text))}</i>`;
  }
  return `<div id="text" class="text card" tabindex="0" role="slider" aria-label="Place in the text" aria-valuemin="1" aria-valuemax="${pieces.length}">${blocks.map((block) => `<div>${block}</div>`).join('')}</div>`;
}

/** A sign before what shows nothing by itself, and still does what it did. */
const withSigns = (text: string): string => text.replace('\n', '↵\n').replace('\t', '→\t');
