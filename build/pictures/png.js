// Reduces a PNG to its 256 most frequent colours, which makes pictures of pages half as large. Pure.
// The format: https://www.w3.org/TR/png-3/
import { crc32, deflateSync, inflateSync } from 'node:zlib';

const SIGNATURE = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);
const COLOURS = 256;
const RGB = 2;
const PALETTE = 3;

/**
 * @param png with 8 bits for each of red, green and blue, as Chromium writes it
 * @returns the picture with a palette. Other colours become the nearest colour of the palette
 * @throws for PNG in another form
 */
export function paletted(png) {
  const { header, data } = chunksOf(png);
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)];
  if (header[8] !== 8 || header[9] !== RGB || header[12] !== 0)
    throw new Error('the picture is not an RGB picture with 8 bits a channel: expected a screenshot of Chromium');
  const pixels = unfiltered(inflateSync(data), 3 * width, height);
  const counts = new Map();
  for (let at = 0; at < pixels.length; at += 3) {
    const colour = pixels.readUIntBE(at, 3);
    counts.set(colour, (counts.get(colour) ?? 0) + 1);
  }
  const palette = [...counts]
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, COLOURS)
    .map(([colour]) => colour);
  const places = new Map([...counts.keys()].map((colour) => [colour, nearest(colour, palette)]));
  const rows = Buffer.alloc(height * (width + 1)); // each begins with its filter, 0
  for (let at = 0; at < width * height; at++)
    rows[at + Math.floor(at / width) + 1] = places.get(pixels.readUIntBE(3 * at, 3));
  const newHeader = Buffer.from(header);
  newHeader[9] = PALETTE;
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', newHeader),
    chunk('PLTE', Buffer.from(palette.flatMap(channels))),
    chunk('IDAT', deflateSync(rows, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

const channels = (colour) => [colour >> 16, (colour >> 8) & 255, colour & 255];

function nearest(colour, palette) {
  const [r, g, b] = channels(colour);
  const distances = palette.map(channels).map(([R, G, B]) => (r - R) ** 2 + (g - G) ** 2 + (b - B) ** 2);
  return distances.indexOf(Math.min(...distances));
}

function chunksOf(png) {
  let header;
  const data = [];
  for (let at = SIGNATURE.length; at < png.length;) {
    const length = png.readUInt32BE(at);
    const name = png.toString('latin1', at + 4, at + 8);
    const content = png.subarray(at + 8, at + 8 + length);
    if (name === 'IHDR') header = content;
    if (name === 'IDAT') data.push(content);
    at += 12 + length;
  }
  return { header, data: Buffer.concat(data) };
}

function chunk(name, content) {
  const named = Buffer.concat([Buffer.from(name), content]);
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(content.length);
  check.writeUInt32BE(crc32(named));
  return Buffer.concat([length, named, check]);
}

/** Undoes the filters: each byte was stored as its difference from a prediction. */
function unfiltered(data, stride, height) {
  const rows = Buffer.alloc(stride * height);
  for (let y = 0; y < height; y++) {
    const filter = data[y * (stride + 1)];
    for (let x = 0; x < stride; x++) {
      const at = y * stride + x;
      const left = x >= 3 ? rows[at - 3] : 0;
      const up = y > 0 ? rows[at - stride] : 0;
      const corner = x >= 3 && y > 0 ? rows[at - stride - 3] : 0;
      rows[at] = data[at + y + 1] + [0, left, up, (left + up) >> 1, filter === 4 ? paeth(left, up, corner) : 0][filter];
    }
  }
  return rows;
}

/** The neighbour that is nearest to left + up − corner. */
function paeth(left, up, corner) {
  const [toLeft, toUp, toCorner] = [Math.abs(up - corner), Math.abs(left - corner), Math.abs(left + up - 2 * corner)];
  if (toLeft <= toUp && toLeft <= toCorner) return left;
  return toUp <= toCorner ? up : corner;
}
