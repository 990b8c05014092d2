// One mutation of a checkpoint file, or a few at once, by a seed and a number: the same for ever.
// Nearly all of them get the checksum of what they then hold, or it would be all that is ever
// looked at.
import { ofBytes } from './bytes.js';
import { lies } from './lies.js';
import { chance, pick, skewed } from './random.js';
import { structural } from './structure.js';
import { copyOf, sealed, slotAt, treeOf, write } from './tree.js';

/**
 * A whole checkpoint to begin from, without what would make it another one on another day or
 * machine.
 */
export function originalOf(name, bytes) {
  const timeless = JSON.parse(bytes.toString('utf8'), (key, value) =>
    /(?:Ms|PerSecond)$/.test(key) && value !== null ? 12.5 : key === 'device' ? 'cpu' : value,
  );
  const whole = sealed(Buffer.from(JSON.stringify(timeless, null, 1)));
  return { name, bytes: whole, tree: treeOf(JSON.parse(whole.toString('utf8'))) };
}

/**
 * @param originals of `originalOf`
 * @param random of its own for each mutation
 * @returns the bytes of the file, the name of the mutation (of the first, if there are several),
 * and all that was done in words
 */
export function mutate(originals, random) {
  const original = pick(random, originals);
  const isOfBytes = chance(random, 0.3);
  const done = isOfBytes ? mutateBytes(original.bytes, random) : mutateTree(original.tree, random);
  const isSealed = chance(random, isOfBytes ? 0.7 : 0.97);
  return {
    bytes: isSealed ? sealed(done.bytes) : done.bytes,
    name: done.name,
    what: `${original.name}: ${done.what.join('; ')}; ${isSealed ? 'sealed anew' : 'not sealed'}`,
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
  // Written anew by JSON.stringify's rules it is the last member all the same: `sealed` looks for
  // it.
  const checksum = slotAt(tree, 'checksum');
  if (checksum !== undefined && checksum !== tree.slots.at(-1) && chance(random, 0.7))
    tree.slots = [...tree.slots.filter((slot) => slot !== checksum), checksum];
  return { bytes: Buffer.from(write(tree), 'utf8'), name: names[0], what };
}
