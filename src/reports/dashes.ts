// How the lines of one colour are told apart: the first is whole, the others are dotted, dashed,
// and both in turn.

interface Dash {
  /** Lengths of line and gap in turn, for pages and pictures; none for a whole line. */
  readonly lengths: readonly number[];
  /** Of a line in a terminal, dot by dot, over and over: `#` is drawn. */
  readonly dots: string;
  /** A piece of it for a legend in a terminal. */
  readonly piece: string;
}

const dashes: readonly Dash[] = [
  { lengths: [], dots: '#', piece: '━━' },
  { lengths: [6, 4], dots: '#.', piece: '╌╌' },
  { lengths: [2, 3], dots: '#####...', piece: '╍╍' },
  { lengths: [10, 3, 2, 3], dots: '#####..#..', piece: '━╌' },
];

export const dashOf = ({ dash }: { readonly dash: number }): Dash => dashes[dash % dashes.length];
