// Reads the public surface of the package from its declarations: each name that can be imported,
// its declaration, and every type that it uses. Reads the output of tsc, in which each statement
// begins and ends at the left margin.
import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

interface Name {
  readonly file: string;
  readonly name: string;
}

interface Page {
  /** The declarations, each without comments and modifiers, in one line. */
  readonly declared: ReadonlyMap<string, string>;
  /** Names from other files, whether used or re-exported. */
  readonly imported: ReadonlyMap<string, Name>;
  /** The exported names. */
  readonly exported: readonly string[];
}

/** Sorted lines: first the exports of the entry, then the types that they use. */
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
    // All forms of an overloaded function count.
    declared.set(name, [declared.get(name), plain].filter((form) => form !== undefined).join(' '));
    if (statement.startsWith('export')) exported.push(name);
  }
  return { declared, imported, exported };
}
