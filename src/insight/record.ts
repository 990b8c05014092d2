// Exports all activations of a network for other programs, as lines of JSON or as NumPy arrays.
import { activationName } from '../model/layer.ts';
import type { Activations } from './activations.ts';
import { type NumpyArray, npz } from './npz.ts';

/** Writers of a record, by file extension. */
export const activationFormats: Readonly<
  Record<string, (pieces: readonly string[], activations: Activations) => Generator<Uint8Array>>
> = {
  '.jsonl': asLines,
  '.npz': asArrays,
};

/** Enough digits to distinguish any two float32 numbers. */
const DIGITS = 9;

/**
 * One line of JSON for each token: its position, the text that the token completes, and the values
 * of all units for each activation.
 */
function* asLines(tokenTexts: readonly string[], { arrays, hidden }: Activations): Generator<Uint8Array> {
  for (const [at, text] of tokenTexts.entries()) {
    const values = arrays.map(({ layer, name, values }) => [
      activationName(layer, name),
      Array.from(values.subarray(at * hidden, (at + 1) * hidden), (value) => Number(value.toPrecision(DIGITS))),
    ]);
    yield Buffer.from(`${JSON.stringify({ at, text, ...(Object.fromEntries(values) as object) })}\n`);
  }
}

/**
 * One array of shape (tokens, hidden units) for each activation, and `text`: the code point that
 * each token completes, or 0 if it completes none.
 */
function* asArrays(tokenTexts: readonly string[], { arrays, characters, hidden }: Activations): Generator<Uint8Array> {
  const numpyArrays: NumpyArray[] = arrays.map(({ layer, name, values }) => ({
    name: activationName(layer, name),
    shape: [characters, hidden],
    values,
  }));
  yield* npz([
    { name: 'text', shape: [characters], values: Int32Array.from(tokenTexts, (piece) => piece.codePointAt(0) ?? 0) },
    ...numpyArrays,
  ]);
}
