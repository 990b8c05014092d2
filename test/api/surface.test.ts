// surface.txt lists the exports of the package, so that every change to the exports is visible in a
// review. To update it, run `npm run build` and then `npx vitest run test/api/surface.test.ts -u`.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { surfaceOf } from './declarations.ts';
import { newFolder, root } from './fixture.ts';

const entry = join(root, 'dist/index.d.ts');

describe.skipIf(!existsSync(entry))('the public surface (needs npm run build)', () => {
  it('matches surface.txt', async () => {
    await expect(`${surfaceOf(entry).join('\n')}\n`).toMatchFileSnapshot('surface.txt');
  });

  it('exports every class, function and constant that is declared', async () => {
    const built: Record<string, unknown> = await import(pathToFileURL(join(root, 'dist/index.js')).href);
    const values = surfaceOf(entry).flatMap((line) => /^(\w+): (?:class|function|const)$/.exec(line)?.[1] ?? []);
    expect(values.toSorted()).toEqual(Object.keys(built).toSorted());
    expect(values).toEqual(
      expect.arrayContaining(['Corpus', 'RnnError', 'loadCheckpoint', 'openModel', 'sample', 'train']),
    );
  });
});

describe('surfaceOf', () => {
  it('lists every type that an export uses, in whichever file it is declared, and no internal type', () => {
    const folder = newFolder();
    mkdirSync(join(folder, 'inner'));
    const declared = (file: string, text: string): void => writeFileSync(join(folder, file), text);
    declared(
      'index.d.ts',
      "export { open, type Options as OpenOptions } from './inner/open.ts';\nexport declare const version: string;\n",
    );
    declared(
      'inner/open.d.ts',
      [
        "import type { Depth } from './depth.ts';",
        '/** How: `{ deep: Hidden }`. */',
        'export interface Options {\n    readonly deep: Depth;\n    nested: {\n        value: number;\n    };\n}',
        'interface Hidden {\n    x: 1;\n}',
        'export declare function open(path: string): Options;\nexport declare function open(path: string, deep: true): Options;\n',
      ].join('\n'),
    );
    declared('inner/depth.d.ts', "export type Depth = 'one' | 'two';\nexport {};\n");
    expect(surfaceOf(join(folder, 'index.d.ts'))).toEqual([
      'OpenOptions: interface',
      'open: function',
      'version: const',
      '',
      'index version = const version: string;',
      "inner/depth Depth = type Depth = 'one' | 'two';",
      'inner/open Options = interface Options { readonly deep: Depth; nested: { value: number; }; }',
      'inner/open open = function open(path: string): Options; function open(path: string, deep: true): Options;',
    ]);
  });
});
