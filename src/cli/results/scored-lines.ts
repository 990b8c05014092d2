// Writes scored lines to stdout: as JSON, as columns divided by tabs, or for a terminal.
import { type LineScore, likeliestOf } from '../../api/line-scores.ts';
import { type LineText, textOfLine } from '../../evaluation/line-tokens.ts';
import { onOneLine } from '../output/format.ts';
import type { Output } from '../output/output.ts';

/** A line to show, with its score by each model. */
export interface ShownLine {
  readonly line: { readonly source: string; readonly number: number; readonly text: LineText };
  readonly scores: readonly LineScore[];
}

interface Form {
  /** The names of the models. */
  readonly names: readonly string[];
  /** The lines are from several files, whose names are shown. */
  readonly hasFiles: boolean;
  readonly json: boolean;
}

/** Columns of numbers on a terminal. */
const WIDTH = 8;
/** Columns of line numbers on a terminal. */
const PLACE_WIDTH = 6;

/** Lines written at a time. */
const CHUNK = 4096;

/** Writes scored lines. */
export class ScoredLines {
  readonly #form: Form;
  readonly #stdout: Output;
  #hasHeading = false;

  constructor(form: Form, stdout: Output) {
    this.#form = form;
    this.#stdout = stdout;
  }

  /** Columns of the likeliest model on a terminal. */
  get #nameWidth(): number {
    return Math.max('likeliest'.length, ...this.#form.names.map(({ length }) => length));
  }

  /** Settles once the stream has taken the lines. */
  async write(lines: readonly ShownLine[]): Promise<void> {
    const { json } = this.#form;
    for (let from = 0; from < lines.length; from += CHUNK) {
      const some = lines.slice(from, from + CHUNK);
      if (json) await this.#stdout.writeJson(...some.map((line) => this.#object(line)));
      else await this.#stdout.write(this.#heading() + some.map((line) => `${this.#columns(line)}\n`).join(''));
    }
  }

  #object({ line, scores }: ShownLine): object {
    const { names } = this.#form;
    const likeliest = likeliestOf(scores);
    const object = {
      event: 'line',
      file: line.source,
      line: line.number,
      ...scores[likeliest],
      text: textOfLine(line.text),
    };
    if (names.length === 1) return object;
    const models = Object.fromEntries(names.map((name, index) => [name, scores[index]]));
    return { ...object, models, likeliest: names[likeliest] };
  }

  /** The names of the columns, before the first line on a terminal. */
  #heading(): string {
    if (!this.#stdout.isTty || this.#hasHeading) return '';
    this.#hasHeading = true;
    const { names } = this.#form;
    const numbers = names.length === 1 ? ['bpc', 'bits', 'worst'] : names;
    const model = names.length === 1 ? [] : ['likeliest'.padEnd(this.#nameWidth)];
    const cells = [...numbers.map((name) => name.padStart(WIDTH)), ...model, 'line'.padStart(PLACE_WIDTH)];
    return `${this.#stdout.colour.dim(cells.join('  '))}\n`;
  }

  #columns({ line, scores }: ShownLine): string {
    const { names, hasFiles } = this.#form;
    const { isTty, colour } = this.#stdout;
    const number = (value: number): string => (isTty ? value.toFixed(2).padStart(WIDTH) : value.toFixed(4));
    const likeliest = likeliestOf(scores);
    const [{ bpc, bits, worst }] = scores;
    const cells =
      names.length === 1
        ? [bpc, bits, worst.bits].map(number)
        : [
            ...scores.map((each, index) => number(each.bits).padStart(isTty ? names[index].length : 0)),
            names[likeliest].padEnd(isTty ? this.#nameWidth : 0),
          ];
    const place = `${hasFiles ? `${onOneLine(line.source)}:` : ''}${line.number}`.padStart(isTty ? PLACE_WIDTH : 0);
    const text = this.#text(textOfLine(line.text), scores[likeliest].worst);
    return [...cells, isTty ? colour.dim(place) : place, text].join(isTty ? '  ' : '\t');
  }

  /** The line, with its worst stretch in red. */
  #text(text: string, { start, text: worst }: LineScore['worst']): string {
    const { colour } = this.#stdout;
    const shown = (part: string): string => this.#stdout.shown(part);
    const expected = Array.from(text).slice(0, start).join('').length;
    const at = text.startsWith(worst, expected) ? expected : text.indexOf(worst);
    if (at < 0 || worst === '') return shown(text);
    const end = at + worst.length;
    return `${shown(text.slice(0, at))}${colour.red(shown(worst))}${shown(text.slice(end))}`;
  }
}
