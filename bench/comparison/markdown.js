// Figures, tables and paragraphs as Markdown. Pure.
const COLUMNS = 100;

export function table(columns, rows) {
  return [tableHead(columns), ...rows.map(tableRow)].join('\n');
}

/** Text in lines of at most 100 columns, as other pages of the project have. */
export function paragraph(text) {
  const lines = [''];
  for (const word of text.split(/\s+/)) {
    const line = `${lines.at(-1)} ${word}`.trim();
    if (line.length <= COLUMNS) lines[lines.length - 1] = line;
    else lines.push(word);
  }
  return lines.join('\n');
}

export function tableHead(columns) {
  return `${tableRow(columns)}\n${tableRow(columns.map(() => '---'))}`;
}

export function tableRow(cells) {
  return `| ${cells.map((cell) => String(cell).replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
}

/** Characters per second in three digits: more would be noise. */
export function speed(figure) {
  return figure === null ? '–' : Number(figure.toPrecision(3)).toLocaleString('en');
}

export function ratio(times) {
  if (times === null) return '–';
  return times >= 10 ? times.toFixed(0) : times.toFixed(2);
}

/** The number of rounds, and how many of them were repeated or noisy. */
export function roundsTold({ rounds, repeated, noisy }) {
  if (repeated === 0) return noisy === 0 ? `${rounds.length}` : `${rounds.length}, ${noisy} noisy`;
  return `${rounds.length - repeated} + ${repeated} repeated, ${noisy} noisy`;
}

/** How many steps the rounds measured: `1`, or `52 to 60`. */
export function stepsTold(steps) {
  if (steps.length === 0) return '';
  const [least, most] = [Math.min(...steps), Math.max(...steps)];
  return least === most ? `${least}` : `${least} to ${most}`;
}

/** The name of a network, with the sizes that it has: `LSTM H128 L2 N50 T50 E64`. */
export function networkTold({ cell = 'lstm', hidden, layers, batch, seq, embedding = 0 }) {
  const sizes = [
    ['H', hidden],
    ['L', layers],
    ['N', batch],
    ['T', seq],
    ['E', embedding || undefined],
  ];
  const told = sizes.filter(([, size]) => size !== undefined).map(([letter, size]) => `${letter}${size}`);
  return [{ lstm: 'LSTM', gru: 'GRU', rnn: 'RNN (tanh)' }[cell], ...told].join(' ');
}

/**
 * A command as users can give it elsewhere. A path from the root is shortened to its last part, and
 * words that a shell would split are quoted.
 */
export function commandTold(words) {
  return words
    .map(withoutPaths)
    .map((word) => (/^[\w./:=,@%+-]+$/.test(word) ? word : `'${word}'`))
    .join(' ');
}

/** Text without the folders of this machine. */
export function withoutPaths(text) {
  return text.replaceAll(/(?<![\w./\\~-])(?:file:\/\/)?~?(?:[A-Za-z]:)?(?:[/\\][\w.+@-]+)+[/\\]([\w.+@-]+)/g, '$1');
}
