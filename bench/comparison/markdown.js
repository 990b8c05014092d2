// Figures and tables as Markdown. Pure.

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

export function networkTold({ cell = 'lstm', hidden, layers, batch, seq }, sizes = '') {
  return `${{ lstm: 'LSTM', gru: 'GRU', rnn: 'RNN (tanh)' }[cell]} H${hidden} L${layers}${sizes === 'batch' ? ` N${batch} T${seq}` : ''}`;
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
