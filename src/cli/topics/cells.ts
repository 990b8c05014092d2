// The help topic `cells`, generated from the registry of cells.
import type { Cell } from '../../model/cells/cell.ts';
import { allCells } from '../../model/cells/registry.ts';
import type { Topic } from '../help/topic.ts';

/** The width of a layer and of its input in the comparison of sizes. */
const WIDTH = 128;

const parametersOf = (cell: Cell): number =>
  cell.weights(WIDTH, WIDTH).reduce((sum, { rows, columns }) => sum + rows * columns, 0);
const lstmParameters = parametersOf(allCells.find(({ name }) => name === 'lstm')!);

export const topic: Topic = {
  intro: `Choose a cell with --cell. The size is the number of parameters of a layer, relative to an lstm of the same width.`,
  tables: [
    {
      columns: ['cell', 'kind', 'use', 'size'],
      rows: allCells.map((cell) => [
        cell.name,
        cell.summary,
        cell.use,
        `${Math.round((100 * parametersOf(cell)) / lstmParameters)} %`,
      ]),
    },
  ],
};
