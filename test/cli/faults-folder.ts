// The folder that the faults are made in: invalid texts, a small run, and copies of it that are
// damaged, locked or changed. Lists its content, so that a test can find any change.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { alter, alterParsed } from '../runs/fixture.ts';
import { rnn } from './helpers.ts';

const VERSE = 'the quick brown fox jumps over the lazy dog; the dog sleeps and the fox is gone.\n';
/** The sizes of the run, so small that it trains at once. */
export const SMALL = '--hidden 8 --layers 1 --batch-size 2 --sequence-length 8';

const texts: Readonly<Record<string, string | Uint8Array>> = {
  'text.txt': VERSE.repeat(100),
  'other.txt': VERSE.repeat(99),
  'accents.txt': 'Ein schönes Früchtchen für Señora Zoë.\n'.repeat(10),
  'empty.txt': '',
  'one.txt': 'a',
  'two.txt': 'ab',
  'same.txt': 'a'.repeat(1000),
  'short.txt': 'abcabcabca',
  'nul.bin': 'text and then\0 a byte that no text has',
  'controls.bin': Uint8Array.from({ length: 600 }, (_, i) => 1 + (i % 6)),
  'utf16.txt': Buffer.from(`\ufeff${VERSE}`, 'utf16le'),
  'latin1.txt': Buffer.from('café au lait, café au lait', 'latin1'),
  'cut.txt': Buffer.from('a text that ends in é').subarray(0, -1),
  'hidden/.text.txt': VERSE,
  'binaries/nul.bin': 'a\0b',
  'mixed/latin1.txt': Buffer.from('café', 'latin1'),
  'mixed/text.txt': VERSE,
  'blocked/corpora': 'a file where a folder should be',
  'edited/corpora/sonnets.txt': 'another text\n',
  'strange.json': '{"name": "rnn", "version": "0.1.0"}',
  'gguf.json': '{"format": "gguf", "version": 1}',
  'hello.json': 'hello',
  'list.json': '[1, 2]',
  'empty.json': '',
};

/** Fills an empty folder. */
export async function prepare(folder: string): Promise<void> {
  const at = (name: string): string => join(folder, name);
  for (const name of [
    'empty',
    'dangling',
    'small',
    'hidden',
    'binaries',
    'mixed',
    'blocked',
    'edited/corpora',
    'odd-lock/lock.json',
    'runs',
  ])
    mkdirSync(at(name), { recursive: true });
  for (const [name, content] of Object.entries(texts)) writeFileSync(at(name), content);
  symlinkSync('loop', at('loop'));
  symlinkSync('nowhere', at('dangling/text.txt'));
  if (process.platform !== 'win32') execFileSync('mkfifo', [at('pipe')]);

  const line = `train ${at('text.txt')} --out ${at('run')} ${SMALL} --max-steps 4 --evaluate-every 2 --checkpoint-every 2 --sample-every 0 --device reference`;
  const { code, stderr } = await rnn(line.split(' '));
  if (code !== 0) throw new Error(`no run could be made: ${stderr}`);
  const copy = (name: string): string => {
    cpSync(at('run'), at(name), { recursive: true });
    return at(name);
  };
  copy('runs/first');
  copyFile('truncated.json', (path) => truncateSync(path, 3000));
  copyFile('flipped.json', (path) =>
    writeFileSync(
      path,
      readFileSync(path, 'utf8').replace(
        /("data": "....)(.)/,
        (_, before: string, digit: string) => `${before}${digit === 'A' ? 'B' : 'A'}`,
      ),
    ),
  );
  copyFile('sum.json', (path) => writeFileSync(path, readFileSync(path, 'utf8').replace(/("checksum": ")./, '$1g')));
  copyFile('newer.json', (path) => alter(path, (text) => text.replace('"version": 1', '"version": 3')));
  copyFile('cell.json', (path) => alterParsed(path, (file) => (file.model.cell = 'sru')));
  copyFile('nan.json', (path) =>
    alterParsed(path, (file) => (file.tensors[0].data = `AADAfw${file.tensors[0].data.slice(6)}`)),
  );
  copyFile('shape.json', (path) => alterParsed(path, (file) => file.tensors.pop()));
  copyFile('unit.json', (path) => alterParsed(path, (file) => (file.vocabulary.unit = 'word')));

  const hopeless = copy('hopeless');
  for (const name of ['latest.json', 'previous.json']) truncateSync(join(hopeless, name), 2000);
  rmSync(join(hopeless, 'best.json'));
  for (const [name, edit] of Object.entries(editedRuns)) {
    const edited = copy(name);
    for (const file of ['latest.json', 'previous.json']) alterParsed(join(edited, file), edit);
  }
  // The parent process, which lives as long as this process.
  writeLock(join(copy('taken'), 'lock.json'), { pid: process.ppid, host: hostname() });
  mkdirSync(at('far'));
  writeLock(at('far/lock.json'), { pid: 1, host: 'another-machine' });

  function copyFile(name: string, damage: (path: string) => void): void {
    cpSync(at('run/latest.json'), at(name));
    damage(at(name));
  }
}

/** Runs whose checkpoints are complete, but changed after this program wrote them. */
const editedRuns: Readonly<Record<string, (file: any) => unknown>> = {
  'no-loop': (file) => delete file.training.loop,
  'odd-option': (file) => (file.training.options.dropout = 2),
  'odd-slots': (file) => file.optimizer.tensors.pop(),
  'odd-device': (file) => (file.training.machine.device = 'abacus'),
};

function writeLock(path: string, holder: { pid: number; host: string }): void {
  writeFileSync(path, `${JSON.stringify({ token: 'of-a-test', ...holder, since: '2026-01-01T00:00:00.000Z' })}\n`);
}

/** As a process on another machine does every few seconds. */
export function renewLocks(folder: string): void {
  const now = new Date();
  for (const name of ['taken', 'far']) utimesSync(join(folder, name, 'lock.json'), now, now);
}

/** Every path in a folder, with its content. */
export function contentsOf(folder: string, under = ''): Record<string, string> {
  const contents: Record<string, string> = {};
  for (const name of readdirSync(join(folder, under)).toSorted()) {
    const path = join(under, name);
    const status = lstatSync(join(folder, path));
    if (status.isDirectory()) Object.assign(contents, { [path]: 'a folder' }, contentsOf(folder, path));
    else if (status.isSymbolicLink()) contents[path] = `a link to ${readlinkSync(join(folder, path))}`;
    else if (status.isFile())
      contents[path] = `${status.size} bytes of ${status.mtimeMs}, ${createHash('sha256')
        .update(readFileSync(join(folder, path)))
        .digest('hex')}`;
    else contents[path] = 'neither';
  }
  return contents;
}
