// Mutations of any JSON. Each changes a tree in place and describes the change. They do not know
// the format of checkpoints.
import { below, chance, pick, skewed } from './random.js';
import { copyOf, neighbours, put, slotAt, somewhere, somewhereWith, text, valueOf } from './tree.js';
import { deep, hostileNumber, hostileText, hostileValue, oddKeys, writtenKeys } from './values.js';

const nothing = 'found nothing to change';

function replace(root, random) {
  const { slot, path } = somewhere(root, random);
  slot.node = hostileValue(random);
  return `${path} becomes ${slot.node.kind === 'text' ? slot.node.text.slice(0, 60) : 'a list'}`;
}

function replaceNumber(root, random) {
  const place = somewhereWith(root, random, (node) => typeof valueOf(node) === 'number');
  if (place === null) return nothing;
  place.slot.node = hostileNumber(random);
  return `${place.path} becomes ${place.slot.node.text}`;
}

/** Replaces it by a number that may be valid. */
function nudge(root, random) {
  const place = somewhereWith(root, random, (node) => typeof valueOf(node) === 'number');
  if (place === null) return nothing;
  const before = valueOf(place.slot.node);
  const after = pick(random, [
    before + 1,
    before - 1,
    2 * before,
    before / 2,
    -before,
    before + 0.5,
    1000 * before,
    before * 1e9,
    before + 2 ** 32,
    2 ** 48 - 1,
    2 ** 53 - 1,
    1 / before,
  ]);
  place.slot.node = text(String(after));
  return `${place.path} becomes ${after} for ${before}`;
}

function respell(root, random) {
  const place = somewhereWith(root, random, (node) => typeof valueOf(node) === 'string');
  if (place === null) return nothing;
  const before = valueOf(place.slot.node);
  const at = below(random, before.length + 1);
  const odd = pick(random, ['', 'x', '"', '\\', '\u0000', '\u001b', '\ud83d', '.', '/', ' ', 'é']);
  const after = pick(random, [
    before.slice(0, at),
    before.slice(at),
    before.slice(0, at) + odd + before.slice(at + 1),
    before.slice(0, at) + odd + before.slice(at),
    before + before,
    before.toUpperCase(),
  ]);
  place.slot.node = text(
    chance(random, 0.2)
      ? `"${[...after].map((character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')}"`
      : JSON.stringify(after),
  );
  return `${place.path} is spelt ${JSON.stringify(after.slice(0, 40))}`;
}

function remove(root, random) {
  const { parent, index, path } = somewhere(root, random);
  const [{ key }] = parent.slots.splice(index, 1);
  return `${path} is removed${key === undefined ? '' : ', a member'}`;
}

function rename(root, random) {
  const { slot, path } = somewhere(root, random);
  if (slot.key === undefined) return respell(root, random);
  if (chance(random, 0.3)) slot.written = pick(random, writtenKeys);
  else slot.key = pick(random, [pick(random, oddKeys), `${slot.key}x`, slot.key.slice(1), slot.key.toUpperCase()]);
  return `${path} is renamed ${slot.written ?? JSON.stringify(slot.key).slice(0, 40)}`;
}

function duplicate(root, random) {
  const { parent, index, slot, path } = somewhere(root, random);
  const copy = { ...slot, node: chance(random, 0.5) ? copyOf(slot.node) : hostileValue(random) };
  parent.slots.splice(chance(random, 0.5) ? index : below(random, parent.slots.length + 1), 0, copy);
  return `${path} is there twice`;
}

function insert(root, random) {
  const { parent, path } = somewhere(root, random);
  const added = { node: hostileValue(random) };
  if (parent.kind === 'object') {
    added.key = pick(random, oddKeys);
    if (chance(random, 0.2)) added.written = pick(random, writtenKeys);
  }
  parent.slots.splice(below(random, parent.slots.length + 1), 0, added);
  return `next to ${path} there is ${parent.kind === 'object' ? (added.written ?? JSON.stringify(added.key).slice(0, 40)) : 'one more'}`;
}

function swap(root, random) {
  const { parent, path } = somewhere(root, random);
  const [a, b] = neighbours(parent, random);
  if (chance(random, 0.5)) [a.node, b.node] = [b.node, a.node];
  else {
    const [i, j] = [parent.slots.indexOf(a), parent.slots.indexOf(b)];
    [parent.slots[i], parent.slots[j]] = [b, a];
  }
  return `two neighbours of ${path} change places`;
}

function graft(root, random) {
  const from = somewhere(root, random);
  const to = somewhere(root, random);
  to.slot.node = copyOf(from.slot.node);
  return `${to.path} is a copy of ${from.path}`;
}

function nest(root, random) {
  const { slot, path } =
    somewhereWith(root, random, (node) => node.kind === 'text' && node.text.length < 200) ?? somewhere(root, random);
  slot.node = deep(random, slot.node.kind === 'text' ? slot.node.text : '1');
  return `${path} is nested`;
}

function repeat(root, random) {
  const place = somewhereWith(root, random, (node) => node.kind !== 'text' && node.slots.length > 0);
  if (place === null) return nothing;
  const { slots } = place.slot.node;
  const times = skewed(random, Math.max(2, 2000 / slots.length));
  place.slot.node.slots = Array.from({ length: times }, () =>
    slots.map((slot) => ({ ...slot, node: copyOf(slot.node) })),
  ).flat();
  return `${place.path} has all that is in it ${times} times`;
}

function shuffle(root, random) {
  const { parent, path } = somewhere(root, random);
  for (let i = parent.slots.length - 1; i > 0; i--) {
    const j = below(random, i + 1);
    [parent.slots[i], parent.slots[j]] = [parent.slots[j], parent.slots[i]];
  }
  return `all neighbours of ${path} are shuffled`;
}

function empty(root, random) {
  const { parent, path } = somewhere(root, random);
  parent.slots.length = below(random, parent.slots.length);
  return `the members next to ${path} are cut short`;
}

/**
 * A member of the training record. Most members may have any value of their type, and the code that
 * uses them is tested elsewhere.
 */
function retrain(root, random) {
  const part = pick(random, [
    ['training'],
    ['training', 'options'],
    ['training', 'loop'],
    ['training', 'loop', 'trend'],
    ['training', 'reading'],
    ['training', 'machine'],
    ['training', 'corpus'],
    ['training', 'position'],
  ]);
  const slots = slotAt(root, ...part)?.node.slots;
  if (!slots?.length) return nothing;
  const slot = pick(random, slots);
  const path = [...part, slot.key];
  if (chance(random, 0.5)) slot.node = chance(random, 0.5) ? hostileNumber(random) : hostileText(random);
  else
    put(
      root,
      path,
      pick(random, [
        null,
        true,
        0,
        1,
        2,
        1000,
        2 ** 31,
        2 ** 48,
        2 ** 53 - 1,
        1e300,
        0.25,
        [],
        {},
        ['x'],
        [0, 0, 0, 0],
      ]),
    );
  return `${path.join('.')} becomes ${slot.node.text?.slice(0, 60) ?? 'a list or an object'}`;
}

export const structural = {
  replace,
  replaceNumber,
  nudge,
  respell,
  remove,
  rename,
  duplicate,
  insert,
  swap,
  graft,
  nest,
  repeat,
  shuffle,
  empty,
  retrain,
};
