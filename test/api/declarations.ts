// The public surface of the package as its declarations have it: each name that can be imported,
// what it is declared as, and every type that this leads to. Reads what tsc writes, of which each
// statement begins and ends at the edge of the page.
import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

interface Name {
  readonly file: string;
  readonly name: string;
}

interface Page {
  /** What is declared here, without comments and modifiers, in one line. */
  readonly declared: ReadonlyMap<string, string>;
  /** What comes from elsewhere, be it used here or handed on. */
  readonly imported: ReadonlyMap<string, Name>;
  /** What it gives to others. */
  readonly exported: readonly string[];
}

/** Sorted lines: first the exports of the entry, then the types that they lead to. */
export function surfaceOf(entry: string): string[] {
  const pages = new Map<string, Page>();
  const pageOf = (file: string): Page => pages.get(file) ?? pages.set(file, read(file)).get(file)!;
  const resolve = ({ file, name }: Name): Name => {
    const from = pageOf(file).imported.get(name);
    return from === undefined ? { file, name } : resolve(from);
  };

  const found = new Map<string, string>();
  const visit = (origin: Name): void => {
    const { file, name } = resolve(origin);
    const key = `${relative(dirname(entry), file)
      .replaceAll('\\', '/')
      .replace(/\.d\.ts$/, '')} ${name}`;
    const page = pageOf(file);
    const declaration = page.declared.get(name);
    if (found.has(key) || declaration === undefined) return;
    found.set(key, declaration);
    for (const [word] of declaration.matchAll(/[A-Za-z_]\w*/g))
      if (word !== name && (page.declared.has(word) || page.imported.has(word))) visit({ file, name: word });
  };
  const { exported } = pageOf(entry);
  for (const name of exported) visit({ file: entry, name });
  const names = exported.toSorted().map((name) => {
    const { file, name: own } = resolve({ file: entry, name });
    return `${name}: ${/^(?:abstract )?(class|function|const|interface|type)/.exec(pageOf(file).declared.get(own) ?? '')?.[1] ?? 'missing'}`;
  });
  return [
    ...names,
    '',
    ...[...found].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([key, declaration]) => `${key} = ${declaration}`),
  ];
}

function read(file: string): Page {
  const source = readFileSync(file, 'utf8')
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/^\s*\/\/.*$/gm, '');
  const declared = new Map<string, string>();
  const imported = new Map<string, Name>();
  const exported: string[] = [];
  for (const [statement] of source.matchAll(/^[a-z][\s\S]*?(?:;|\})$(?!\n[ \t}])/gm)) {
    const list = /^(import|export) (?:type )?\{([\s\S]*?)\}(?: from '(\.[^']+)')?/.exec(statement);
    if (list !== null) {
      const [, keyword, names, path] = list;
      for (const [, own, as = own] of names.matchAll(/(?:type )?(\w+)(?: as (\w+))?/g)) {
        if (path !== undefined) {
          imported.set(as, { file: join(dirname(file), path.replace(/\.ts$/, '.d.ts')), name: own });
        }
        if (keyword === 'export') exported.push(as);
      }
      continue;
    }
    const plain = statement.replace(/^(export )?(declare )?/, '').replace(/\s+/g, ' ');
    const name = /^(?:abstract )?(?:class|function\*?|const|interface|type) (\w+)/.exec(plain)?.[1];
    if (name === undefined) continue;
    // Of a function that is overloaded all forms count.
    declared.set(name, [declared.get(name), plain].filter((form) => form !== undefined).join(' '));
    if (statement.startsWith('export')) exported.push(name);
  }
  return { declared, imported, exported };
}
