// An LSTM cell at one time step, with the names of docs/cells.md.
import { arrow, box, drawing, line, operator, text } from './svg.js';

/** Height of the cell state, of the products with a gate, of the gates and of the pre-activations. */
const [cell, product, gates, pre] = [80, 165, 255, 340];
const at = { f: 200, i: 310, g: 430, add: 370, o: 550, out: 640 };
const state = { name: 'state', width: 3 };

export function lstmCell() {
  return drawing(
    {
      width: 780,
      height: 450,
      title: 'An LSTM cell',
      description:
        "The cell state c runs along the top. It is multiplied by the forget gate f, and the product of the input gate i and the candidate g is added. The result c' passes through tanh, is multiplied by the output gate o, and is the new hidden state h'. All four gates and candidates are computed from x and h.",
    },
    [
      arrow([50, cell], [at.f - 15, cell], state),
      arrow([at.f + 15, cell], [at.add - 15, cell], state),
      arrow([at.add + 15, cell], [730, cell], state),
      text(36, cell + 5, 'c', { size: 18, weight: 600 }),
      text(748, cell + 5, "c'", { size: 18, weight: 600 }),
      text(365, cell - 42, 'along this line, the gradient flows back, multiplied by f', { name: 'quiet' }),

      arrow([at.f, gates - 20], [at.f, cell + 15], { name: 'gate' }),
      line([at.i, gates - 20], [at.i, product], { name: 'gate' }),
      arrow([at.i, product], [at.add - 15, product], { name: 'gate' }),
      line([at.g, gates - 20], [at.g, product], { name: 'state' }),
      arrow([at.g, product], [at.add + 15, product], { name: 'state' }),
      arrow([at.add, product - 15], [at.add, cell + 15], { name: 'state' }),

      line([at.out, cell], [at.out, 106], { name: 'state' }),
      box(at.out, 121, 60, 30, 'tanh'),
      arrow([at.out, 136], [at.out, product + 15], { name: 'state' }),
      line([at.o, gates - 20], [at.o, product + 30], { name: 'gate' }),
      arrow([at.o, product + 30], [at.out - 15, product + 30], { name: 'gate' }),
      arrow([at.out + 15, product + 30], [730, product + 30], { name: 'state', width: 2 }),
      text(748, product + 35, "h'", { size: 18, weight: 600 }),

      operator(at.f, cell, '∘'),
      operator(at.add, cell, '+'),
      operator(at.add, product, '∘'),
      operator(at.out, product + 30, '∘'),

      gateAt(at.f, 'σ', 'f', 'forget', 'gate'),
      gateAt(at.i, 'σ', 'i', 'input', 'gate'),
      gateAt(at.g, 'tanh', 'g', 'candidate', 'state'),
      gateAt(at.o, 'σ', 'o', 'output', 'gate'),

      box((at.f + at.o) / 2, pre, at.o - at.f + 100, 34, 'x·Wx + h·Wh + b, in four blocks', { name: 'ink' }),
      text(36, pre + 6, 'h', { size: 18, weight: 600 }),
      arrow([50, pre], [at.f - 50, pre], { name: 'state', width: 2 }),
      text((at.f + at.o) / 2, 425, 'x', { size: 18, weight: 600 }),
      arrow([(at.f + at.o) / 2, 407], [(at.f + at.o) / 2, pre + 17]),
    ],
  );
}

function gateAt(x, activation, letter, role, name) {
  return [
    arrow([x, pre - 17], [x, gates + 20]),
    box(x, gates, 62, 40, activation, { name }),
    text(x + 12, gates - 30, letter, { anchor: 'start', size: 16, weight: 600 }),
    text(x + 8, gates + 40, role, { anchor: 'start', name: 'quiet', size: 12 }),
  ];
}
