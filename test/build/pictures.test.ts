// How the pictures of the pages are drawn. Nothing is recorded, trained or opened in a browser here.
import { deflateSync, inflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
// @ts-expect-error build/ is plain JavaScript, without types
import { describePace } from '../../build/pictures/drawings.js';
// @ts-expect-error the same
import { framesOf, playedFrames } from '../../build/pictures/frames.js';
// @ts-expect-error the same
import { unitToShow } from '../../build/pictures/pages.js';
// @ts-expect-error the same
import { paletted } from '../../build/pictures/png.js';
// @ts-expect-error the same
import { piecesOf, withoutText } from '../../build/pictures/recording.js';
// @ts-expect-error the same
import { screensOf } from '../../build/pictures/screens.js';
// @ts-expect-error the same
import { groupsOf, speedSvg } from '../../build/pictures/speed-svg.js';
// @ts-expect-error the same
import { linesOf, stagesSvg } from '../../build/pictures/stages-svg.js';
// @ts-expect-error the same
import { terminalColours, themes } from '../../build/pictures/style.js';
// @ts-expect-error the same
import { terminalSvg } from '../../build/pictures/terminal-svg.js';

interface Piece {
  atMs: number;
  bytes: Buffer;
}

const run = (text: string, style = '', column = 0) => ({ column, text, style });
const screen = (atMs: number, ...rows: string[]) => ({ atMs, rows: rows.map((text) => [run(text)]) });
const texts = (frames: { rows: { text: string }[][] }[]) => frames.map(({ rows }) => rows.flat()[0].text);

describe('a recording of a terminal', () => {
  const output = Buffer.from('Script started\nab–cd\nScript done\n');

  it('is read as pieces of bytes with their times', () => {
    const pieces: Piece[] = piecesOf(output, '0.5 2\n0.25 3\n1 2\n');
    expect(pieces.map(({ atMs }) => atMs)).toEqual([500, 750, 1750]);
    expect(pieces.map(({ bytes }) => bytes.toString())).toEqual(['ab', '–', 'cd']);
  });

  it('is refused if the times do not match the bytes', () => {
    expect(() => piecesOf(output, '0.5 200\n')).toThrow("a line of the timing is '0.5 200'");
    expect(() => piecesOf(output, 'O 0.5 2\n')).toThrow('expected seconds and a number of recorded bytes');
  });

  it('does not show the folder of the clone, even next to letters that pieces cut', () => {
    const bytes = Buffer.from('–/home/é/rnn/a /home/é/rnn/b');
    const pieces = [
      { atMs: 0, bytes: bytes.subarray(0, 1) },
      { atMs: 1, bytes: bytes.subarray(1) },
    ];
    const shown: Piece[] = withoutText(pieces, '/home/é/rnn', '~/rnn');
    expect(Buffer.concat(shown.map((piece) => piece.bytes)).toString()).toBe('–~/rnn/a ~/rnn/b');
  });

  it('becomes screens with styles, in which later output replaces earlier output', async () => {
    const pieces = ['10 %\r', '\u001B[36m20\u001B[39m %\r\n', '\u001B[1mdone\u001B[22m  \u001B[2mnow\u001B[22m  '];
    const screens = await screensOf(
      pieces.map((text, atMs) => ({ atMs, bytes: Buffer.from(text) })),
      { columns: 20, rows: 2 },
    );
    expect(screens).toEqual([
      { atMs: 0, rows: [[run('10 %')], []] },
      { atMs: 1, rows: [[run('20', 'colour-6'), run(' %', '', 2)], []] },
      {
        atMs: 2,
        rows: [
          [run('20', 'colour-6'), run(' %', '', 2)],
          [run('done', 'bold'), run('  ', '', 4), run('now', 'dim', 6)],
        ],
      },
    ]);
  });
});

describe('the frames of an animation', () => {
  const pace = { shortestMs: 100, longestMs: 1000, lastMs: 5000 };

  it('leave out equal screens and screens that another screen replaces quickly', () => {
    const screens = [screen(0, 'a'), screen(200, 'a'), screen(500, 'b'), screen(550, 'c'), screen(900, 'd')];
    const frames = framesOf(screens, pace);
    expect(texts(frames)).toEqual(['a', 'c', 'd']);
    expect(frames.map(({ lengthMs }: { lengthMs: number }) => lengthMs)).toEqual([500, 400, 5000]);
  });

  it('leave out a screen that becomes the previous one again', () => {
    expect(texts(framesOf([screen(0, 'a'), screen(500, 'b'), screen(550, 'a'), screen(900, 'c')], pace))).toEqual([
      'a',
      'c',
    ]);
  });

  it('shorten pauses', () => {
    expect(framesOf([screen(0, 'a'), screen(60_000, 'b')], pace)[0].lengthMs).toBe(1000);
  });

  it('play at real speed if they are short enough, and otherwise faster by a whole factor', () => {
    const screens = Array.from({ length: 21 }, (_, index) => screen(500 * index, String(index)));
    expect(playedFrames(screens, { ...pace, maxMs: 10_000 })).toMatchObject({ factor: 1, shownMs: 10_000 });
    expect(playedFrames(screens, { ...pace, maxMs: 4000 })).toMatchObject({ factor: 3 });
    expect(describePace({ factor: 1, shownMs: 9900 }, 10_000)).toBe('10 seconds, in real time');
    expect(describePace({ factor: 3, shownMs: 2000 }, 10_000)).toBe(
      '10 seconds, played 3 times as fast, pauses shortened to 1.5 s',
    );
  });
});

describe('the picture of a terminal', () => {
  const frames = [
    { rows: [[run('$ rnn <a>')], []], lengthMs: 1000 },
    { rows: [[run('$ rnn <a>')], [run('50 %', 'colour-6')]], lengthMs: 1000 },
    { rows: [[run('$ rnn <a>')], [run('100 %', 'bold')]], lengthMs: 2000 },
  ];
  const svg: string = terminalSvg(frames, { columns: 20, rows: 2, title: 'A "title"', caption: ['left', 'right'] });
  const strip = /<g class="strip">(.*)<\/g>/.exec(svg)![1];

  it('draws each row once and refers to it from each frame', () => {
    expect(svg.match(/rnn &lt;a&gt;/g)).toHaveLength(1);
    expect(strip.match(/href="#r0"/g)).toHaveLength(3);
  });

  it('shows the last frame where nothing is animated', () => {
    expect(strip).toMatch(/^<use href="#r0" y="0"\/><use href="#r1" y="19"\/>/);
    expect(svg).toMatch(/<g id="r1"><text class="bold"[^>]*>100 %</);
    expect(svg).toContain('@media (prefers-reduced-motion: no-preference) { .strip { animation: play 4s step-end');
  });

  it('shows the frames in order, and the last one longest', () => {
    const steps = [...svg.matchAll(/([\d.]+)% \{ transform: translateY\((-?\d+)px\) \}/g)];
    expect(steps.map(([, percent, y]) => [percent, y])).toEqual([
      ['0', '-38'],
      ['25', '-76'],
      ['50', '0'],
    ]);
  });

  it('has a style for each colour in use, and no others', () => {
    expect(svg.match(/\.colour-\d+ \{/g)).toEqual(['.colour-6 {']);
    expect(svg).toContain('aria-label="A &quot;title&quot;"');
  });
});

describe('colours of text', () => {
  const luminance = (colour: string): number => {
    const [r, g, b] = [1, 3, 5]
      .map((at) => parseInt(colour.slice(at, at + 2), 16) / 255)
      .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (...colours: [string, string]): number => {
    const [dark, light] = colours.map(luminance).toSorted((a, b) => a - b);
    return (light + 0.05) / (dark + 0.05);
  };

  it.each(['light', 'dark'])('have a contrast of at least 4.5 on %s paper', (scheme) => {
    const { paper, ink, muted } = themes[scheme];
    const colours: string[] = [ink, muted, ...terminalColours[scheme]];
    expect(colours).toHaveLength(18);
    expect(colours.filter((colour) => contrast(colour, paper) < 4.5)).toEqual([]);
  });
});

describe('the picture of the stages of a run', () => {
  const stage = { step: 1200, epoch: 2, lossNats: 2, validationLossNats: 1.5, text: '\nThy <self>\n' };

  it('shows the step, the loss and the text of each stage', () => {
    const svg: string = stagesSvg([{ ...stage, step: 10 }, stage], { command: 'rnn train a.txt', title: 'Stages' });
    expect(svg).toContain('step 10 · epoch 2.00 · validation loss 1.500 nats, 2.164 bpc');
    expect(svg).toContain('step 1,200');
    expect(svg.match(/Thy &lt;self&gt;/g)).toHaveLength(2);
    expect(svg).toContain('rnn train a.txt');
  });

  it('wraps long lines between words, and shows the first five lines', () => {
    expect(linesOf(`${'word '.repeat(20)}end`)).toEqual([`${'word '.repeat(18)}`.trim(), 'word word end']);
    expect(linesOf('a\nb\nc\nd\ne\nf')).toEqual(['a', 'b', 'c', 'd', 'e …']);
  });
});

describe('the picture of speeds', () => {
  const network = { cell: 'lstm', hidden: 128, layers: 2, batch: 50, seq: 50 };
  const sides = [{ name: 'rnn' }, { name: 'PyTorch' }, { name: 'JAX', problem: 'missing' }, { name: '`RNN_X=1`' }];
  const rounds = [
    [1000, 500, null, 900],
    [3000, 600, null, 900],
    [2000, 400, null, 900],
  ];
  const data = {
    machine: 'A machine',
    program: 'rnn 1.0.0',
    date: '2026-01-01',
    train: [
      { network, sides, rounds },
      { network: { ...network, embedding: 64 }, sides, rounds },
      { network: { ...network, cell: 'gru' }, sides, rounds },
    ],
    sample: [
      { network: { hidden: 128, layers: 2 }, sides: sides.slice(0, 2), rounds: rounds.map((each) => each.slice(0, 2)) },
    ],
  };

  it('has a group for each LSTM, with the programs that were measured', () => {
    expect(groupsOf(data)).toEqual([
      {
        title: 'Train LSTM H128 L2 N50 T50',
        bars: [
          { name: 'rnn', isOwn: true, speed: 2000, ratio: null },
          { name: 'PyTorch', isOwn: false, speed: 500, ratio: 5 },
        ],
      },
      expect.objectContaining({ title: 'Sample LSTM H128 L2' }),
    ]);
  });

  it('names the machine, and draws bars in proportion', () => {
    const svg: string = speedSvg(data, { title: 'Speed' });
    expect(svg).toContain('A machine. rnn 1.0.0, 2026-01-01.');
    expect(svg).toContain('500  (rnn: 5.00 ×)');
    const widths = [...svg.matchAll(/class="bar[^"]*"[^>]* width="([\d.]+)"/g)].map(([, width]) => Number(width));
    expect(widths).toHaveLength(4);
    expect(widths[0] / widths[1]).toBeCloseTo(4, 1);
  });
});

it('the picture of units shows the best unit for quotations, or else for the position in the line', () => {
  const event = (property: string, ...cells: string[]) => ({ property, cells: cells.map((cell) => ({ cell })) });
  const position = event('line position', '0.c.66', '0.h.66');
  expect(unitToShow([event('quotes'), position, event('word', '1.h.1')])).toBe('0.c.66');
  expect(unitToShow([position, event('quotes', '1.c.2')])).toBe('1.c.2');
  expect(() => unitToShow([event('quotes'), event('word', '1.h.1')])).toThrow('no unit tracks quotes or line position');
});

describe('a PNG with a palette', () => {
  const chunk = (name: string, content: Buffer): Buffer => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(content.length);
    return Buffer.concat([length, Buffer.from(name), content, Buffer.alloc(4)]);
  };
  /** A PNG of width 2 with these filtered rows. Nothing reads its check sums. */
  const pngOf = (rows: readonly (readonly number[])[], depth = 8): Buffer => {
    const header = Buffer.from([0, 0, 0, 2, 0, 0, 0, rows.length, depth, 2, 0, 0, 0]);
    return Buffer.concat([
      Buffer.alloc(8),
      chunk('IHDR', header),
      chunk('IDAT', deflateSync(Buffer.from(rows.flat()))),
    ]);
  };
  const part = (png: Buffer, name: string): Buffer => {
    const at = png.indexOf(name);
    return png.subarray(at + 4, at + 4 + png.readUInt32BE(at - 4));
  };

  it('has the colours of the picture, whichever filters its rows have', () => {
    const png: Buffer = paletted(
      pngOf([
        [0, 10, 20, 30, 40, 50, 60],
        [1, 10, 20, 30, 30, 30, 30],
        [2, 0, 0, 0, 0, 0, 0],
        [3, 5, 10, 15, 15, 15, 15],
        [4, 0, 0, 0, 0, 0, 0],
      ]),
    );
    expect([...part(png, 'PLTE')]).toEqual([10, 20, 30, 40, 50, 60]);
    const row = [0, 0, 1];
    expect([...inflateSync(part(png, 'IDAT'))]).toEqual([row, row, row, row, row].flat());
  });

  it('is refused for a picture in another form', () => {
    expect(() => paletted(pngOf([[0, 1, 2, 3, 4, 5, 6]], 16))).toThrow('expected a screenshot of Chromium');
  });
});
