// Divides text that comes in pieces into records.
import { corpusError } from '../errors.ts';
import { count } from '../count.ts';
import { flagOf } from '../options/flags.ts';

/** How a text is divided: after each line, at blank lines, one record a file, or at this text. */
export type Division = 'line' | 'paragraph' | 'file' | (string & {});

/** A longer record is more likely a text whose separator is missing. */
const MAX_RECORD = 2 ** 20;

/** Takes the text of a file piece by piece, and calls `record` for each record in it. */
export interface Divider {
  push(text: string): void;
  /** Call it after the last piece: the rest of the file is a record too. */
  end(): Promise<void> | void;
}

/**
 * The text between records in files and in output. A model learns it as one end token.
 */
export function separatorOf(division: Division): string {
  const separators: Readonly<Record<string, string>> = { line: '\n', paragraph: '\n\n', file: '\n\u{1e}\n' };
  return separators[division] ?? division;
}

/**
 * Passes records on, and refuses records that are too long.
 *
 * @param name the name of the file in messages
 * @param hint how to read the text otherwise
 * @throws RnnError `corpus` that names the record
 */
export function limitedRecords(name: string, hint: string, record: (text: string) => void): (text: string) => void {
  let number = 0;
  return (text) => {
    number++;
    if (text.length > MAX_RECORD)
      throw corpusError(
        `record ${count(number)} of ${name} is too long: expected at most ${count(MAX_RECORD)} characters`,
        hint,
      );
    record(text);
  };
}

/**
 * A record does not include its separator. Line endings next to a separator other than a line
 * ending, and the last line ending of a paragraph, belong to the separator.
 *
 * @param name the name of the file in messages
 * @param record called with each record, which may be empty
 * @throws RnnError `corpus` from its methods for a record that is too long
 */
export function dividerOf(division: Division, name: string, record: (text: string) => void): Divider {
  const option = `${flagOf('records')} ${division}`;
  const hint = `check that ${option} divides this text, or train on it without ${flagOf('records')}`;
  const checked = limitedRecords(name, hint, record);
  switch (division) {
    case 'line':
      return dividerAt('\n', checked, (text) => text);
    case 'paragraph':
      return paragraphs(checked);
    case 'file':
      return wholeFile(checked);
    default:
      return dividerAt(division, checked, withoutLineEnds);
  }
}

/** @param trim removes line endings that belong to separators */
function dividerAt(separator: string, record: (text: string) => void, trim: (text: string) => string): Divider {
  let rest = '';
  return {
    push(text) {
      const parts = (rest + text).split(separator);
      rest = parts.pop()!;
      if (rest.length > 2 * MAX_RECORD) record(rest); // refuses it before it fills the memory
      for (const part of parts) record(trim(part));
    },
    end() {
      if (rest !== '') record(trim(rest));
      rest = '';
    },
  };
}

function paragraphs(record: (text: string) => void): Divider {
  let lines: string[] = [];
  const finish = (): void => {
    if (lines.length > 0) record(lines.join('\n'));
    lines = [];
  };
  return dividedAtLines((line) => {
    if (line.trim() === '') finish();
    else lines.push(line);
  }, finish);
}

function dividedAtLines(line: (text: string) => void, finish: () => void): Divider {
  const divider = dividerAt('\n', line, (text) => text);
  return {
    push: (text) => divider.push(text),
    async end() {
      await divider.end();
      finish();
    },
  };
}

function wholeFile(record: (text: string) => void): Divider {
  let [pieces, length] = [[] as string[], 0];
  return {
    push(text) {
      pieces.push(text);
      length += text.length;
      if (length > 2 * MAX_RECORD) record(pieces.join('')); // refuses it
    },
    end() {
      record(pieces.join('').replace(/\n$/, ''));
      [pieces, length] = [[], 0];
    },
  };
}

const withoutLineEnds = (text: string): string => text.replace(/^\n/, '').replace(/\n$/, '');

/** Passes the text on as it comes. */
export const withoutDivision = (push: (text: string) => void): Divider => ({ push, end: () => {} });
