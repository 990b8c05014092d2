// The modules of the program and who may import whom, found by reading the imports of every file.
// docs/architecture.md describes the same order in words.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join, posix, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { flagOf } from '../src/options/flags.ts';
import { trainOptions } from '../src/options/train.ts';

/** From the top down: a file may import from its own module and from those below it. */
const modules = [
  'bin',
  'src/cli',
  'src/api',
  'src/diagnosis',
  'src/reports',
  'src/training',
  'src/serve',
  'src/sampling',
  'src/insight',
  'src/evaluation',
  'src/formats',
  'src/runs',
  'src/corpus',
  'src/devices',
  'src/files',
  'src/options',
  'src/model',
  'src/program',
] as const;
/** Files outside all modules, which every module may import. They import only each other. */
const shared: readonly string[] = [
  'src/errors.ts',
  'src/random.ts',
  'src/count.ts',
  'src/median.ts',
  'src/group.ts',
  'src/sliced-work.ts',
  'src/run-in-slices.ts',
  'src/shell-word.ts',
];
/** The file that other programs import. It belongs to the library, and no file imports it. */
const door = 'src/index.ts';

/** Files over the limit, each with the reason why it is one file. */
const longFiles: Readonly<Record<string, string>> = {
  'bench/faults.js': 'a list of faults of a run, each with its check, and nothing else',
};
const longestLines = 300;
/** Tests are lists of cases, which are read one case at a time. */
const longestTestLines = 400;
/** docs/architecture.md explains. Recipes are in docs/contributing/, and details in the files themselves. */
const longestExplanation = 300;

interface SourceFile {
  readonly path: string;
  readonly source: string;
}

/** The forbidden imports of a file, in words. */
function wrongImports({ path, source }: SourceFile): string[] {
  return importsOf(source).flatMap((specifier) => {
    if (!specifier.startsWith('.')) {
      // Programs are data, and models are equations: they must run wherever JavaScript does.
      return moduleOf(path) === 'src/program' || moduleOf(path) === 'src/model'
        ? [`${path} imports ${specifier}: the modules program/ and model/ are pure`]
        : [];
    }
    const target = posix.join(posix.dirname(path), specifier).replace(/^dist\/(.*)\.js$/, 'src/$1.ts');
    if (target === door) return [`${path} imports ${target}, which is for other programs`];
    if (shared.includes(target) || target === 'package.json') return [];
    const [from, to] = [moduleOf(path), moduleOf(target)];
    if (to === null) return [`${path} imports ${target}, which is in no module`];
    if (shared.includes(path)) return [`${path} is shared by all modules and imports from ${to}`];
    if (from === null) return [`${path} is in no module`];
    if (from === 'src/model' && to === 'src/devices')
      return [`${path} imports ${target}: a model must not know a device`];
    return modules.indexOf(to) < modules.indexOf(from) ? [`${path} imports ${target}: ${to} is above ${from}`] : [];
  });
}

/**
 * The forbidden uses of the process in a file: printing, arguments and exit codes are for cli/ and
 * bin/ alone.
 */
function wrongEffects({ path, source }: SourceFile): string[] {
  if (moduleOf(path) === 'src/cli' || moduleOf(path) === 'bin') return [];
  return [...withoutComments(source).matchAll(/\bprocess\.(?:argv|exit|exitCode|stdout|stderr)\b|\bconsole\.\w+/g)].map(
    ([found]) => `${path} uses ${found}`,
  );
}

function importsOf(source: string): string[] {
  // The keyword is at the start of a statement, or after a bracket or a space if the import is an
  // expression.
  return [
    ...withoutComments(source).matchAll(
      /(?:^|[\s;}])(?:import|export)\b[^;'"()]*?\bfrom\s*['"]([^'"]+)['"]|\bimport\s*\(?\s*['"]([^'"]+)['"]/g,
    ),
  ].map(([, named, bare]) => named ?? bare);
}

/**
 * Flags of options that are in a file as text: below cli/, messages name them by the tables
 * (options/flags.ts), so that none is forgotten when an option is renamed.
 */
function flagsWritten({ path, source }: SourceFile): string[] {
  const module = moduleOf(path);
  if (!path.startsWith('src/') || module === 'src/cli' || module === 'src/options') return [];
  return [...withoutComments(source).matchAll(/(?<=['"`\s])--[a-z][a-z-]+\b(?!=)/g)]
    .map(([flag]) => flag)
    .filter((flag) => flags.has(flag))
    .map((flag) => `${path} writes ${flag}`);
}

/** The files that a file imports, from the root of the project. */
const targetsOf = ({ path, source }: SourceFile): string[] =>
  importsOf(source)
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => posix.join(posix.dirname(path), specifier).replace(/^dist\/(.*)\.js$/, 'src/$1.ts'));

/** Each cycle of imports, once, as the files on it. */
function circles(among: readonly SourceFile[]): string[] {
  const targets = new Map(among.map(({ path, source }) => [path, targetsOf({ path, source })]));
  const done = new Set<string>();
  const found: string[] = [];
  const walk = (path: string, way: readonly string[]): void => {
    if (way.includes(path)) found.push([...way.slice(way.indexOf(path)), path].join(' → '));
    if (done.has(path) || way.includes(path)) return;
    for (const target of targets.get(path) ?? []) walk(target, [...way, path]);
    done.add(path);
  };
  for (const { path } of among) walk(path, []);
  return found;
}

const hasLoop = (source: string): boolean => /\b(?:for|while)\s*\(/.test(withoutComments(source));

function withoutComments(source: string): string {
  return source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1');
}

function moduleOf(path: string): (typeof modules)[number] | null {
  return path === door ? 'src/api' : (modules.find((module) => path.startsWith(`${module}/`)) ?? null);
}

const flags = new Set(Object.keys(trainOptions).map((name) => flagOf(name as keyof typeof trainOptions)));
const root = resolve(import.meta.dirname, '..');
const files: readonly SourceFile[] = ['bin', 'src', 'bench', 'test'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.[jt]s$/.test(name) && !name.includes('node_modules')) // the peers of the benchmark have separate packages
    .map((name) => ({
      path: posix.join(folder, name.replaceAll('\\', '/')),
      source: readFileSync(join(root, folder, name), 'utf8'),
    })),
);
const program = files.filter(({ path }) => path.startsWith('src/') || path.startsWith('bin/'));

const readPage = (page: string): string => readFileSync(join(root, page), 'utf8');
const contributorPages: readonly string[] = [
  'docs/architecture.md',
  ...readdirSync(join(root, 'docs/contributing')).map((name) => `docs/contributing/${name}`),
];
const { scripts } = JSON.parse(readPage('package.json')) as { readonly scripts: Readonly<Record<string, string>> };
/** The files and folders of the project that a page names in its text and in its commands. */
const pathsIn = (text: string): string[] => [
  ...new Set(
    [...text.matchAll(/(?<![\w./])(?:src|test|bench|docs|build|schema|bin)\/[\w./-]*\w\/?/g)].map(([path]) => path),
  ),
];
const scriptsIn = (text: string): string[] => [...text.matchAll(/\bnpm run ([\w:]+)/g)].map(([, name]) => name);
const withoutIndentation = (text: string): string => text.replace(/^ +/gm, '').trim();
/** The blocks of TypeScript in a page. */
const codeIn = (text: string): string[] =>
  [...text.matchAll(/^ *```ts\n([\s\S]*?)^ *```/gm)].map(([, code]) => withoutIndentation(code));

describe('the modules of the program', () => {
  it('are all modules in src/', () => {
    expect(program.map(({ path }) => path).filter((path) => moduleOf(path) === null && !shared.includes(path))).toEqual(
      [],
    );
  });

  it('import only from modules below them', () => {
    // If the imports were not found, every test would pass.
    expect(program.flatMap(({ source }) => importsOf(source)).length).toBeGreaterThan(program.length);
    expect(program.flatMap(wrongImports)).toEqual([]);
  });

  it('leave printing, arguments and exit codes to the command line', () => {
    expect(program.flatMap(wrongEffects)).toEqual([]);
  });

  it('take the names of options from the tables', () => {
    // Exceptions: a flag of Docker, and errors.ts, which is below the tables and has one hint for
    // commands and devices.
    expect(program.flatMap(flagsWritten).toSorted()).toEqual([
      'src/devices/gpu/search.ts writes --device',
      'src/errors.ts writes --threads',
    ]);
    expect(flagsWritten({ path: 'src/runs/a.ts', source: "hint('lower --hidden')" })).toEqual([
      'src/runs/a.ts writes --hidden',
    ]);
  });
});

it(`no file is longer than ${longestLines} lines, nor a test than ${longestTestLines}, except those that say why`, () => {
  const mostLines = (path: string): number => (path.startsWith('test/') ? longestTestLines : longestLines);
  const long = files
    .filter(({ path, source }) => source.split('\n').length - 1 > mostLines(path))
    .map(({ path }) => path);
  expect(long.toSorted()).toEqual(Object.keys(longFiles).toSorted());
});

describe('rules beyond the order of modules', () => {
  it('files do not import each other in a cycle, not even for types', () => {
    expect(circles(program)).toEqual([]);
    expect(
      circles([
        { path: 'src/a.ts', source: "import { b } from './b.ts';" },
        { path: 'src/b.ts', source: "import type { A } from './a.ts';" },
      ]),
    ).toEqual(['src/a.ts → src/b.ts → src/a.ts']);
  });

  it('a device does not know any other device', () => {
    const device = (path: string): string | undefined => /^src\/devices\/(\w+)\//.exec(path)?.[1];
    const leading = program.flatMap(({ path, source }) =>
      targetsOf({ path, source }).map((target) => ({ path, from: device(path), to: device(target) })),
    );
    expect(leading.filter(({ from }) => from === 'gpu').length).toBeGreaterThan(10);
    // All other devices are compared with the reference, so it must not use their code.
    expect(
      leading
        .filter(({ from, to }) => from !== undefined && to !== undefined && from !== to)
        .map(({ path, to }) => `${path} imports from ${to}`),
    ).toEqual([]);
  });

  it('a cell has no loop: neither over time, which the network writes out, nor over rows and units', () => {
    const cells = program.filter(({ path }) => path.startsWith('src/model/cells/'));
    expect(cells.length).toBeGreaterThan(10);
    expect(cells.filter(({ source }) => hasLoop(source)).map(({ path }) => path)).toEqual([]);
    expect(hasLoop('// for (all t)\nfor (let t = 0; t < T; t++) step();')).toBe(true);
  });

  it('docs/architecture.md describes these modules, in this order, and the shared files', () => {
    const page = readPage('docs/architecture.md');
    const rows = [...page.matchAll(/^\| `([\w/]+)\/` \| (.*) \|$/gm)];
    expect(rows.map(([, module]) => module)).toEqual([...modules, 'src']);
    expect(shared.filter((path) => !rows.at(-1)![2].includes(posix.basename(path)))).toEqual([]);
  });

  it(`docs/architecture.md is an explanation of at most ${longestExplanation} lines`, () => {
    expect(readPage('docs/architecture.md').split('\n').length - 1).toBeLessThanOrEqual(longestExplanation);
  });
});

describe.each(contributorPages)('%s', (page) => {
  it('names only existing files and scripts', () => {
    const text = readPage(page);
    const named = pathsIn(text);
    expect(named.length).toBeGreaterThan(2);
    expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([]);
    expect(scriptsIn(text).filter((name) => !Object.hasOwn(scripts, name))).toEqual([]);
  });

  it('shows code that is in a file that it names', () => {
    const named = pathsIn(readPage(page)).filter((path) => path.endsWith('.ts'));
    const sources = named.map((path) => withoutIndentation(readFileSync(join(root, path), 'utf8')));
    expect(codeIn(readPage(page)).filter((code) => !sources.some((source) => source.includes(code)))).toEqual([]);
  });
});

it('CONTRIBUTING.md links to each page for contributors', () => {
  const links = readPage('CONTRIBUTING.md');
  expect(contributorPages.length).toBeGreaterThan(5);
  expect(contributorPages.filter((page) => !links.includes(`](${page})`))).toEqual([]);
});

describe('the reader of pages', () => {
  it('finds files, also of commands, and scripts', () => {
    const page =
      'Read `src/a.ts` and `test/b/`, `npm run one` it.\n```text\nnpx vitest run test/c.test.ts\nnpm run two:x\n```\n';
    expect(pathsIn(page)).toEqual(['src/a.ts', 'test/b/', 'test/c.test.ts']);
    expect(scriptsIn(page)).toEqual(['one', 'two:x']);
  });

  it('finds code, whatever its indentation', () => {
    expect(codeIn('1. Write:\n\n   ```ts\n   a: {\n     b: 1,\n   },\n   ```\n')).toEqual(['a: {\nb: 1,\n},']);
    expect(withoutIndentation('const x = {\n  a: {\n    b: 1,\n  },\n};')).toContain('a: {\nb: 1,\n},');
  });
});

describe('the check itself', () => {
  const checked = (path: string, source: string): string[] => wrongImports({ path, source });

  it.each([
    ['src/program/value.ts', "import { x } from '../model/network.ts';", 'src/model is above src/program'],
    ['src/program/value.ts', "import type { X } from '../model/network.ts';", 'src/model is above src/program'],
    [
      'src/devices/cpu/plan.ts',
      "import {\n  type X,\n  y,\n} from '../../training/train.ts';",
      'src/training is above src/devices',
    ],
    ['src/corpus/read.ts', "export { x } from '../runs/store.ts';", 'src/runs is above src/corpus'],
    ['src/corpus/read.ts', "export * from '../runs/store.ts';", 'src/runs is above src/corpus'],
    ['src/sampling/sample.ts', "const x = await import('../cli/main.ts');", 'src/cli is above src/sampling'],
    ['src/sampling/sample.ts', "import '../cli/main.ts';", 'src/cli is above src/sampling'],
    ['src/sampling/sample.ts', "type X = typeof import('../cli/main.ts');", 'src/cli is above src/sampling'],
    [
      'src/model/cells/lstm.ts',
      "import { openCpu } from '../../devices/cpu/cpu.ts';",
      'a model must not know a device',
    ],
    ['src/model/cells/lstm.ts', "import { readFile } from 'node:fs';", 'are pure'],
    ['src/errors.ts', "import { x } from './cli/main.ts';", 'shared by all modules'],
    ['src/cli/main.ts', "import { x } from '../../test/cli/helpers.ts';", 'in no module'],
    ['bin/rnn.js', "import { x } from '../bench/kernels.js';", 'in no module'],
    ['src/cli/main.ts', "import { train } from '../index.ts';", 'is for other programs'],
    ['src/index.ts', "import { x } from './cli/main.ts';", 'src/cli is above src/api'],
  ])('finds the violation in %s: %s', (path, source, complaint) => {
    const found = checked(path, source);
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(complaint);
  });

  it.each([
    ['src/training/train.ts', "import { RnnError } from '../errors.ts';"],
    ['src/training/train.ts', "import { openDevice } from '../devices/open.ts';\nimport { x } from './x.ts';"],
    ['src/training/train.ts', "import { open } from 'node:fs/promises';"],
    ['src/program/value.ts', "// import { x } from '../cli/main.ts';\n/* import '../cli/main.ts'; */"],
    ['bin/rnn.js', "import { start } from '../dist/cli/start.js';"],
  ])('lets %s have %s', (path, source) => {
    expect(checked(path, source)).toEqual([]);
  });

  it('finds a file that prints, except where printing belongs, and lets a comment mention it', () => {
    const source = 'console.log(process.argv);\nprocess.exitCode = 1;\nprocess.env.X; // console.log';
    expect(wrongEffects({ path: 'src/corpus/read.ts', source })).toEqual([
      'src/corpus/read.ts uses console.log',
      'src/corpus/read.ts uses process.argv',
      'src/corpus/read.ts uses process.exitCode',
    ]);
    expect(wrongEffects({ path: 'src/cli/process/io.ts', source })).toEqual([]);
  });
});
