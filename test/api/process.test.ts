// A program that imports the built package ends without output, in whatever state it leaves a run
// or a model.
import { execFile, execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { newFolder, root, verse } from './fixture.ts';

const index = join(root, 'dist/index.js');
/** If a process has not ended by then, something keeps it alive. */
const patienceMs = 60_000;

const begin = `import { openModel, train } from ${JSON.stringify(pathToFileURL(index).href)};
const sizes = { hidden: 16, batchSize: 8, sequenceLength: 10, maxSteps: 100, checkpointEvery: 10 };
const run = train({ corpus: { text: ${JSON.stringify(verse)} }, out: 'run', ...sizes, device: 'cpu', threads: 2 });
`;

const programs: Readonly<Record<string, string>> = {
  'trains to the end': 'await run.finished();',
  'leaves the loop': "for await (const { event } of run) if (event === 'checkpoint') break;",
  'throws out of the loop':
    "try { for await (const { event } of run) if (event === 'checkpoint') throw new Error('enough'); } catch {}",
  'leaves a model open, in the middle of a text':
    "await run.finished(); const model = await openModel('run'); for await (const piece of model.sample({ length: 1e6 })) if (piece !== '') break;",
  'leaves texts that are drawn together':
    "await run.finished(); const model = await openModel('run'); for await (const text of model.sampleMany({ count: 4, length: 50 })) break; await model.close();",
};

describe.skipIf(!existsSync(index))('a program that imports the package (needs npm run build)', () => {
  it.each(Object.entries(programs))('%s, and ends', { timeout: 2 * patienceMs }, async (_name, rest) => {
    const ended = await new Promise<{ error: Error | null; stdout: string; stderr: string }>((resolve) => {
      execFile(
        process.execPath,
        ['--input-type=module', '--eval', begin + rest],
        { cwd: newFolder(), timeout: patienceMs },
        (error, stdout, stderr) => resolve({ error, stdout, stderr }),
      );
    });
    expect(ended).toEqual({ error: null, stdout: '', stderr: '' });
  });

  it('keeps its V8 flags', { timeout: patienceMs }, () => {
    const look = "(await import('node:vm')).runInNewContext('typeof gc')";
    const program = `${begin} await run.finished(); process.stdout.write(${look});`;
    for (const [flags, expected] of [
      [['--expose-gc'], 'function'],
      [[], 'undefined'],
    ] as const)
      expect(
        execFileSync(process.execPath, [...flags, '--input-type=module', '--eval', program], {
          cwd: newFolder(),
        }).toString(),
      ).toBe(expected);
  });
});
