import { describe, expect, it } from 'vitest';
import { coloursFor } from '../../../src/cli/output/colour.ts';
import { Output } from '../../../src/cli/output/output.ts';
import { type Shaded, markedText, shaderFor } from '../../../src/cli/output/shaded-text.ts';
import { FakeProcess, FakeStream, bare } from '../helpers.ts';

const pieces: readonly Shaded[] = [
  { text: 'a', value: 0.01 },
  { text: 'b', value: 1 },
  { text: 'c', value: 7 },
  { text: '\n', value: 1 },
  { text: 'd', value: -0.5 },
];

async function shaded(env: Record<string, string>, given = pieces): Promise<string | null> {
  const io = new FakeProcess({ stdout: new FakeStream({ columns: 80 }), env });
  const shade = await shaderFor(new Output('stdout', io, await coloursFor(io.stdout, env, true)), env);
  return shade === null ? null : shade(given);
}

/** The codes of backgrounds, in their order. */
const grounds = (text: string | null): string[] =>
  // oxlint-disable-next-line no-control-regex
  [...text!.matchAll(/\u001B\[((?:4[0-7]|10[0-7])|48;[\d;]+)m/g)].map(([, code]) => code);

describe('shades of text', () => {
  it('share one background between equal neighbours, have none near 0, and are blue below 0', async () => {
    const text = await shaded({ COLORTERM: 'truecolor' });
    expect(bare(text!)).toBe('abc↵\nd');
    expect(text!.startsWith('a\u001B')).toBe(true);
    const [high, , low] = grounds(text).map((code) => code.split(';').slice(2).map(Number));
    expect(grounds(text)).toHaveLength(3); // once more after the line's end
    expect(high[0]).toBeGreaterThan(high[2] + 100);
    expect(low[2]).toBeGreaterThan(low[0] + 50);
  });

  it('have 24 bits, 256 or 16 colours, depending on the terminal', async () => {
    expect(grounds(await shaded({ COLORTERM: 'truecolor' }))[0]).toMatch(/^48;2;/);
    expect(grounds(await shaded({ TERM: 'xterm-256color' }))[0]).toMatch(/^48;5;/);
    expect(grounds(await shaded({ TERM: 'xterm' }))[0]).toMatch(/^(?:4|10)1$/);
    expect(grounds(await shaded({ TERM: 'xterm', FORCE_COLOR: '3' }))[0]).toMatch(/^48;2;/);
    expect(await shaded({ NO_COLOR: '1' })).toBe(null);
  });

  it('grow lighter with the value on a dark background, and darker on a light background', async () => {
    const brightness = async (env: Record<string, string>): Promise<number[]> => {
      const text = await shaded(
        { COLORTERM: 'truecolor', ...env },
        [0.1, 0.4, 0.7, 1].map((value) => ({ text: 'x', value })),
      );
      return grounds(text)
        .map((code) => code.split(';').slice(2).map(Number))
        .map(([red, green, blue]) => red + green + blue);
    };
    const [dark, light] = [await brightness({}), await brightness({ COLORFGBG: '0;15' })];
    expect(dark[3]).toBeGreaterThan(dark[0] + 100);
    expect(light[3]).toBeLessThan(light[0] - 100);
  });

  it('do not let through characters that move the cursor', async () => {
    expect(
      bare(
        (await shaded({ TERM: 'xterm' }, [
          { text: '\u001B', value: 1 },
          { text: '\u0007', value: 0 },
        ]))!,
      ),
    ).toBe('␛␇');
  });
});

const piecesOf = (text: string, values: readonly number[]): Shaded[] =>
  [...text].map((character, at) => ({ text: character, value: values[at] }));

describe('marks below a text', () => {
  it('rise with the values of their characters, and end where their line does', () => {
    expect(markedText(piecesOf('ab\ncd', [-1, -2, 0, 0.5, 3]), 80)).toBe('ab↵\n▁▁▅\ncd\n▆█\n');
  });

  it('are below their characters when a line is cut', () => {
    expect(markedText(piecesOf('abcde\n', [-1, -1, 1, 1, -1, 1]), 2)).toBe('ab\n▁▁\ncd\n██\ne↵\n▁█\n');
  });

  it('are one for each character, even for a tab, two code units, or a control character', () => {
    expect(markedText(piecesOf('\t😀\u001B', [1, -1, 1]), 80)).toBe('→😀␛\n█▁█\n');
    expect(
      markedText(
        [
          { text: '', value: 1 },
          { text: 'é', value: -1 },
        ],
        80,
      ),
    ).toBe('é\n▁\n');
  });
});
