// Which streams get colours, and the few that are used. Chalk is loaded only if one does: that is a tenth of the time of
// `rnn --help`.
import type { Io, OutputStream } from './io.ts';

type Style = (text: string) => string;

/** The part of Chalk that is used. */
export interface Colours {
  readonly bold: Style;
  readonly dim: Style;
  readonly red: Style;
  readonly green: Style;
  readonly yellow: Style;
  readonly cyan: Style;
}

const none: Style = (text) => text;
export const noColours: Colours = { bold: none, dim: none, red: none, green: none, yellow: none, cyan: none };

/** @param allowed false with --no-color */
export async function coloursFor(stream: OutputStream, env: Io['env'], allowed: boolean): Promise<Colours> {
  if (!allowed || !wantsColour(stream, env)) return noColours;
  const { Chalk } = await import('chalk');
  // The sixteen basic colours, which every terminal's own scheme keeps readable.
  return new Chalk({ level: 1 });
}

/** FORCE_COLOR decides if it is set, then NO_COLOR (no-color.org), then whether a capable terminal is there. */
function wantsColour(stream: OutputStream, env: Io['env']): boolean {
  const force = env.FORCE_COLOR;
  if (force !== undefined) return force !== '0' && force !== 'false';
  if (env.NO_COLOR) return false;
  return stream.isTTY === true && env.TERM !== 'dumb';
}
