// Colours of lines that people with colour blindness can distinguish, after Okabe and Ito (2008).
// They are darkened or lightened to be readable on their background.

export const seriesColours = {
  light: ['#0068b5', '#c44e00', '#00805b', '#a8478c', '#8a6500', '#3f5fd0', '#666a73', '#8b4a2b'],
  dark: ['#62aef0', '#ff8f55', '#42cc9e', '#e79bcb', '#efbb45', '#a3b4ff', '#a9adb8', '#d0946f'],
  /** Readable on both, for an unknown background. */
  onAnyBackground: ['#2e8fd9', '#e0702f', '#1fa37a', '#c766a8', '#b8901c', '#7d8af0', '#8a8f99', '#b5694a'],
} as const;

/** The class of a line, and its colour for programs that do not read style sheets. */
export function lineAttributes(colour: number): string {
  const number = colour % seriesColours.light.length;
  return `class="line-${number}" color="${seriesColours.light[number]}"`;
}

/** The style sheet of these classes, for pages and pictures. */
export const lineStyle = seriesColours.light
  .map((light, index) => `.line-${index} { color: light-dark(${light}, ${seriesColours.dark[index]}) }`)
  .join(' ');
