// JSON as a tree that can hold more than objects can: a key twice, an invalid number, half a word.
// All it knows about checkpoints is how one is sealed.
//
// A node is an object or a list of slots, or a text exactly as in the file: { kind: 'object' |
// 'list', slots } or { kind: 'text', text }. A slot is a place for a node: { key, node }. Slots of
// a list have no key.
import { createHash } from 'node:crypto';
import { below, chance, pick } from './random.js';

export const text = (written) => ({ kind: 'text', text: written });
export const list = (nodes) => ({ kind: 'list', slots: nodes.map((node) => ({ node })) });

export function treeOf(value) {
  if (Array.isArray(value)) return list(value.map(treeOf));
  if (typeof value !== 'object' || value === null) return text(JSON.stringify(value));
  return { kind: 'object', slots: Object.entries(value).map(([key, member]) => ({ key, node: treeOf(member) })) };
}

export function copyOf(node) {
  return node.kind === 'text'
    ? { ...node }
    : { ...node, slots: node.slots.map((slot) => ({ ...slot, node: copyOf(slot.node) })) };
}

export function write(node) {
  if (node.kind === 'text') return node.text;
  if (node.kind === 'list') return `[${node.slots.map((slot) => write(slot.node)).join(',')}]`;
  return `{${node.slots.map((slot) => `${slot.written ?? JSON.stringify(slot.key)}:${write(slot.node)}`).join(',')}}`;
}

/** The value of a text that is JSON, otherwise undefined. */
export function valueOf(node) {
  if (node.kind !== 'text') return undefined;
  try {
    return JSON.parse(node.text);
  } catch {
    return undefined;
  }
}

/**
 * The slot at a path of keys and indices, or undefined if it does not exist, as after an earlier
 * mutation.
 */
export function slotAt(root, ...path) {
  let slot = { node: root };
  for (const step of path)
    slot = typeof step === 'number' ? slot?.node.slots?.[step] : slot?.node.slots?.find(({ key }) => key === step);
  return slot;
}

/** Puts a value at a path, or does nothing if the path does not exist. */
export function put(root, path, value) {
  const slot = slotAt(root, ...path);
  if (slot !== undefined) slot.node = treeOf(value);
}

/**
 * A place somewhere in the tree: its parent and its index. Each member of a level has the same
 * probability, however large it is.
 */
export function somewhere(root, random) {
  let parent = root;
  let path = '';
  for (;;) {
    const index = below(random, parent.slots.length);
    const slot = parent.slots[index];
    path += slot.key === undefined ? `[${index}]` : `.${String(slot.key).slice(0, 40)}`;
    if (slot.node.kind === 'text' || slot.node.slots.length === 0 || chance(random, 0.25))
      return { parent, index, slot, path };
    parent = slot.node;
  }
}

/** Any place whose node passes the test, or null if a few attempts fail. */
export function somewhereWith(root, random, serves) {
  for (let tries = 0; tries < 20; tries++) {
    const place = somewhere(root, random);
    if (serves(place.slot.node)) return place;
  }
  return null;
}

/**
 * Two slots of one object or list, because the numbers, texts and lists of a file are often
 * neighbours.
 */
export function neighbours(parent, random) {
  return [pick(random, parent.slots), pick(random, parent.slots)];
}

const seal = '"checksum"';

/** The bytes with a correct checksum, so that the checksum is not the fault. */
export function sealed(bytes) {
  const at = bytes.lastIndexOf(seal);
  if (at < 0) return bytes;
  const body = bytes.subarray(0, at);
  return Buffer.concat([body, Buffer.from(`${seal}: "${createHash('sha256').update(body).digest('hex')}"\n}\n`)]);
}
