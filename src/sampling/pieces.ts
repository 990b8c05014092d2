// The pieces of a text that is sampled while it is read: as text, as bytes, or as code units.
import { setImmediate } from 'node:timers/promises';
import type { BatchSampler } from './batch.ts';
import type { TextOutcome, SampledText } from './text.ts';

/** A string with a code unit for each byte. */
export const BYTES = 'latin1';

/** A text that is sampled while it is read. */
export interface SampledPieces<Piece> extends AsyncGenerator<Piece, void, undefined> {
  /** How the text ended. Complete once the last piece was read. */
  readonly outcome: TextOutcome;
}

export const withOutcome = <Piece>(
  pieces: AsyncGenerator<Piece, void, undefined>,
  outcome: () => TextOutcome,
): SampledPieces<Piece> => Object.defineProperty(pieces, 'outcome', { get: outcome }) as SampledPieces<Piece>;

/** @param onEnd called once, when the caller has read the text to its end or stops reading */
export async function* piecesOf(
  text: SampledText,
  batch: BatchSampler,
  onEnd: () => void,
): AsyncGenerator<string, void, undefined> {
  try {
    for (;;) {
      const piece = text.takeText();
      if (piece !== '') yield piece;
      else if (text.isEnded) return;
      else {
        await batch.sample();
        await setImmediate(); // gives signals and the output stream a turn
      }
    }
  } finally {
    text.end();
    onEnd();
  }
}

/** Changes the pieces of each text. */
export function* mapped<From, To>(
  texts: Iterable<SampledPieces<From>>,
  change: (pieces: AsyncGenerator<From, void, undefined>) => AsyncGenerator<To, void, undefined>,
): Generator<SampledPieces<To>> {
  for (const text of texts) yield withOutcome(change(text), () => text.outcome);
}

/** Decodes bytes that come as code units. U+FFFD replaces bytes that are not UTF-8. */
export async function* decodeUnits(units: AsyncIterable<string>): AsyncGenerator<string, void, undefined> {
  // ignoreBOM keeps a byte order mark, because all bytes belong to the text.
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  for await (const piece of units) {
    const text = decoder.decode(Buffer.from(piece, BYTES), { stream: true });
    if (text !== '') yield text;
  }
  const rest = decoder.decode();
  if (rest !== '') yield rest;
}

export async function* encodeUnits(
  units: AsyncIterable<string>,
  encoding: 'utf8' | typeof BYTES,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const piece of units) yield Buffer.from(piece, encoding);
}
