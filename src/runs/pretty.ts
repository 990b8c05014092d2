// JSON for people: what fits on a line stays on it. Knows nothing of what the values mean.

const lineLength = 120;

/**
 * The text of a value, of which all lines but the first begin with `indent`. Lists of numbers and
 * texts are filled line by line, so that a vocabulary is a paragraph; other lists and objects take
 * a line for each member that fits on one.
 */
export function prettyJson(value: unknown, indent = ''): string {
  const flat = JSON.stringify(value);
  if (typeof value !== 'object' || value === null || flat.length + indent.length <= lineLength) return flat;
  const inner = `${indent}  `;
  if (!Array.isArray(value)) {
    const members = Object.entries(value).filter(([, member]) => member !== undefined);
    return `{\n${members.map(([key, member]) => `${inner}${JSON.stringify(key)}: ${prettyJson(member, inner)}`).join(',\n')}\n${indent}}`;
  }
  if (value.some((element) => typeof element === 'object' && element !== null)) {
    return `[\n${value.map((element) => inner + prettyJson(element, inner)).join(',\n')}\n${indent}]`;
  }
  const lines = [''];
  for (const [index, element] of value.entries()) {
    const text = JSON.stringify(element ?? null) + (index < value.length - 1 ? ', ' : '');
    const line = lines[lines.length - 1];
    if (line !== '' && inner.length + line.length + text.length > lineLength) lines.push(text);
    else lines[lines.length - 1] = line + text;
  }
  return `[\n${lines.map((line) => inner + line.trimEnd()).join('\n')}\n${indent}]`;
}
