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
const isShown = ({ hidden, row }: Flag): boolean => !hidden && row.isNotInFiles !== true;

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
    'A variable sets an option for all runs in its shell. Options of the command line are stronger, and options of the file of --config are weaker. Switches take 1 or 0, and lists take texts between commas. An empty variable counts as unset.',
  tables: [
    { heading: 'All commands that have the option:', columns, rows: everywhere.map(rowOf) },
    {
      heading: 'Colours, as in other programs:',
      columns,
      rows: [
        ['NO_COLOR', 'Print without colours', ''],
        ['FORCE_COLOR', 'Print colours: 1 for 16, 2 for 256, 3 for 16 million, 0 for none', 'by the terminal'],
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
