// The unrolled network: two batch rows, two sequences of each, the state that is carried from one to
// the next, and the gradient that stays within a sequence.
import { arrow, box, drawing, line, text } from './svg.js';

const rows = [
  { name: 'batch row 1', from: 'from the start', tokens: 'From fair' },
  { name: 'batch row 2', from: 'from the middle', tokens: 'thou art ' },
];
const STEPS = 4;
const [left, column, gap] = [190, 84, 46];
const [top, rowHeight] = [138, 170];

const xOf = (step) => left + step * column + (step >= STEPS ? gap : 0);
const shown = (token) => (token === ' ' ? '␣' : token);

export function unrolled() {
  const steps = Array.from({ length: 2 * STEPS }, (_, step) => step);
  const boundary = (xOf(STEPS - 1) + xOf(STEPS)) / 2;
  const bottom = top + rowHeight * (rows.length - 1) + 84;
  return drawing(
    {
      width: 920,
      height: bottom + 92,
      title: 'A recurrent network, unrolled over two sequences of two batch rows',
      description:
        'Each box h reads a character and the state of the box to its left, and predicts the next character. States flow to the right through both sequences. Gradients flow to the left, and stop where a sequence begins. The batch rows read different parts of the text and do not exchange anything.',
    },
    [
      [0, 1].map((sequence) => {
        const middle = (xOf(sequence * STEPS) + xOf(sequence * STEPS + STEPS - 1)) / 2;
        return [
          text(middle, 30, `sequence ${sequence + 1}`, { weight: 600 }),
          text(middle, 50, sequence === 0 ? 'one update step' : 'the next update step', { name: 'quiet' }),
        ];
      }),
      line([boundary, 18], [boundary, bottom], { name: 'quiet', dashes: '2 5' }),
      rows.map((row, index) => rowOf(row, top + index * rowHeight, steps)),
      legend(bottom + 40),
    ],
  );
}

function rowOf({ name, from, tokens }, y, steps) {
  return [
    text(24, y - 2, name, { anchor: 'start', weight: 600 }),
    text(24, y + 18, from, { anchor: 'start', name: 'quiet' }),
    arrow([xOf(0) - 56, y - 8], [xOf(0) - 22, y - 8], { name: 'state', width: 2 }),
    steps.map((step) => [
      box(xOf(step), y, 44, 40, 'h', { name: 'state' }),
      arrow([xOf(step), y + 54], [xOf(step), y + 20]),
      text(xOf(step), y + 72, shown(tokens[step]), { size: 16 }),
      arrow([xOf(step), y - 20], [xOf(step), y - 42]),
      text(xOf(step), y - 49, shown(tokens[step + 1]), { size: 16, name: 'quiet' }),
      step + 1 < steps.length &&
        arrow([xOf(step) + 22, y - 8], [xOf(step + 1) - 22, y - 8], { name: 'state', width: 2 }),
      (step + 1) % STEPS !== 0 &&
        arrow([xOf(step + 1) - 22, y + 10], [xOf(step) + 22, y + 10], { name: 'gradient', width: 2, dashes: '5 3' }),
    ]),
  ]
    .flat(3)
    .filter(Boolean);
}

function legend(y) {
  return [
    arrow([24, y], [64, y], { name: 'state', width: 2 }),
    text(74, y + 5, 'state: carried from sequence to sequence', { anchor: 'start' }),
    arrow([424, y], [384, y], { name: 'gradient', width: 2, dashes: '5 3' }),
    text(434, y + 5, 'gradient: stops at the start of a sequence', { anchor: 'start' }),
    text(24, y + 34, 'Below each box: the character that it reads. Above: the character that it has to predict', {
      anchor: 'start',
      name: 'quiet',
    }),
  ];
}
