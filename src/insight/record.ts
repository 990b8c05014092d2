// All that was seen of a network's cells, for other programs: as lines of JSON, or as NumPy arrays.
import { activationName } from '../model/layer.ts';
import type { Activations } from './activations.ts';
import { type NumpyArray, npz } from './npz.ts';

/** How a record may be written, by the end of the file's name. */
export const recordFormats: Readonly<
  Record<string, (pieces: readonly string[], activations: Activations) => Generator<Uint8Array>>
> = {
  '.jsonl': asLines,
  '.npz': asArrays,
};

/** Digits that tell any two float32 apart. */
const DIGITS = 9;

/**
 * A line for each symbol of the text: its place, what it adds to the text, and the values of all
 * units by name.
 */
function* asLines(pieces: readonly string[], { all, hidden }: Activations): Generator<Uint8Array> {
  for (const [at, text] of pieces.entries()) {
    const values = all.map(({ layer, name, values }) => [
      activationName(layer, name),
      Array.from(values.subarray(at * hidden, (at + 1) * hidden), (value) => Number(value.toPrecision(DIGITS))),
    ]);
    yield Buffer.from(`${JSON.stringify({ at, text, ...(Object.fromEntries(values) as object) })}\n`);
  }
}

/**
 * An array for each name, (characters, H); and `text`, the code point that each symbol adds to it,
 * 0 for none.
 */
function* asArrays(pieces: readonly string[], { all, characters, hidden }: Activations): Generator<Uint8Array> {
  const arrays: NumpyArray[] = all.map(({ layer, name, values }) => ({
    name: activationName(layer, name),
    shape: [characters, hidden],
    values,
  }));
  yield* npz([
    { name: 'text', shape: [characters], values: Int32Array.from(pieces, (piece) => piece.codePointAt(0) ?? 0) },
    ...arrays,
  ]);
}
