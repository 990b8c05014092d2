// One exported name has one meaning. A file may export the name of a file that it imports from, as
// the library does when it checks a request and then calls the function of the same name.
import { readFileSync, readdirSync } from 'node:fs';
import { join, posix, resolve } from 'node:path';
import { expect, it } from 'vitest';

/** Names that several files export on purpose, each with the reason. */
const sharedNames: Readonly<Record<string, string>> = {
  define: 'each file of a command exports its command by this name',
  topic: 'each file of a help topic exports its topic by this name',
};

interface SourceFile {
  readonly path: string;
  readonly source: string;
}

/** The names that a file declares and exports. Names that it only passes on do not count. */
function exportedNames(source: string): string[] {
  const declarations = source.matchAll(
    /^export (?:declare )?(?:abstract )?(?:async )?(?:const enum|const|let|function\*?|class|interface|type|enum) (\w+)/gm,
  );
  return [...new Set([...declarations].map(([, name]) => name))];
}

/** The files that a file imports, from the root of the project. */
function importedFiles({ path, source }: SourceFile): string[] {
  const specifiers = [...source.matchAll(/(?:\bfrom|\bimport\()\s*'(\.[^']+)'/g)].map(([, specifier]) => specifier);
  return specifiers.map((specifier) => posix.join(posix.dirname(path), specifier));
}

/** Each name that two files export although neither imports the other. */
function ambiguousNames(files: readonly SourceFile[]): string[] {
  const imports = new Map(files.map((file) => [file.path, importedFiles(file)]));
  const exporters = new Map<string, string[]>();
  for (const { path, source } of files)
    for (const name of exportedNames(source)) exporters.set(name, [...(exporters.get(name) ?? []), path]);
  return [...exporters]
    .filter(([name]) => !Object.hasOwn(sharedNames, name))
    .filter(([, [first, ...others]]) =>
      others.some((path) => !imports.get(path)!.includes(first) && !imports.get(first)!.includes(path)),
    )
    .map(([name, paths]) => `${name}: ${paths.join(', ')}`);
}

const root = resolve(import.meta.dirname, '..');
// Another compiler compiles the kernels.
const isOutside = (path: string): boolean => path.startsWith('src/devices/cpu/assembly/');
const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => posix.join('src', name.replaceAll('\\', '/')))
  .filter((path) => !isOutside(path))
  .map((path) => ({ path, source: readFileSync(join(root, path), 'utf8') }));

it('no two files export the same name with different meanings', () => {
  expect(files.flatMap(({ source }) => exportedNames(source)).length).toBeGreaterThan(1000);
  expect(ambiguousNames(files)).toEqual([]);
});

it('every exception is a name that several files export', () => {
  const names = files.flatMap(({ source }) => exportedNames(source));
  expect(Object.keys(sharedNames).filter((name) => names.indexOf(name) === names.lastIndexOf(name))).toEqual([]);
});

it('the check finds a name with two meanings, and allows a wrapper and a re-export', () => {
  const declaring = { path: 'src/a.ts', source: 'export const place = 1;' };
  expect(ambiguousNames([declaring, { path: 'src/b.ts', source: 'export interface place {}' }])).toEqual([
    'place: src/a.ts, src/b.ts',
  ]);
  const wrapper = "import { place as inner } from './a.ts';\nexport async function place() { return inner; }";
  expect(ambiguousNames([declaring, { path: 'src/b.ts', source: wrapper }])).toEqual([]);
  expect(ambiguousNames([declaring, { path: 'src/b.ts', source: "export { place } from './c.ts';" }])).toEqual([]);
});
