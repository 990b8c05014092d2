// The topic of environment variables, from the rows of options.
import { groupBy } from '../../group.ts';
import type { OptionGroups } from '../../options/option.ts';
import { variableOf } from '../../options/option.ts';
import { trainGroups } from '../../options/train.ts';
import { type Flag, flagsFor, shownDefaultOf } from '../flags.ts';
import type { Table } from '../help/layout.ts';
import type { Topic } from '../help/topic.ts';
import { flagsEverywhere } from '../settings.ts';

const columns = ['variable', 'meaning', 'default'];
const rowOf = ({ key, row }: Flag): string[] => [variableOf(key), row.help, shownDefaultOf(row)];
/** A file cannot name another file with options, but a variable can. */
const isShown = ({ hidden, key, row }: Flag): boolean =>
  !hidden && (row.isExcludedFromConfig !== true || key === 'config');

const everywhere = [
  ...groupBy(
    flagsEverywhere().filter(({ hidden }) => !hidden),
    ({ key }) => key,
  ).values(),
].map(([flag]) => flag);
const keys = new Set(everywhere.map(({ key }) => key));

const tablesOf = (groups: OptionGroups): Table[] =>
  Object.entries(groups).map(([heading, options]) => ({
    heading,
    columns,
    rows: flagsFor(options)
      .filter((flag) => isShown(flag) && !keys.has(flag.key))
      .map(rowOf),
  }));

export const topic: Topic = {
  intro:
    'Set a variable to give an option to commands without typing it each time. The command line overrides variables, and variables override the --config file. Set a switch to 1 or 0, and separate the values of a repeatable option with commas. An empty variable counts as unset.',
  tables: [
    { heading: 'Several commands:', columns, rows: everywhere.map(rowOf) },
    {
      heading: 'Colours, as in other programs:',
      columns,
      rows: [
        ['NO_COLOR', 'Print without colours', ''],
        ['FORCE_COLOR', 'Print colours: 1 for 16, 2 for 256, 3 for 16 million, 0 for none', 'chosen from the terminal'],
      ],
    },
    ...tablesOf(trainGroups)
      .filter(({ rows }) => rows.length > 0)
      .map((table) => ({ ...table, heading: `rnn train, ${lowerFirst(table.heading!)}` })),
  ],
};

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1);
}
