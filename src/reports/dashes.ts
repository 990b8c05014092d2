// Distinguishes lines of the same colour: the first is solid, the next are dotted, dashed, and
// dash-dotted.

interface Dash {
  /** Alternating lengths of dashes and gaps, for pages and pictures. Empty for a solid line. */
  readonly lengths: readonly number[];
  /** The repeating pattern of dots of a line in a terminal: `#` is drawn. */
  readonly dots: string;
  /** A piece of the line for a legend in a terminal. */
  readonly piece: string;
}

const dashes: readonly Dash[] = [
  { lengths: [], dots: '#', piece: '━━' },
  { lengths: [6, 4], dots: '#.', piece: '╌╌' },
  { lengths: [2, 3], dots: '#####...', piece: '╍╍' },
  { lengths: [10, 3, 2, 3], dots: '#####..#..', piece: '━╌' },
];

export const dashOf = ({ dash }: { readonly dash: number }): Dash => dashes[dash % dashes.length];
