// Reads lines as they come, from a file or a pipe that may stay open.
import type { TextOrBytes } from '../../sampling/sample.ts';

type Chunks = AsyncIterable<Uint8Array | string>;

/**
 * Yields each line without its line ending. Bytes that are not of the encoding become U+FFFD.
 *
 * @param encoding null for lines of bytes, as a byte-level model reads them
 */
export async function* linesOf(chunks: Chunks, encoding: string | null): AsyncGenerator<TextOrBytes, void, undefined> {
  // A string with a code unit for each byte stands for bytes.
  const decoder = encoding === null ? null : new TextDecoder(encoding);
  let rest = '';
  for await (const chunk of chunks) {
    const bytes = Buffer.from(chunk as Uint8Array);
    const lines = `${rest}${decoder?.decode(bytes, { stream: true }) ?? bytes.toString('latin1')}`.split('\n');
    rest = lines.pop()!;
    for (const line of lines) yield lineOf(line, encoding);
  }
  rest += decoder?.decode() ?? '';
  if (rest !== '') yield lineOf(rest, encoding);
}

const lineOf = (line: string, encoding: string | null): TextOrBytes =>
  encoding === null ? Buffer.from(line, 'latin1') : line.replace(/\r$/, '');
