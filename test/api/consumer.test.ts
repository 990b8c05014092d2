// A TypeScript project that uses the built package through its declarations alone, without the
// types of Node and without packages that only this project needs.
import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { newFolder, root } from './fixture.ts';

const isBuilt = existsSync(join(root, 'dist/index.d.ts'));

const program = `import { Corpus, RnnError, openModel, sample, train, type ErrorKind, type TrainingUpdate } from 'rnn';

export async function main(): Promise<string> {
  const corpus = await Corpus.fromText('hello hello hello', { validationFraction: 0 });
  const run = train({ corpus, maxSteps: 10, hidden: 8, signal: new AbortController().signal });
  for await (const update of run) {
    const kind: TrainingUpdate['event'] = update.event;
    if (update.event === 'report') console.log(kind, update.lossNats.toFixed(3));
  }
  const model = await openModel(await run.trained(), { device: 'cpu' });
  let text = '';
  for await (const piece of model.sample({ prime: 'h', temperature: 0 })) text += piece;
  for await (const piece of sample({ checkpoint: 'checkpoints/x' })) text += piece;
  const { bits, warning } = await model.evaluate('hello');
  return text + bits.toFixed(2) + (warning ?? '');
}

main().catch((error: unknown) => {
  const kind: ErrorKind | null = error instanceof RnnError ? error.kind : null;
  console.log(kind);
});

// @ts-expect-error there is no such option
train({ corpus: 'x.txt', hiden: 3 });
// @ts-expect-error a text is not a number
sample({ prime: 3 });
`;

const strict = {
  target: 'es2023',
  module: 'nodenext',
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  skipLibCheck: false,
  noEmit: true,
  types: [],
};

describe.skipIf(!isBuilt)('a strict project in TypeScript (needs npm run build)', () => {
  it('compiles', { timeout: 120_000 }, async () => {
    const project = newFolder();
    const installed = join(project, 'node_modules/rnn');
    mkdirSync(installed, { recursive: true });
    cpSync(join(root, 'package.json'), join(installed, 'package.json'));
    cpSync(join(root, 'dist'), join(installed, 'dist'), {
      recursive: true,
      filter: (path) => !/\.(js|wasm|html)$/.test(path),
    });
    writeFileSync(join(project, 'package.json'), JSON.stringify({ type: 'module' }));
    writeFileSync(join(project, 'program.ts'), program);
    writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions: strict, include: ['program.ts'] }));
    const complaints = await new Promise<string>((resolve) => {
      execFile(
        process.execPath,
        [join(root, 'node_modules/typescript/bin/tsc'), '-p', project],
        (_error, stdout, stderr) => resolve(stdout + stderr),
      );
    });
    expect(complaints).toBe('');
  });
});
