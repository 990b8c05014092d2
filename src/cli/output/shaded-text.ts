// Text with a number for each piece, such as a surprisal or the value of a unit. The number is the
// background colour, or a mark below the text if the stream has no colours.
import { colourLevelOf, noColours } from './colour.ts';
import { escapeControls } from './format.ts';
import type { Io } from '../process/io.ts';
import type { Output } from './output.ts';

/**
 * A text with a value from −1 (blue, a low mark) to 1 (red, a high mark). 0 has no colour. Values
 * outside this range are clipped to it.
 */
export interface Shaded {
  readonly text: string;
  readonly value: number;
}

/**
 * Shades pieces of text for a terminal. The end of a line has a sign, so that its colour is
 * visible.
 */
type Shader = (pieces: Iterable<Shaded>) => string;

/**
 * Shades on each side of 0. There are fewer shades than colours, so that neighbours can share a
 * shade.
 */
const STEPS = 12;

type Colour = readonly [red: number, green: number, blue: number];

/**
 * The background colours of text without a shade, and of the strongest shades. The strongest shades
 * are lighter than a dark background, and darker than a light background.
 */
const palettes: Readonly<Record<'dark' | 'light', Readonly<Record<'ink' | 'ground' | 'warm' | 'cold', Colour>>>> = {
  dark: { ink: [255, 255, 255], ground: [20, 20, 24], warm: [214, 38, 30], cold: [60, 120, 245] },
  light: { ink: [0, 0, 0], ground: [255, 255, 255], warm: [244, 108, 84], cold: [96, 160, 250] },
};

/** @returns null for a stream without colours */
export async function shaderFor({ colour }: Output, env: Io['env']): Promise<Shader | null> {
  if (colour === noColours) return null;
  const { Chalk } = await import('chalk');
  const chalk = new Chalk({ level: colourLevelOf(env) });
  const { ink, ground, warm, cold } = palettes[hasLightGround(env) ? 'light' : 'dark'];
  const styles = Array.from({ length: 2 * STEPS + 1 }, (_, index) => {
    const share = Math.abs(index - STEPS) / STEPS;
    const end = index > STEPS ? warm : cold;
    const [red, green, blue] = ground.map((from, channel) => Math.round(from + share * (end[channel] - from)));
    return share === 0 ? String : chalk.rgb(...ink).bgRgb(red, green, blue);
  });
  return (pieces) => {
    let shaded = '';
    let run = '';
    let last = 0;
    for (const { text, value } of pieces) {
      const step = Math.round(clampToUnit(value) * STEPS);
      if (step !== last) {
        shaded += styles[STEPS + last](run);
        run = '';
        last = step;
      }
      run += text === '\n' ? '↵\n' : escapeControls(text);
    }
    return shaded + styles[STEPS + last](run);
  };
}

const clampToUnit = (value: number): number => Math.max(-1, Math.min(1, value));

/**
 * Some terminals report their foreground and background colours in COLORFGBG. Most terminals do
 * not, and most are dark.
 */
const hasLightGround = ({ COLORFGBG = '' }: Io['env']): boolean => /;(?:7|15)$/.test(COLORFGBG);

const marks = '▁▂▃▄▅▆▇█';

/** The lines of a text, broken at `width`, with the marks of the characters below each line. */
export function markedText(pieces: Iterable<Shaded>, width: number): string {
  let marked = '';
  let line = '';
  let below = '';
  const end = (): void => {
    if (line !== '') marked += `${line}\n${below}\n`;
    line = below = '';
  };
  for (const { text, value } of pieces) {
    const level = Math.round(((clampToUnit(value) + 1) / 2) * (marks.length - 1));
    for (const character of text) {
      const printable = character === '\n' ? '↵' : character === '\t' ? '→' : escapeControls(character);
      const columns = [...printable].length;
      if (below.length + columns > width) end();
      line += printable;
      below += marks[level].repeat(columns);
      if (character === '\n') end();
    }
  }
  end();
  return marked;
}
