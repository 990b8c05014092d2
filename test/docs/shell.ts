// Commands in a page of Markdown, and the shell that runs them. Knows nothing about particular
// pages.
import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/**
 * A block of commands (`sh`), or of commands with their output (`console`: commands begin with `$
 * `).
 */
export interface Block {
  readonly language: 'sh' | 'console';
  readonly lines: readonly string[];
}

export interface Shown {
  readonly command: string;
  readonly output: readonly string[];
}

/** The folder and the environment of a script. */
export interface Place {
  readonly folder: string;
  readonly path: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface Ended {
  readonly code: number;
  /** Output of stdout and stderr, as a terminal shows them. */
  readonly output: string;
}

export function blocksOf(page: string): Block[] {
  const found = [...page.matchAll(/^```(sh|console)\n([\s\S]*?)^```/gm)];
  return found.map(([, language, body]) => ({
    language: language as Block['language'],
    lines: body.trimEnd().split('\n'),
  }));
}

/**
 * The commands of a block. Each is a line, or several if a line ends with a backslash or has a here
 * document (`<<'END'`).
 */
export function commandsOf(lines: readonly string[]): string[] {
  const commands: string[] = [];
  let end: string | null = null;
  let isOpen = false;
  for (const line of lines) {
    if (isOpen) commands.push(`${commands.pop()!}\n${line}`);
    else commands.push(line);
    if (end === null) end = /<<-?\s*['"]?(\w+)/.exec(line)?.[1] ?? null;
    else if (line.trim() === end) end = null;
    isOpen = end !== null || line.endsWith('\\');
  }
  return commands;
}

/** The commands of a transcript, each with the lines below it. */
export function transcript(lines: readonly string[]): Shown[] {
  const shown: { command: string; output: string[] }[] = [];
  for (const line of lines) {
    if (line.startsWith('$ ')) shown.push({ command: line.slice(2), output: [] });
    else if (shown.length > 0) shown.at(-1)!.output.push(line);
    else throw new Error(`a transcript begins with a command, and not with: ${line}`);
  }
  return shown;
}

/**
 * The output must match the page. … replaces any part of a line, and alone on a line any number of
 * lines.
 */
export function asPattern(lines: readonly string[]): RegExp {
  const literal = (part: string): string => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  const pattern = (line: string): string =>
    line.trim() === '…' ? '(?:.*\\n)*?' : `${line.split('…').map(literal).join('.*')}\\n`;
  return new RegExp(`^${lines.map(pattern).join('')}$`);
}

const root = resolve(import.meta.dirname, '../..');

/** A new folder in which `rnn` is the program, kept short by limited.js. */
export function makePlace(): { readonly folder: string; readonly work: string; readonly path: string } {
  const folder = mkdtempSync(join(tmpdir(), 'rnn-docs-'));
  const [work, bin] = [join(folder, 'work'), join(folder, 'bin')];
  [work, bin].forEach((each) => mkdirSync(each));
  writeFileSync(
    join(bin, 'rnn'),
    `#!/bin/sh\nexec "${process.execPath}" "${join(root, 'test/docs/limited.js')}" "$@"\n`,
  );
  chmodSync(join(bin, 'rnn'), 0o755);
  return { folder, work, path: `${bin}:${process.env.PATH ?? ''}` };
}

/** Runs a script in `sh`, and waits for the processes that it has started in the background. */
export function runScript(script: string, { folder, path, env = {} }: Place): Promise<Ended> {
  return new Promise((done, fail) => {
    const child = spawn('sh', ['-c', `exec 2>&1\n${script}\nended=$?\nwait\nexit $ended`], {
      cwd: folder,
      env: { HOME: folder, PATH: path, NO_COLOR: '1', ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (part: string) => (output += part));
    child.on('error', fail);
    child.on('close', (code) => done({ code: code ?? -1, output }));
  });
}
