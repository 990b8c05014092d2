// Finds the units of a network that follow a property of a text. The search is in insight/.
import { propertiesOf } from '../insight/properties.ts';
import { saturationOf } from '../insight/saturation.ts';
import { MIN_CHARACTERS, searchCells } from '../insight/search.ts';
import { runInSlices } from '../run-in-slices.ts';
import type { UnitActivations, UnitFindings } from './model-results.ts';

/**
 * Finds units that follow a property of the text, and how often gates are open and shut. A text of
 * fewer than 400 characters is too short to find any.
 */
export const findUnits = async ({ pieces, activations }: UnitActivations): Promise<UnitFindings> => ({
  findings: pieces.length < MIN_CHARACTERS ? [] : await runInSlices(searchCells(activations, propertiesOf(pieces))),
  saturation: saturationOf(activations),
});
