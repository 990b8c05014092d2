// Colours and fonts of the pictures, light and dark, and text in SVG. Pure.

export const themes = {
  light: { paper: '#ffffff', line: '#d5d8dd', ink: '#1a1c20', muted: '#5c626d', accent: '#005fb8', bar: '#8a919c' },
  dark: { paper: '#16181d', line: '#3a3e47', ink: '#e9eaed', muted: '#a3a8b3', accent: '#7db8ff', bar: '#737985' },
};
/** The colours 0 to 7 of a terminal, and 8 to 15. All are legible on the paper. */
export const terminalColours = {
  light: [
    '#1a1c20 #b3261e #1a7036 #7d5700 #005fb8 #8b3f9e #0b6b75 #5c626d',
    '#5c626d #b3261e #1a7036 #7d5700 #005fb8 #8b3f9e #0b6b75 #1a1c20',
  ].flatMap((colours) => colours.split(' ')),
  dark: [
    '#a3a8b3 #ff8a80 #6fd08c #e3b341 #7db8ff #dd9bec #5fcfda #c9ccd3',
    '#a3a8b3 #ff8a80 #6fd08c #e3b341 #7db8ff #dd9bec #5fcfda #ffffff',
  ].flatMap((colours) => colours.split(' ')),
};

export const MONOSPACE = "ui-monospace, 'SF Mono', Menlo, 'DejaVu Sans Mono', Consolas, 'Liberation Mono', monospace";

/** Colours as variables of CSS, for the colour scheme of the reader. */
export const themeStyle = `:root { ${variables('light')} } @media (prefers-color-scheme: dark) { :root { ${variables('dark')} } }`;

function variables(scheme) {
  return [
    ...Object.entries(themes[scheme]).map(([name, colour]) => `--${name}: ${colour}`),
    ...terminalColours[scheme].map((colour, number) => `--colour-${number}: ${colour}`),
  ].join('; ');
}

/** A picture with a border, `title` for screen readers, and a style sheet. */
export const picture = ({
  width,
  height,
  title,
  style,
  body,
}) => `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escaped(title)}">
<title>${escaped(title)}</title>
<style>${themeStyle} text { fill: var(--ink); font: 13px system-ui, sans-serif; white-space: pre } .paper { fill: var(--paper); stroke: var(--line) } .muted { fill: var(--muted) } ${style}</style>
<rect class="paper" x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="8"/>
${body}
</svg>
`;

export const escaped = (text) =>
  text.replace(/[&<>"]/g, (character) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[character]);
