// docs/gallery.md, from the raw data of bench/quality.json. Pure.
import { paragraph } from '../comparison/markdown.js';
import { tasks } from './tasks.js';

/** Models of the page, in its order, each with remarks for the reader and commands that make the text. */
const exhibits = [
  {
    title: 'Sonnets',
    task: 'gallery-sonnets',
    before: ['rnn corpus sonnets'],
    notice:
      'With 95,000 characters, the model learns spelling, the length of lines, and that many lines begin with “And” or “Thy”. Rhymes and meaning need more text than this.',
  },
  {
    title: 'Plays',
    task: 'shakespeare-best',
    notice:
      'A million characters of Shakespeare’s plays. The model knows who speaks in which play, that names are in capitals before a colon, and when a speech ends.',
  },
  {
    title: 'C headers',
    task: 'gallery-c-headers',
    notice:
      'The headers of the Linux kernel, from the package `linux-libc-dev`. Comments, include guards and brackets close where they should, hundreds of characters later.',
  },
  {
    title: 'TypeScript',
    task: 'gallery-typescript',
    notice: 'The source of `rnn`. The model learns indentation, imports and types, and invents plausible names.',
  },
  {
    title: 'Names',
    task: 'names-good',
    notice: 'Each line of the text is a record. `--novel` shows only names that are not in the list.',
  },
  {
    title: 'German words',
    task: 'gallery-german-words',
    notice:
      'A list of 356,010 German words with their inflections, from the package `wngerman`. No sample is a word of the list. Many are compounds that a German reader understands.',
  },
];

/** @param results by the name of the task */
export function galleryPage(results) {
  const parts = [
    '# Gallery',
    paragraph(
      'Models of six kinds of text, each trained with a preset and without other options. All output is real. `node bench/quality.js TASK` trains a model again, and writes its figures and its sample into this page.',
    ),
    ...exhibits
      .filter(({ task }) => results[task]?.sample !== undefined)
      .flatMap((each) => exhibitParts(each, results)),
  ];
  return `${parts.join('\n\n')}\n`;
}

function exhibitParts({ title, task: name, before = [], notice }, results) {
  const { sample } = tasks.find((task) => task.name === name);
  const result = results[name];
  const { validationLossNats: nats, minutes, parameters, steps, epochs } = result;
  const figures = [
    `Validation loss: ${nats.toFixed(3)} nats (${(nats / Math.LN2).toFixed(2)} bits) per character, after ${minutes.toFixed(1)} minutes,`,
    `${steps.toLocaleString('en')} update steps and ${epochs.toFixed(1)} epochs, with ${parameters.toLocaleString('en')} parameters.`,
    `Measured with \`${name}\`, seed 1, ${result.program}, on ${result.machine}, ${result.date}.`,
  ];
  const commands = [...before, result.command, `rnn sample ${sample.join(' ')}`];
  return [
    `## ${title}`,
    paragraph(notice),
    `\`\`\`sh\n${commands.join('\n')}\n\`\`\``,
    `\`\`\`text\n${result.sample.trim()}\n\`\`\``,
    paragraph(figures.join(' ')),
  ];
}
