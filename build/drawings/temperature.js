// The probabilities of three characters at three temperatures.
import { drawing, line, text } from './svg.js';

const characters = ['e', 'a', 'o'];
const logits = [2, 1, 0];
const temperatures = [0.5, 1, 2];
const [left, panel, top, height, bar] = [30, 260, 76, 190, 52];

/** The softmax of logits that are divided by a temperature. */
export function probabilitiesAt(temperatureValue) {
  const powers = logits.map((logit) => Math.exp(logit / temperatureValue));
  const sum = powers.reduce((total, power) => total + power);
  return powers.map((power) => power / sum);
}

export function temperature() {
  const width = 2 * left + panel * temperatures.length;
  return drawing(
    {
      width,
      height: top + height + 54,
      title: 'Three probabilities at three temperatures',
      description: temperatures
        .map(
          (each) =>
            `Temperature ${each}: ${probabilitiesAt(each)
              .map((p) => p.toFixed(3))
              .join(', ')}.`,
        )
        .join(' '),
    },
    [
      text(width / 2, 26, `logits ${characters.map((each, index) => `${each}: ${logits[index]}`).join(', ')}`, {
        name: 'quiet',
      }),
      temperatures.map((each, index) => panelOf(left + index * panel, each)),
    ],
  );
}

function panelOf(x, each) {
  const base = top + height;
  const middle = x + panel / 2;
  return [
    text(middle, 56, `temperature ${each}`, { weight: 600 }),
    probabilitiesAt(each).map((p, index) => {
      const centre = middle + (index - 1) * 72;
      const tall = Math.round(p * (height - 24));
      return [
        `<rect x="${centre - bar / 2}" y="${base - tall}" width="${bar}" height="${tall}" class="state" color="#0068b5" fill="currentColor"/>`,
        text(centre, base - tall - 8, p.toFixed(3)),
        text(centre, base + 24, characters[index], { size: 16 }),
      ];
    }),
    line([x + 16, base], [x + panel - 16, base], { name: 'quiet' }),
  ];
}
