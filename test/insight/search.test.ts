// Synthetic units whose values are known, so that the correct findings are known.
import { describe, expect, it, test } from 'vitest';
import type { Activations } from '../../src/insight/activations.ts';
import { type Finding, unitText } from '../../src/insight/finding.ts';
import { type Property, propertiesOf } from '../../src/insight/properties.ts';
import { defaultLength, maxDefaultLength, searchCells } from '../../src/insight/search.ts';
import { runUninterrupted } from '../../src/sliced-work.ts';
import { Random } from '../../src/random.ts';
import { notedText } from './planted.ts';

const characters = 4000;
const text = notedText(3, characters);
const properties = propertiesOf([...text]);
const valuesOf = (name: string): Float32Array => properties.find((property) => property.name === name)!.values;

/**
 * Numbers that change more slowly as `memory` approaches 1, like a unit that is independent of the
 * text.
 */
function wandering(seed: number, memory: number): (at: number) => number {
  const random = new Random(seed);
  const values = new Float32Array(characters);
  for (let at = 0; at < characters; at++)
    values[at] = memory * (values[at - 1] ?? 0) + Math.sqrt(1 - memory ** 2) * random.normal();
  return (at) => values[at];
}

/** One layer of units, with a gate that the search must ignore. */
function activations(units: readonly ((at: number) => number)[]): Activations {
  const hidden = units.length;
  const values = Float32Array.from({ length: characters * hidden }, (_, i) =>
    units[i % hidden](Math.floor(i / hidden)),
  );
  const shown = Float32Array.from(
    { length: characters * hidden },
    (_, i) => valuesOf('quotes')[Math.floor(i / hidden)],
  );
  return {
    characters,
    hidden,
    device: 'none',
    arrays: [
      { layer: 0, name: 'c', isGate: false, values },
      { layer: 0, name: 'o', isGate: true, values: shown },
    ],
  };
}

const ignorant = (count: number, seed = 1): ((at: number) => number)[] =>
  Array.from({ length: count }, (_, unit) => wandering(100 * seed + unit, [0, 0.5, 0.9, 0.98, 0.998][unit % 5]));
const findingNamed = (findings: readonly Finding[], name: string): Finding =>
  findings.find(({ property }) => property.name === name)!;

describe('a search', () => {
  const noise = wandering(9, 0.3);
  const cells = activations([
    ...ignorant(20),
    (at) => 5 - 2 * valuesOf('quotes')[at] + 0.3 * noise(at),
    (at) => 3 + valuesOf('bracket depth')[at] + 0.3 * noise(at),
    (at) => Math.tanh(valuesOf('line left')[at] / 10) || 0,
    (at) => valuesOf('comment')[at] + 0.3 * noise(at),
  ]);
  const findings = runUninterrupted(searchCells(cells, properties));

  it.each([
    ['quotes', 20, -0.9],
    ['bracket depth', 21, 0.6],
    ['line left', 22, 0.95],
    ['comment', 23, 0.8],
  ])('finds the unit that tracks %s', (name, unit, least) => {
    const [first] = findingNamed(findings, name).cells;
    expect(unitText(first)).toBe(`0.c.${unit}`);
    expect(first.correlation / Math.sign(least)).toBeGreaterThan(Math.abs(least));
  });

  it('comes in pieces: one for each unit, each property, and each group of units that is compared with all', () => {
    const pieces = [...searchCells(activations(ignorant(20)), properties)];
    expect(pieces.length).toBeGreaterThanOrEqual(20 + properties.length + 20 / 4);
  });

  it('reports a property that does not occur, or occurs only in one half, as not found', () => {
    for (const name of ['upper case', 'after if'])
      expect(findingNamed(findings, name)).toMatchObject({ cells: [], chance: null, neededCharacters: null });
    const once = { ...properties[0], values: new Float32Array(characters).fill(1, 0, characters / 20) };
    expect(runUninterrupted(searchCells(cells, [once]))).toMatchObject([
      { cells: [], chance: null, neededCharacters: 340_000 },
    ]);
  });

  it('reports how many characters a property needs if its spans are too rare', () => {
    const rare = { ...properties[0], values: new Float32Array(characters) };
    for (const at of [150, 350, 2150, 3350]) rare.values.fill(1, at, at + 40);
    const [finding] = runUninterrupted(searchCells(activations(ignorant(60)), [rare]));
    expect(finding.cells).toEqual([]);
    expect(finding.chance).toBeGreaterThan(0.8);
    expect(finding.neededCharacters).toBeGreaterThan(1.5 * characters);
    expect(finding.neededCharacters! % 100).toBe(0);
    for (const { neededCharacters } of findings.filter(({ chance }) => chance !== null))
      expect(neededCharacters).toBeNull();
  });

  it('ignores a unit that tracks a property only on the half that it is chosen on', () => {
    const inHalf =
      (half: number) =>
      (at: number): number =>
        Math.floor(at / (characters / 20)) % 2 === half ? valuesOf('quotes')[at] : noise(at);
    for (const half of [0, 1])
      expect(
        findingNamed(runUninterrupted(searchCells(activations([...ignorant(20), inHalf(half)]), properties)), 'quotes')
          .cells,
      ).toEqual([]);
    const all = findingNamed(
      runUninterrupted(
        searchCells(activations([...ignorant(20), (at) => (inHalf(0)(at) + inHalf(1)(at)) / 2]), properties),
      ),
      'quotes',
    ).cells;
    expect(all.map(unitText)).toEqual(['0.c.20']);
  });

  it('gives the same result again', () => {
    expect(runUninterrupted(searchCells(cells, properties))).toEqual(findings);
  });
});

describe('the default length of a text', () => {
  const spans = (every: number, length: number): string[] =>
    [...'(a)'.padEnd(every, 'b').repeat(Math.ceil(length / every))].slice(0, length);

  it('is 10,000 characters if they are enough, or if no length is', () => {
    expect(defaultLength(spans(50, 30_000), { layers: 1, hidden: 64 })).toBe(10_000);
    expect(defaultLength(spans(5000, 80_000), { layers: 1, hidden: 64 })).toBe(10_000);
    expect(defaultLength(spans(50, 700), { layers: 1, hidden: 64 })).toBe(700);
  });

  it('is as much as a property needs', () => {
    const length = defaultLength(spans(300, 80_000), { layers: 1, hidden: 64 });
    expect(length).toBeGreaterThan(84 * 300);
    expect(length).toBeLessThan(90 * 300);
  });

  it('is limited by the size of the model, so that the search takes seconds', () => {
    expect(maxDefaultLength({ layers: 1, hidden: 16 })).toBe(80_000);
    expect(maxDefaultLength({ layers: 1, hidden: 128 })).toBe(40_000);
    expect(maxDefaultLength({ layers: 2, hidden: 512 })).toBe(10_000);
    expect(defaultLength(spans(300, 80_000), { layers: 2, hidden: 512 })).toBe(10_000);
  });
});

test.each(Array.from({ length: 8 }, (_, seed) => seed))(
  'units that are independent of the text track nothing, however slowly they change (seed %i)',
  (seed) => {
    expect(
      runUninterrupted(searchCells(activations(ignorant(60, seed + 2)), properties)).filter(
        ({ cells }) => cells.length > 0,
      ),
    ).toEqual([]);
  },
);

test('no unit tracks a property that is independent of the text, not even a unit that drifts', () => {
  const drifting = Array.from({ length: 40 }, (_, n): Property => {
    const values = wandering(5000 + n, [0, 0.8, 0.95, 0.99, 0.998][n % 5]);
    return {
      name: `drift ${n}`,
      description: '',
      isNumber: n % 2 === 0,
      values: Float32Array.from({ length: characters }, (_, at) =>
        n % 2 === 0 ? values(at) : Number(values(at) > 0.5),
      ),
    };
  });
  expect(
    runUninterrupted(searchCells(activations(ignorant(60)), drifting)).filter(({ cells }) => cells.length > 0),
  ).toEqual([]);
});
