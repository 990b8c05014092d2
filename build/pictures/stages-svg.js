// The samples of a run at several update steps, as a picture. Pure.
import { captionOf, factsOf } from '../../dist/reports/story.js';
import { MONOSPACE, escaped, picture } from './style.js';

const width = 860;
const edge = 20;
const left = 34;
const line = 20;
const columns = 92;
const maxLines = 5;
const gap = 18;

/**
 * @param stages lines of `rnn story --json`
 * @param command that trained the run, below the stages
 */
export function stagesSvg(stages, { command, title }) {
  let y = edge + 12;
  const parts = stages.map((stage, index) => {
    const lines = linesOf(stage.text);
    const top = y;
    y += 26 + lines.length * line + gap;
    return [
      `<circle cx="${edge}" cy="${top - 4}" r="5"/>`,
      `<text x="${left}" y="${top}"><tspan class="caption">${escaped(captionOf(index))}</tspan><tspan class="muted" dx="12">${escaped(factsOf(stage))}</tspan></text>`,
      ...lines.map(
        (each, row) => `<text class="sample" x="${left}" y="${top + 26 + row * line}">${escaped(each)}</text>`,
      ),
    ].join('\n');
  });
  return picture({
    width,
    height: y + 16,
    title,
    style: `.sample { font: 14px ${MONOSPACE} } .caption { font-weight: 600 } circle { fill: var(--paper); stroke: var(--accent); stroke-width: 2 } .way { stroke: var(--line); stroke-width: 2 }`,
    body: `<path class="way" d="M${edge} ${edge + 8}V${y - 30}"/>
${parts.join('\n')}
<text class="muted" x="${left}" y="${y}">${escaped(command)}</text>`,
  });
}

/** The first lines of a text, wrapped between words. Blank lines at both ends are left out. */
export function linesOf(text) {
  const lines = text.trim().split('\n').flatMap(wrapped);
  return lines.length <= maxLines ? lines : [...lines.slice(0, maxLines - 1), `${lines[maxLines - 1]} …`];
}

function wrapped(text) {
  if (text.length <= columns) return [text];
  const space = text.lastIndexOf(' ', columns);
  const end = space > 0 ? space : columns;
  return [text.slice(0, end), ...wrapped(text.slice(end).trimStart())];
}
