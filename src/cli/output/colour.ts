// Chooses the colours of an output stream. Chalk is loaded only if a stream has colours, because
// loading it takes a tenth of the time of `rnn --help`.
import type { Io, OutputStream } from '../process/io.ts';

type Style = (text: string) => string;

/** The styles of Chalk that are used. */
export interface Colours extends Readonly<Record<'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan', Style>> {
  /** Styles for the lines of charts, or empty without colours. */
  readonly series: readonly Style[];
}

const none: Style = (text) => text;
export const noColours: Colours = {
  bold: none,
  dim: none,
  red: none,
  green: none,
  yellow: none,
  cyan: none,
  series: [],
};

/**
 * The colours of a stream, or `noColours` if the stream should have no colours.
 *
 * @param allowed false with --no-color
 */
export async function coloursFor(stream: OutputStream, env: Io['env'], allowed: boolean): Promise<Colours> {
  if (!allowed || !wantsColour(stream, env)) return noColours;
  const [{ Chalk }, { seriesColours }] = await Promise.all([import('chalk'), import('../../reports/colours.ts')]);
  const level = colourLevelOf(env);
  const chalk = new Chalk({ level });
  // Use the sixteen basic colours, which every colour scheme keeps readable. Only the lines of
  // charts use more colours, because they must differ from each other.
  const { bold, dim, red, green, yellow, blue, magenta, cyan } = chalk;
  const series =
    level === 1
      ? [cyan, yellow, magenta, green, blue, red]
      : seriesColours.onAnyBackground.map((colour) => chalk.hex(colour));
  return { bold, dim, red, green, yellow, cyan, series };
}

/** The colour level of the terminal: 3 is 16 million colours, 2 is 256, 1 is 16. */
export function colourLevelOf({ FORCE_COLOR: force, COLORTERM: colours, TERM: terminal = '' }: Io['env']): 1 | 2 | 3 {
  if (force === '1' || force === '2' || force === '3') return Number(force) as 1 | 2 | 3;
  if (colours === 'truecolor' || colours === '24bit' || terminal.endsWith('-direct')) return 3;
  return /-256(color)?$/.test(terminal) ? 2 : 1;
}

/**
 * FORCE_COLOR decides if it is set, then NO_COLOR (no-color.org), then whether the stream is a
 * capable terminal.
 */
function wantsColour(stream: OutputStream, env: Io['env']): boolean {
  const force = env.FORCE_COLOR;
  if (force !== undefined) return force !== '0' && force !== 'false';
  if (env.NO_COLOR) return false;
  return stream.isTTY === true && env.TERM !== 'dumb';
}
