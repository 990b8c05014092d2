// One mutation of a checkpoint file, or a few at once, chosen by a seed and a number, always the
// same. Nearly all get a correct checksum afterwards. Otherwise nothing behind the checksum would
// be tested.
import { ofBytes } from './bytes.js';
import { lies } from './lies.js';
import { chance, pick, skewed } from './random.js';
import { structural } from './structure.js';
import { copyOf, sealed, slotAt, treeOf, write } from './tree.js';

/** A whole checkpoint to begin from, without members that differ on another day or machine. */
export function originalOf(name, bytes) {
  const timeless = JSON.parse(bytes.toString('utf8'), (key, value) =>
    /(?:Ms|PerSecond)$/.test(key) && value !== null ? 12.5 : key === 'device' ? 'cpu' : value,
  );
  const whole = sealed(Buffer.from(JSON.stringify(timeless, null, 1)));
  return { name, bytes: whole, tree: treeOf(JSON.parse(whole.toString('utf8'))) };
}

/**
 * @param originals of `originalOf`
 * @param random a separate generator for each mutation
 * @returns the bytes of the file, the name of the mutation (of the first, if there are several),
 * and a description of all changes
 */
export function mutate(originals, random) {
  const original = pick(random, originals);
  const isOfBytes = chance(random, 0.3);
  const done = isOfBytes ? mutateBytes(original.bytes, random) : mutateTree(original.tree, random);
  const isSealed = chance(random, isOfBytes ? 0.7 : 0.97);
  return {
    bytes: isSealed ? sealed(done.bytes) : done.bytes,
    name: done.name,
    what: `${original.name}: ${done.what.join('; ')}; ${isSealed ? 'sealed again' : 'not sealed'}`,
  };
}

function mutateBytes(original, random) {
  let bytes = original;
  const names = [];
  const what = [];
  for (let times = skewed(random, 4); times > 0 && bytes.length > 0; times--) {
    const name = pick(random, Object.keys(ofBytes));
    const done = ofBytes[name](bytes, random);
    bytes = done.bytes;
    names.push(name);
    what.push(done.what);
  }
  return { bytes, name: `bytes: ${names[0]}`, what };
}

function mutateTree(original, random) {
  const tree = copyOf(original);
  const names = [];
  const what = [];
  for (let times = skewed(random, 5); times > 0 && tree.slots.length > 0; times--) {
    const [group, ways] = pick(random, [
      ['any JSON', structural],
      ['a lie', lies],
      ['a lie', lies],
    ]);
    const name = pick(random, Object.keys(ways));
    names.push(`${group}: ${name}`);
    what.push(ways[name](tree, random));
  }
  // It is the last member even when JSON.stringify orders the keys: `sealed` looks for it.
  const checksum = slotAt(tree, 'checksum');
  if (checksum !== undefined && checksum !== tree.slots.at(-1) && chance(random, 0.7))
    tree.slots = [...tree.slots.filter((slot) => slot !== checksum), checksum];
  return { bytes: Buffer.from(write(tree), 'utf8'), name: names[0], what };
}
