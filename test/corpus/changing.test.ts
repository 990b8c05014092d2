// A file that another program changes while it is read.
import type { FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { expect, it, vi } from 'vitest';
import { failureOf, folderWith, read } from './fixture.ts';

const afterFirstRead = vi.hoisted(() => ({ change: async (_file: unknown): Promise<void> => {} }));

vi.mock(import('node:fs/promises'), async (importOriginal) => {
  const files = await importOriginal();
  const open = async (file: string): Promise<FileHandle> => {
    const handle = await files.open(file);
    let reads = 0;
    return {
      read: async (buffer: Buffer, offset: number, length: number) => {
        if (++reads === 2) await afterFirstRead.change(file);
        return handle.read(buffer, offset, length);
      },
      stat: () => handle.stat(),
      close: () => handle.close(),
    } as unknown as FileHandle;
  };
  return { ...files, open } as typeof files;
});

const { appendFile, truncate } = await vi.importActual<typeof import('node:fs/promises')>('node:fs/promises');
const big = 'some text\n'.repeat(300_000);

it('a file that becomes shorter while it is read is refused', async () => {
  const file = path.join(folderWith({ t: big }), 't');
  afterFirstRead.change = () => truncate(file, 1000);
  expect(await failureOf(read(file))).toMatchObject({
    kind: 'corpus',
    message: `cannot read ${file}: it became shorter while it was read`,
  });
});

it('a file that grows while it is read is read to its new end', async () => {
  const file = path.join(folderWith({ t: big }), 't');
  afterFirstRead.change = () => appendFile(file, 'more');
  expect((await read(file)).characters).toBe(big.length + 4);
});
