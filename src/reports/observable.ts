// Observable Plot and a DOM for it to draw into. Loaded when the first picture is made, since that takes half a second.

export async function openPlot() {
  const [Plot, { parseHTML }] = await Promise.all([import('@observablehq/plot'), import('linkedom')]);
  return { Plot, document: parseHTML('<!doctype html><html><body></body></html>').document };
}
