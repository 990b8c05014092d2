// What options may be, for programs that let people choose: names, each with a line of what it is.
import { cells as allCells } from '../model/cells/registry.ts';
import { presets as allPresets } from '../options/presets.ts';
import { schedules as allSchedules } from '../training/schedules.ts';

export interface Choice {
  readonly name: string;
  readonly summary: string;
}

/** Their names and summaries. */
export const choices = (all: readonly Choice[]): readonly Choice[] => all.map(({ name, summary }) => ({ name, summary }));

/** What `cell` may be. */
export const cells: readonly Choice[] = choices(allCells);

/** What `preset` may be. */
export const presets: readonly Choice[] = choices(Object.entries(allPresets).map(([name, { summary }]) => ({ name, summary })));

/** What `schedule` may be. */
export const schedules: readonly Choice[] = choices(allSchedules);
