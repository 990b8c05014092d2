// Exported functions, classes, interfaces and types have docstrings, in the modules that programs
// import and in those that contributors extend.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(resolve(root, file), 'utf8');
const filesIn = (...paths: readonly string[]): string[] =>
  execFileSync('git', ['ls-files', ...paths], { cwd: root, encoding: 'utf8' })
    .trim()
    .split('\n');

/** The files whose exports the library exports again. */
const published = [...read('src/index.ts').matchAll(/from '\.\/([^']+)'/g)].map(([, file]) => `src/${file}`);
const files = [
  ...published,
  'src/devices/device.ts',
  ...filesIn('src/api', 'src/program', 'src/model', 'src/options').filter((file) => file.endsWith('.ts')),
];

/** Constants count if they are functions. A list of names documents the type of its members. */
const declaration =
  /^export (?:async )?(?:abstract )?(?:(?:function\*?|class|interface) (\w+)|type (\w+)\b(?! = (?:\(typeof|keyof|\w+\['))|const (\w+) = (?:async )?[(<])/;

function undocumented(source: string): string[] {
  const lines = source.split('\n');
  return lines.flatMap((line, index) => {
    const [, ...names] = declaration.exec(line) ?? [];
    const name = names.find((each) => each !== undefined);
    const isDocumented = lines[index - 1]?.endsWith('*/') || lines[index - 1]?.startsWith(`export function ${name}`);
    return name === undefined || isDocumented ? [] : [name];
  });
}

it('every exported function and type of the library, of programs, of models and of options has a docstring', () => {
  const found = [...new Set(files)].flatMap((file) => undocumented(read(file)).map((name) => `${file}: ${name}`));
  expect(found).toEqual([]);
});

it('a missing docstring is found', () => {
  const source =
    '/** Squares. */\nexport const square = (x: number) => x * x;\n\nexport const cube = (x: number) => x ** 3;\nexport interface Cube {}\nexport type Name = (typeof names)[number];\n';
  expect(undocumented(source)).toEqual(['cube', 'Cube']);
});
