// Text above lines of marks, as high as a number: for streams that have no colours. Knows nothing of what the numbers are.
import { harmless } from './format.ts';
import type { Shaded } from './shades.ts';

const marks = '▁▂▃▄▅▆▇█';

/** Lines of the text, cut at `width`, and below each of them the marks of its characters: low for −1, high for 1. */
export function markedText(pieces: Iterable<Shaded>, width: number): string {
  let shown = '';
  let line = '';
  let below = '';
  const end = (): void => {
    if (line !== '') shown += `${line}\n${below}\n`;
    line = below = '';
  };
  for (const { text, value } of pieces) {
    const level = Math.round(((Math.max(-1, Math.min(1, value)) + 1) / 2) * (marks.length - 1));
    for (const character of text) {
      const shown = character === '\n' ? '↵' : character === '\t' ? '→' : harmless(character);
      const columns = [...shown].length;
      if (below.length + columns > width) end();
      line += shown;
      below += marks[level].repeat(columns);
      if (character === '\n') end();
    }
  }
  end();
  return shown;
}
