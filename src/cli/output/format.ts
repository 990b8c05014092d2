// Formats numbers, times and text for people. Pure.
import { stripVTControlCharacters } from 'node:util';

/** 812, 45.2k, 1.24M: at most five characters. */
export function formatCompact(value: number): string {
  if (value < 999.5) return value.toFixed(0);
  const [scaled, letter] = value < 999_500 ? [value / 1e3, 'k'] : [value / 1e6, 'M'];
  return `${scaled.toFixed(scaled < 9.995 ? 2 : scaled < 99.95 ? 1 : 0)}${letter}`;
}

const two = (value: number): string => String(value).padStart(2, '0');

/** 8s, 2m 10s, 3h 05m, 2d 4h */
export function formatDuration(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m ${two(seconds % 60)}s`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h ${two(Math.floor((seconds % 3600) / 60))}m`;
  return `${Math.floor(seconds / 86_400)}d ${Math.floor((seconds % 86_400) / 3600)}h`;
}

/** 1.24 ms, 62 ms, 12.5 s */
export const formatMilliseconds = (value: number): string =>
  value < 9.95 ? `${value.toFixed(2)} ms` : value < 9950 ? `${value.toFixed(0)} ms` : `${(value / 1000).toFixed(1)} s`;

/** 512 B, 3.4 MB (powers of ten, as disks are sold and files are listed) */
export function formatBytes(value: number): string {
  const names = ['B', 'kB', 'MB', 'GB', 'TB'];
  let power = 0;
  let scaled = value;
  while (scaled >= 999.5 && power < names.length - 1) {
    scaled /= 1000;
    power++;
  }
  return `${power === 0 || scaled >= 9.95 ? scaled.toFixed(0) : scaled.toFixed(1)} ${names[power]}`;
}

/** A loss in bits, from a loss in nats. */
export const toBits = (nats: number): number => nats / Math.LN2;

/** Three significant digits, for a learning rate or a norm. */
export const formatSignificant = (value: number): string => String(Number(value.toPrecision(3)));

/**
 * Makes text safe to print: it cannot move the cursor, ring the bell or change the direction of the
 * text around it. Control characters except newline and tab become their symbols (␛). Control
 * characters without a symbol and controls of bidirectional text become escapes (\u{9b}).
 */
export function escapeControls(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, (character) => {
    const code = character.charCodeAt(0);
    return code < 0x20 ? String.fromCharCode(0x2400 + code) : code === 0x7f ? '␡' : `\\u{${code.toString(16)}}`;
  });
}

/**
 * Safe text on one line. A newline becomes its symbol (␊), so that a file cannot add lines to an
 * error.
 */
export const onOneLine = (text: string): string => escapeControls(text).replaceAll('\n', '␊');

/**
 * JSON of the same value that is safe to print in a terminal. JSON.stringify escapes only some
 * control characters.
 */
export function harmlessJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Lines of at most `width` characters, not counting colours, unless a word is longer. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || lengthShown(last) + 1 + lengthShown(word) > width) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines.map((line, index) => (index === 0 ? line.trimEnd() : line.trim()));
}

/** The length of a text, not counting colours. */
export const lengthShown = (text: string): number => stripVTControlCharacters(text).length;
