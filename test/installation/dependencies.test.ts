// Compares the tables of docs/dependencies.md with npm and the build. If a test fails, a line of
// that page is missing or stale.
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const read = (name: string): string => readFileSync(join(root, name), 'utf8');

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

interface Locked {
  readonly version: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly hasInstallScript?: boolean;
}

const manifest = JSON.parse(read('package.json')) as Manifest;
const lock = JSON.parse(read('package-lock.json')) as { packages: Readonly<Record<string, Locked>> };
const locked = (name: string): Locked => lock.packages[`node_modules/${name}`];
const page = read('docs/dependencies.md');

/**
 * The rows of the only table with exactly these columns, one row for each package: its name, then
 * the cells by column.
 */
function rowsOf(columns: readonly string[]): [string, Readonly<Record<string, string>>][] {
  const tables = page.split(/\n\n+/).filter((block) => block.split('\n')[0] === `| ${columns.join(' | ')} |`);
  expect(tables, `tables with the columns ${columns.join(', ')}`).toHaveLength(1);
  return tables[0]
    .trim()
    .split('\n')
    .slice(2)
    .flatMap((line) => {
      const cells = line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim());
      const row = Object.fromEntries(columns.map((column, index) => [column, cells[index]]));
      return [...cells[0].matchAll(/`([^`]+)`/g)].map(([, name]): [string, Readonly<Record<string, string>>] => [
        name,
        row,
      ]);
    });
}

const installed = rowsOf(['package', 'range', 'version', 'licence', 'kB', 'from', 'purpose, and reason for the range']);
const broughtAlong = rowsOf(['package', 'version', 'licence', 'kB', 'from', 'for']);
const bundled = rowsOf(['package', 'version', 'licence', 'from', 'in']);
const ofClones = rowsOf(['package', 'range', 'licence', 'purpose']);
const ranges = (rows: typeof installed): Record<string, string> =>
  Object.fromEntries(rows.map(([name, { range }]) => [name, range]));
const versions = (rows: typeof installed): Record<string, string> =>
  Object.fromEntries(rows.map(([name, { version, licence }]) => [name, `${version}, ${licence}`]));

describe('docs/dependencies.md', () => {
  it('names the direct dependencies and their versions', () => {
    expect(ranges(installed)).toEqual({ ...manifest.dependencies, ...manifest.optionalDependencies });
    expect(ranges(ofClones)).toEqual(manifest.devDependencies);
  });

  it('names all installed packages, with the versions and licences that npm knows', () => {
    const used = Object.entries(lock.packages).filter(([path, { dev }]) => path !== '' && !dev);
    const known = Object.fromEntries(
      used.map(([path, { version, license }]) => [path.replace('node_modules/', ''), `${version}, ${license}`]),
    );
    expect(versions([...installed, ...broughtAlong])).toEqual(known);
    expect(Object.fromEntries(ofClones.map(([name, { licence }]) => [name, licence]))).toEqual(
      Object.fromEntries(ofClones.map(([name]) => [name, locked(name).license])),
    );
  });

  it('names the only install script that users of the package may meet', () => {
    const withScripts = [...installed, ...broughtAlong]
      .map(([name]) => name)
      .filter((name) => locked(name).hasInstallScript);
    expect(page).toContain(
      `The only install script among them belongs to ${withScripts.map((name) => `\`${name}\``).join(', ')}, described above.`,
    );
  });

  it.skipIf(!existsSync(join(root, 'dist/THIRD-PARTY.md')))('names the bundled packages (needs npm run build)', () => {
    const sections = read('dist/THIRD-PARTY.md').matchAll(/^## (\S+) (\S+)\n\n(\S+?)[,.]\s/gm);
    const built = [...sections].map(([, name, version, licence]) => `${name} ${version} ${licence}`);
    const told = bundled.flatMap(([name, { version, licence }]) =>
      version.split(', ').map((each) => `${name} ${each} ${licence}`),
    );
    expect(told.toSorted()).toEqual(built.toSorted());
  });
});
