import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { corpusName, findFiles } from '../../src/corpus/sources.ts';
import type { RnnError } from '../../src/errors.ts';
import { failureOf, folderWith, read, textOf } from './fixture.ts';

const tree = {
  'b.c': 'b',
  'a/z.h': 'z',
  'a/y.c': 'y',
  'a/deep/x.c': 'x',
  'Z.c': 'Z',
  '.hidden.c': 'h',
  '.git/w.c': 'w',
};

describe('a folder as a corpus', () => {
  it('is read with all its subfolders, in the order of paths', async () => {
    const corpus = await read(folderWith(tree));
    expect(textOf(corpus)).toBe('Zxyzb');
    expect(corpus).toMatchObject({ files: 5, skipped: 1 });
  });

  it.each([
    [['*.c'], [], 'Zxyb'],
    [['*.h', '*.c'], [], 'Zxyzb'],
    [['a/*.c'], [], 'y'],
    [['a/**'], [], 'xyz'],
    [['./a/*.{c,h}'], [], 'yz'],
    [[], ['*.c'], 'z'],
    [['*.c'], ['y.c'], 'Zxb'],
    [[], ['deep'], 'Zyzb'],
    [[], ['a/**'], 'Zb'],
  ])('is filtered by --include %j and --exclude %j', async (include, exclude, text) => {
    // A second character in front, so that one file is enough of a text.
    const folder = folderWith({ ...tree, '0/first': '-' });
    const corpus = await read([path.join(folder, '0', 'first'), folder], {
      include: include.length > 0 ? include : [],
      exclude: [...exclude, 'first'],
    });
    expect(textOf(corpus)).toBe(`-${text}`);
  });

  it('skips binary files and counts them', async () => {
    const corpus = await read(
      folderWith({ 'a.txt': 'ab', 'b.png': Uint8Array.of(0x89, 0x50, 0, 1), 'c.txt': 'c', 'd.bin': '\x01\x02\x03' }),
    );
    expect(textOf(corpus)).toBe('abc');
    expect(corpus).toMatchObject({ files: 2, skipped: 2 });
  });

  it('also reads binary files with --level byte', async () => {
    expect(await read(folderWith({ 'a.txt': 'ab', 'b.bin': '\0\x01' }), { unit: 'byte' })).toMatchObject({
      files: 2,
      skipped: 0,
      characters: 4,
    });
  });

  it('is read into one buffer for any number of files', async () => {
    const sizes = [vi.spyOn(Buffer, 'allocUnsafe'), vi.spyOn(Buffer, 'allocUnsafeSlow')].map(({ mock }) => mock.calls);
    await read(
      folderWith(Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`${index}.txt`, `text ${index}`]))),
    );
    vi.restoreAllMocks();
    expect(sizes.flat(2).filter((size) => size >= 2 ** 20)).toHaveLength(1);
  });

  it('is read once if links form a cycle or lead to the same file', async () => {
    const folder = folderWith({ 'a.txt': 'ab', 'sub/c.txt': 'c' });
    symlinkSync('..', path.join(folder, 'sub', 'up'));
    symlinkSync('a.txt', path.join(folder, 'z.txt'));
    expect(textOf(await read(folder))).toBe('abc');
  });

  it('is read without the runs in it, which change meanwhile', async () => {
    const run = { 'log.jsonl': '{"l":1}', 'lock.json': '{}' };
    const runs = Object.fromEntries(
      ['runs/1', 'runs/2'].flatMap((folder) => Object.entries(run).map(([name, text]) => [`${folder}/${name}`, text])),
    );
    // A log or a state alone does not make a run.
    expect(textOf(await read(folderWith({ 'a.txt': 'a', ...runs, 'x/best.json': 'b', 'y/log.jsonl': 'c' })))).toBe(
      'abc',
    );
  });

  it('is read through links to other folders', async () => {
    const elsewhere = folderWith({ 'b.txt': 'b' });
    const folder = folderWith({ 'a.txt': 'a' });
    symlinkSync(path.join(elsewhere, 'b.txt'), path.join(folder, 'link.txt'));
    expect(textOf(await read(folder))).toBe('ab');
  });

  it('is refused with the name of a file that is not UTF-8, and a hint to skip it', async () => {
    const error = await failureOf(
      read(folderWith({ 'a.txt': 'ab', 'sub/latin.txt': Buffer.from('\xe9t\xe9', 'latin1') })),
    );
    expect(error.message).toMatch(/sub\/latin\.txt is not UTF-8 at line 1, column 1 \(byte 0, 0xE9\)$/);
    expect(error.hint).toContain('--skip-invalid');
  });
});

it.skipIf(process.platform === 'win32')(
  'a folder after `..` is found from the target of a link, as the system does (skipped on Windows)',
  async () => {
    const folder = folderWith({ 'real/deep/a.txt': 'deep', 'real/texts/a.txt': 'meant', 'texts/a.txt': 'other' });
    symlinkSync(path.join('real', 'deep'), path.join(folder, 'link'));
    expect(textOf(await read(`${folder}/link/../texts`))).toBe('meant');
    expect(textOf(await read(`${folder}/link/../texts/*.txt`))).toBe('meant');
  },
);

describe('an unreadable entry of a folder', () => {
  const isRoot = process.getuid?.() === 0;

  /** The failure of reading it without the privileges of root. */
  async function failureWithoutRights(action: () => Promise<unknown>): Promise<RnnError> {
    if (isRoot) process.seteuid?.(65_534);
    try {
      return await failureOf(action);
    } finally {
      if (isRoot) process.seteuid?.(0);
    }
  }

  it.skipIf(process.platform === 'win32')(
    'is an error that names a folder, unless the folder is excluded or hidden',
    async () => {
      const folder = folderWith({ 'a.txt': 'ab', 'sub/deep/b.txt': 'b', '.git/c': 'c' });
      chmodSync(folder, 0o755);
      for (const closed of ['sub/deep', '.git']) chmodSync(path.join(folder, closed), 0o000);
      onTestFinished(() => ['sub/deep', '.git'].forEach((closed) => chmodSync(path.join(folder, closed), 0o755)));
      for (const source of [folder, path.join(folder, '**/*.txt')]) {
        const error = await failureWithoutRights(() => read(source));
        expect(error.message).toBe(`cannot read ${path.join(folder, 'sub/deep')}: permission denied`);
        expect(error.hint).toMatch(/, or use --skip-invalid to skip it$/);
      }
      expect(textOf(await read(folder, { exclude: ['deep'] }))).toBe('ab');
    },
  );

  it('is an error if all files are in a run folder', async () => {
    const folder = folderWith({ 'a.txt': 'ab' });
    for (const source of [folder, path.join(folder, '*.txt')])
      expect(await failureOf(read(source, { runFolder: folder }))).toMatchObject({
        message: `cannot read ${source}: all its files are in a run folder`,
        hint: expect.stringContaining('--out'),
      });
  });

  it('is an error that names a broken link', async () => {
    const folder = folderWith({ 'a.txt': 'ab' });
    symlinkSync('nowhere', path.join(folder, 'dangling'));
    symlinkSync('nowhere', path.join(folder, '.hidden'));
    const error = await failureOf(read(folder));
    expect(error.message).toBe(`cannot read ${path.join(folder, 'dangling')}: the link is broken`);
    expect(error.hint).toBe('repair or remove it, or use --skip-invalid to skip it');
    expect(textOf(await read(folder, { exclude: ['dangling'] }))).toBe('ab');
  });

  it.skipIf(process.platform === 'win32')('is counted if it is a device', async () => {
    const folder = folderWith({ 'a.txt': 'ab' });
    symlinkSync('/dev/zero', path.join(folder, 'endless'));
    expect(await read(folder, { unit: 'byte' })).toMatchObject({ files: 1, skipped: 1 });
  });
});

it.skipIf(process.platform !== 'linux')('a file name that is not valid UTF-8 is an error (Linux)', async () => {
  const folder = folderWith({ 'a.txt': 'ab' });
  writeFileSync(Buffer.concat([Buffer.from(`${folder}/caf`), Buffer.of(0xe9)]), 'b');
  expect(await failureOf(read(folder))).toMatchObject({
    message: `cannot read ${folder}/caf\u{FFFD}: its name is not valid UTF-8`,
    hint: 'rename it, or use --skip-invalid to skip it',
  });
  expect(textOf(await read(folder, { skipInvalid: true }))).toBe('ab');
});

describe('a pattern as a corpus', () => {
  it('reads the matching files that are not excluded or hidden', async () => {
    const folder = folderWith(tree);
    expect(textOf(await read(path.join(folder, '**/*.c')))).toBe('Zxyb');
    expect(textOf(await read(path.join(folder, '**/*.c'), { exclude: ['x.c'] }))).toBe('Zyb');
    expect(
      (await findFiles(path.join(folder, '.*.c'), { include: [], exclude: [] })).files.map((file) =>
        path.basename(file.path),
      ),
    ).toEqual(['.hidden.c']);
  });

  it('is a file name if there is such a file', async () => {
    const folder = folderWith({ 'a[1].txt': 'one', 'a1.txt': 'other' });
    expect(textOf(await read(path.join(folder, 'a[1].txt')))).toBe('one');
    expect(corpusName(path.join(folder, 'a[1].txt'))).toBe('a[1]');
  });

  it('may start in a folder with the literal name of a segment', async () => {
    const folder = folderWith({ 'b [1]/a.txt': 'one', 'b 1/a.txt': 'other' });
    expect(textOf(await read(path.join(folder, 'b [1]', '*.txt')))).toBe('one');
    expect(corpusName(path.join(folder, 'b [1]', '*.txt'))).toBe('b [1]');
  });
});

describe('a source that cannot be read', () => {
  it.each([
    ['a file', 'none.txt', [], [], /^file or folder not found: .*none\.txt$/, /check the path/],
    [
      'a built-in corpus that was not written',
      'corpora/sonnets.txt',
      [],
      [],
      /^file or folder not found: .*$/,
      /^run rnn corpus sonnets to write corpora\/sonnets\.txt$/,
    ],
    ['a pattern', '*.none', [], ['b'], /^files not found: .*\*\.none with --exclude 'b'$/, /quote/],
    ['a folder without a match', '', ['*.none'], [], /^files not found in .* with --include '\*\.none'$/, /quote/],
    ['an empty folder', 'empty', [], [], /^cannot read .*empty: the folder contains no files$/, /name a folder/],
    [
      'a folder of hidden files',
      'secret',
      [],
      [],
      /^cannot read .*secret: the folder contains only hidden files$/,
      /skipped 1 hidden file\)$/,
    ],
    [
      'a folder of binary files',
      'binary',
      [],
      [],
      /^cannot read .*binary as text: all files are binary$/,
      /--level byte/,
    ],
    ['a file as a folder', 'a.txt/b', [], [], /^file or folder not found: .*b$/, /check the path/],
  ])('is reported with a hint: %s', async (_, source, include, exclude, message, hint) => {
    const folder = folderWith({ 'a.txt': 'ab', 'secret/.hidden': 'ab', 'binary/a': '\0' });
    mkdirSync(path.join(folder, 'empty'));
    const error = await failureOf(read(path.join(folder, source), { include, exclude }));
    expect(error.kind).toBe('corpus');
    expect(error.message).toMatch(message);
    expect(error.hint).toMatch(hint);
  });

  it('is reported as empty if a variable was empty', async () => {
    expect((await failureOf(read(''))).message).toBe(
      'the name of a text is empty: expected a file, a folder, a pattern or -',
    );
  });

  const isRoot = process.getuid?.() === 0;
  const canBecomeNobody = isRoot && process.seteuid !== undefined;
  it.skipIf(process.platform === 'win32' || (isRoot && !canBecomeNobody))(
    'is reported as unreadable without permission',
    async () => {
      const folder = folderWith({ 'a.txt': 'ab' });
      chmodSync(folder, 0o755);
      chmodSync(path.join(folder, 'a.txt'), 0o000);
      if (isRoot) process.seteuid?.(65_534);
      try {
        const error = await failureOf(read(path.join(folder, 'a.txt')));
        expect(error.kind).toBe('corpus');
        expect(error.message).toMatch(/^cannot read .*a\.txt: permission denied$/);
        expect(error.hint).toContain('chmod');
      } finally {
        if (isRoot) process.seteuid?.(0);
      }
    },
  );

  it.skipIf(process.platform !== 'linux')(
    'is reported with the message of the system if a file opens but cannot be read (Linux)',
    async () => {
      const error = await failureOf(read('/proc/self/mem'));
      expect(error.kind).toBe('corpus');
      expect(error.message).toMatch(/^cannot read \/proc\/self\/mem: EIO/);
    },
  );
});

describe('the name of a run', () => {
  it.each([
    ['texts/war and peace.txt', 'war and peace'],
    ['linux-6.1', 'linux-6.1'],
    ['-', 'stdin'],
    ['/', 'corpus'],
    ['texts/', 'texts'],
    ['.', path.basename(process.cwd())],
    ['texts/*.txt', 'texts'],
    ['*.txt', path.basename(process.cwd())],
    ['/*.txt', 'corpus'],
    ['a.tar.gz', 'a.tar'],
    ['texts/..txt', '..txt'],
    ['...txt', '...txt'],
    ['.txt', '.txt'],
  ])('for %s is %s', (source, name) => expect(corpusName(source)).toBe(name));
});
