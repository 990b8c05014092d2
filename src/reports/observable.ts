// Observable Plot and a DOM for it to draw into, imported here and nowhere else: the build puts what is used of them in the place of this
// file (build/rolldown.config.js). To be imported when the first picture is made, since that takes a fifth of a second.
import { dot, frame, line, plot } from '@observablehq/plot';
import { parseHTML } from 'linkedom';

const Plot = { dot, frame, line, plot } as const;
export type Plotter = ReturnType<typeof openPlot>;

export function openPlot() {
  return { Plot, document: parseHTML('<!doctype html><html><body></body></html>').document };
}
