// Reads columns of CSV, TSV and JSON Lines files as records.
import { extname } from 'node:path';
import { CsvError, Parser } from 'csv-parse';
import { count, countOf } from '../count.ts';
import { type RnnError, corpusError, inQuotes } from '../errors.ts';
import { flagOf } from '../options/flags.ts';
import { orList } from '../options/kind.ts';
import { type Divider, dividerOf, limitedRecords } from './divide.ts';

/** The columns of a record are joined by this. */
export const COLUMN_SEPARATOR = '\t';

type TableFormat = 'csv' | 'tsv' | 'jsonl';

const formats: Readonly<Record<string, TableFormat>> = {
  '.csv': 'csv',
  '.tsv': 'tsv',
  '.tab': 'tsv',
  '.jsonl': 'jsonl',
  '.ndjson': 'jsonl',
};

/** The format of a file by the end of its name. Null for other files. */
export const tableFormatOf = (name: string): TableFormat | null => formats[extname(name).toLowerCase()] ?? null;

/**
 * Reads these columns of each row as a record.
 *
 * @param columns the names in the first row or members of the objects. Whole numbers are positions,
 * from 1, in a file without a row of names
 * @throws RnnError `corpus` for a file in another format, a column that is missing, and rows that
 * cannot be parsed
 */
export function columnsOf(name: string, columns: readonly string[], record: (text: string) => void): Divider {
  const format = tableFormatOf(name);
  if (format === null)
    throw corpusError(
      `cannot read columns of ${name}: expected a name that ends with ${orList(Object.keys(formats))}`,
      `convert the file to CSV, TSV or JSON Lines, or omit ${flagOf('column')}`,
    );
  return format === 'jsonl' ? jsonLines(name, columns, record) : table(name, format, columns, record);
}

function table(
  name: string,
  format: 'csv' | 'tsv',
  columns: readonly string[],
  record: (text: string) => void,
): Divider {
  let positions: readonly number[] | null = columns.every((column) => /^[1-9]\d*$/.test(column))
    ? columns.map((column) => Number(column) - 1)
    : null;
  const add = limitedRecords(name, `check the quotes of this file, or omit ${flagOf('column')}`, record);
  let rows = 0;
  const row = (fields: readonly string[]): void => {
    rows++;
    if (fields.length === 1 && fields[0] === '') return add('');
    if (positions === null) {
      positions = columns.map((column) => positionIn(fields, column, name));
      return;
    }
    const missing = positions.find((position) => position >= fields.length);
    if (missing !== undefined)
      throw corpusError(
        `cannot read column ${missing + 1} of row ${count(rows)} in ${name}: it has only ${countOf(fields.length, 'column', 'columns')}`,
        'complete this row, or remove it',
      );
    add(positions.map((position) => fields[position]).join(COLUMN_SEPARATOR));
  };
  const parser = new Parser(
    format === 'csv'
      ? { delimiter: ',', relax_column_count: true, bom: true }
      : // Tabs and line endings cannot be quoted in TSV.
        { delimiter: '\t', relax_column_count: true, quote: null, bom: true },
  );
  let failure: Error | null = null;
  parser.on('error', (error) => (failure ??= error));
  return {
    push(text) {
      parser.write(text);
      for (let fields = parser.read(); fields !== null; fields = parser.read()) row(fields as string[]);
    },
    async end() {
      parser.end();
      try {
        if (failure === null) for await (const fields of parser) row(fields as string[]);
      } catch (error) {
        if (!(error instanceof CsvError)) throw error;
        failure = error;
      }
      if (failure !== null) throw notParsed(name, format.toUpperCase(), failure);
    },
  };
}

function positionIn(names: readonly string[], column: string, file: string): number {
  const position = names.indexOf(column);
  if (position < 0) throw noColumn(file, column, names);
  return position;
}

function jsonLines(name: string, columns: readonly string[], record: (text: string) => void): Divider {
  let line = 0;
  return dividerOf('line', name, (text) => {
    line++;
    if (text.trim() === '') return;
    const row = parseLine(text, name, line);
    const values = columns.map((column) => {
      if (!Object.hasOwn(row, column)) throw noColumn(`${name}, line ${line}`, column, Object.keys(row));
      const value = row[column];
      if (value === null || typeof value === 'object')
        throw corpusError(`member ${column} in ${name}, line ${line} is ${inQuotes(value)}: expected a text`);
      return String(value);
    });
    record(values.join(COLUMN_SEPARATOR));
  });
}

function parseLine(text: string, name: string, line: number): Readonly<Record<string, unknown>> {
  let row: unknown;
  try {
    row = JSON.parse(text);
  } catch (error) {
    throw notParsed(name, 'JSON', error as Error, line);
  }
  if (row === null || typeof row !== 'object')
    throw corpusError(`${name}, line ${line} is ${inQuotes(row)}: expected an object`);
  return row as Readonly<Record<string, unknown>>;
}

function notParsed(name: string, format: string, error: Error, line = (error as { lines?: number }).lines): RnnError {
  const place = line === undefined ? name : `${name}, line ${line}`;
  return corpusError(
    `${place} is not valid ${format}: ${error.message}`,
    `check this line, or omit ${flagOf('column')}`,
    {
      cause: error,
    },
  );
}

function noColumn(place: string, column: string, names: readonly string[]): RnnError {
  return corpusError(
    `column not found in ${place}: ${column}`,
    `use one of its columns: ${names.map((name) => JSON.stringify(name)).join(', ')}`,
  );
}
