// Boxes, arrows and texts of a drawing, as SVG. Colours follow the reader's settings, light or dark,
// on a background that follows them too. Programs that do not read style sheets show the light colours.
import { escaped } from '../pictures/style.js';

/** The class of each colour, and its values on a light and on a dark background. */
const palette = {
  ink: ['#1a1c20', '#e9eaed'],
  quiet: ['#5b616b', '#a9adb8'],
  state: ['#0068b5', '#62aef0'],
  gradient: ['#c44e00', '#ff8f55'],
  gate: ['#00805b', '#42cc9e'],
};
const paper = ['#ffffff', '#131418'];
const HEAD = 7;

const rules = (mode) => Object.entries(palette).map(([name, colours]) => `.${name} { color: ${colours[mode]} }`);
const style = `.paper { fill: ${paper[0]} } ${rules(0).join(' ')} @media (prefers-color-scheme: dark) { .paper { fill: ${paper[1]} } ${rules(1).join(' ')} }`;
const colour = (name) => `class="${name}" color="${palette[name][0]}"`;

/** @param {string} description in words, for screen readers */
export function drawing({ width, height, title, description }, parts) {
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="system-ui, sans-serif" font-size="14" text-anchor="middle" role="img" aria-labelledby="title description">`,
    `<title id="title">${escaped(title)}</title><desc id="description">${escaped(description)}</desc>`,
    `<style>${style}</style>`,
    `<rect class="paper" width="${width}" height="${height}" fill="${paper[0]}"/>`,
    ...parts.flat(Infinity),
    '</svg>',
  ].join('\n')}\n`;
}

/** @param {{ name?: string, anchor?: string, size?: number, weight?: number }} look */
export function text(x, y, content, { name = 'ink', anchor = 'middle', size = 14, weight = 400 } = {}) {
  return `<text x="${x}" y="${y}" ${colour(name)} fill="currentColor" text-anchor="${anchor}" font-size="${size}" font-weight="${weight}">${escaped(content)}</text>`;
}

/** A box around (x, y), with a text in its middle. */
export function box(x, y, width, height, content, { name = 'ink', radius = 6 } = {}) {
  const shape = `<rect x="${x - width / 2}" y="${y - height / 2}" width="${width}" height="${height}" rx="${radius}" ${colour(name)} fill="currentColor" fill-opacity="0.12" stroke="currentColor" stroke-width="1.5"/>`;
  return [shape, text(x, y + 5, content)];
}

/** A circle around (x, y) with an operator in it. */
export function operator(x, y, content, name = 'state') {
  const shape = `<circle class="paper" cx="${x}" cy="${y}" r="15" fill="${paper[0]}"/><circle cx="${x}" cy="${y}" r="15" ${colour(name)} fill="currentColor" fill-opacity="0.12" stroke="currentColor" stroke-width="1.5"/>`;
  return [shape, text(x, y + 6, content, { size: 18 })];
}

/** A line from one point to another, [x, y] each. */
export function line(from, to, { name = 'ink', width = 1.5, dashes = '' } = {}) {
  const dashed = dashes ? ` stroke-dasharray="${dashes}"` : '';
  return `<polyline points="${from.join(',')} ${to.join(',')}" ${colour(name)} fill="none" stroke="currentColor" stroke-width="${width}"${dashed}/>`;
}

/** A horizontal or vertical line with a head at its end. */
export function arrow([x1, y1], [x2, y2], look = {}) {
  const [dx, dy] = [Math.sign(x2 - x1), Math.sign(y2 - y1)];
  const base = [x2 - dx * HEAD, y2 - dy * HEAD];
  const corners = [
    [x2, y2],
    [base[0] + dy * 4.5, base[1] + dx * 4.5],
    [base[0] - dy * 4.5, base[1] - dx * 4.5],
  ];
  const head = `<polygon points="${corners.map((corner) => corner.join(',')).join(' ')}" ${colour(look.name ?? 'ink')} fill="currentColor"/>`;
  return [line([x1, y1], base, look), head];
}
