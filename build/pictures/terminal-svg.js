// An animated SVG of a terminal. The last frame is visible where nothing is animated. Pure.
import { MONOSPACE, escaped, picture } from './style.js';

const cell = { width: 8.4, height: 19 };
const edge = 16;
const head = 34;

/**
 * @param frames each { rows, lengthMs }, as framesOf() returns them
 * @param title for screen readers
 * @param caption the left and the right text above the terminal
 */
export function terminalSvg(frames, { columns, rows, title, caption: [left, right] }) {
  const [across, down] = [columns * cell.width, rows * cell.height];
  const [width, height] = [Math.ceil(across) + 2 * edge, head + down + edge];
  const drawn = new DrawnRows();
  // All frames are on a strip, the last one first, so that it is visible without animation.
  const strip = [frames.at(-1), ...frames.slice(0, -1)].map((frame, index) => drawn.uses(frame.rows, index * down));
  return picture({
    width,
    height,
    title,
    style: [
      // Rows are drawn by `use`, where selectors do not see the elements around the row.
      `g > text { font: 14px ${MONOSPACE} } g > .bold { font-weight: 700 } .dim { fill: var(--muted) }`,
      drawn.colours.map((number) => `.colour-${number} { fill: var(--colour-${number}) }`).join(' '),
      animation(frames, down),
    ].join(' '),
    body: `<text class="muted" x="${edge}" y="23">${escaped(left)}</text>
<text class="muted" x="${width - edge}" y="23" text-anchor="end">${escaped(right)}</text>
<path d="M1 ${head}H${width - 1}" stroke="var(--line)"/>
<defs>${drawn.definitions()}</defs>
<svg x="${edge}" y="${head + edge / 2}" width="${Math.ceil(across)}" height="${down}"><g class="strip">${strip.join('')}</g></svg>`,
  });
}

/** Shows one frame after the other by moving the strip. */
function animation(frames, down) {
  const total = frames.reduce((sum, { lengthMs }) => sum + lengthMs, 0);
  let startMs = 0;
  const steps = frames.map(({ lengthMs }, index) => {
    const percent = Number(((100 * startMs) / total).toFixed(2));
    startMs += lengthMs;
    return `${percent}% { transform: translateY(${index === frames.length - 1 ? 0 : -(index + 1) * down}px) }`;
  });
  const seconds = Number((total / 1000).toFixed(2));
  return `@media (prefers-reduced-motion: no-preference) { .strip { animation: play ${seconds}s step-end infinite } } @keyframes play { ${steps.join(' ')} }`;
}

/** Each different row once, because frames mostly repeat the rows of other frames. */
class DrawnRows {
  #numbers = new Map();

  /** References to the rows of a frame. */
  uses(rows, top) {
    return rows
      .map((runs, index) => {
        if (runs.length === 0) return '';
        const key = JSON.stringify(runs);
        if (!this.#numbers.has(key)) this.#numbers.set(key, this.#numbers.size);
        return `<use href="#r${this.#numbers.get(key)}" y="${top + index * cell.height}"/>`;
      })
      .join('');
  }

  definitions() {
    return [...this.#numbers]
      .map(([key, number]) => `<g id="r${number}">${JSON.parse(key).map(drawnRun).join('')}</g>`)
      .join('\n');
  }

  /** The numbers of the colours in use. */
  get colours() {
    const found = [...this.#numbers.keys()].flatMap((key) =>
      [...key.matchAll(/colour-(\d+)/g)].map(([, each]) => each),
    );
    return [...new Set(found)].toSorted();
  }
}

/** `textLength` keeps the columns, whichever font the reader has. Blank runs are not drawn. */
function drawnRun({ column, text, style }) {
  if (text.trim() === '') return '';
  const length = Number(([...text].length * cell.width).toFixed(1));
  const x = Number((column * cell.width).toFixed(1));
  return `<text${style === '' ? '' : ` class="${style}"`} x="${x}" y="14" textLength="${length}" lengthAdjust="spacingAndGlyphs">${escaped(text)}</text>`;
}
