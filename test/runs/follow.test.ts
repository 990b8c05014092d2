// Reads a log while another process writes it.
import { appendFileSync, mkdirSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { LogFollower, readLog } from '../../src/runs/follow.ts';
import { findRuns } from '../../src/runs/find.ts';
import { temporaryFolder } from './fixture.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = temporaryFolder();
  path = join(folder, 'log.jsonl');
});

const whole = async (): Promise<object[]> => {
  const lines: object[] = [];
  for await (const line of readLog(path)) lines.push(line);
  return lines;
};

describe('a log', () => {
  it('is read past invalid lines, to a last line without a newline', async () => {
    writeFileSync(
      path,
      '{"step":1}\nnull\n\u0000\u0001\n[3]\n\n{"event":"rep{"step":2}\n{"text":"ä\\n"}\r\n{"step":4}',
    );
    expect(await whole()).toEqual([{ step: 1 }, { text: 'ä\n' }, { step: 4 }]);
  });

  it('is read completely if the log, or a line of it, is longer than a piece', async () => {
    const lines = Array.from({ length: 3000 }, (_, step) => ({ step, text: 'é'.repeat(1000) }));
    writeFileSync(
      path,
      `${lines.map((line) => JSON.stringify(line)).join('\n')}\n${'x'.repeat(9 << 20)}\n{"step":-1}\n`,
    );
    const read = await whole();
    expect(read).toHaveLength(3001);
    expect(read.slice(0, 3000)).toEqual(lines);
    expect(read.at(-1)).toEqual({ step: -1 });
  });

  it('gives the new lines, each once and complete', async () => {
    const follower = new LogFollower(path);
    expect(await follower.next()).toEqual({ lines: [], isAnew: true, isAll: true });
    writeFileSync(path, '{"step":1}\n{"st');
    expect(await follower.next()).toEqual({ lines: [{ step: 1 }], isAnew: true, isAll: true });
    expect((await follower.next()).lines).toEqual([]);
    appendFileSync(path, 'ep":2}');
    expect(await follower.next()).toEqual({ lines: [{ step: 2 }], isAnew: false, isAll: true });
    appendFileSync(path, '\n{"step":3}\n');
    expect((await follower.next()).lines).toEqual([{ step: 3 }]);
  });

  it('begins again if it was cut back, even if it has grown beyond its old end since', async () => {
    writeFileSync(path, '{"step":1}\n{"step":2}\n');
    const follower = new LogFollower(path);
    await follower.next();
    truncateSync(path, 11);
    expect(await follower.next()).toEqual({ lines: [{ step: 1 }], isAnew: true, isAll: true });
    appendFileSync(path, '{"step":8}\n{"step":9}\n');
    await follower.next();
    truncateSync(path, 11);
    appendFileSync(path, '{"step":3}\n{"step":4}\n{"step":5}\n');
    expect(await follower.next()).toEqual({ lines: [1, 3, 4, 5].map((step) => ({ step })), isAnew: true, isAll: true });
    rmSync(path);
    expect(await follower.next()).toEqual({ lines: [], isAnew: true, isAll: true });
  });

  it('is refused if it is not a file', async () => {
    mkdirSync(path);
    await expect(whole()).rejects.toMatchObject({
      kind: 'machine',
      message: `cannot read ${path}: it is not a file`,
      hint: expect.any(String),
    });
  });
});

describe('the runs that the user means', () => {
  const make = (...names: string[]): string => {
    const run = join(folder, ...names);
    mkdirSync(run, { recursive: true });
    writeFileSync(join(run, 'log.jsonl'), '');
    return run;
  };

  it('are the runs of a folder and the run of a file, each once', async () => {
    const [a, b] = [make('runs', 'a'), make('runs', 'b')];
    mkdirSync(join(folder, 'runs', 'no run'));
    expect(await findRuns([join(folder, 'runs')])).toEqual([a, b]);
    expect(await findRuns([join(b, 'log.jsonl'), a, b])).toEqual([b, a]);
    await expect(findRuns([folder])).rejects.toMatchObject({
      kind: 'checkpoint',
      message: `run not found: ${folder}`,
      hint: `name a folder in it, such as ${join(folder, 'runs')}`,
    });
    writeFileSync(join(folder, 'runs', 'notes.txt'), '');
    await expect(findRuns([join(folder, 'runs', 'notes.txt')])).rejects.toMatchObject({
      kind: 'checkpoint',
      message: `run not found: ${join(folder, 'runs', 'notes.txt')} is not in a run folder`,
    });
  });

  it('are the run whose log was written last, if no run is named', async () => {
    for (const [name, time] of [
      ['a', 100],
      ['b', 300],
      ['c', 200],
    ] as const)
      utimesSync(join(make('runs', name), 'log.jsonl'), time, time);
    expect(await findRuns([], join(folder, 'runs'))).toEqual([join(folder, 'runs', 'b')]);
    const log = join(folder, 'runs', 'b', 'log.jsonl');
    await expect(findRuns([], log)).rejects.toMatchObject({
      kind: 'checkpoint',
      message: `cannot look for runs in ${log}: it is not a folder`,
    });
    await expect(findRuns([], join(folder, 'none'))).rejects.toMatchObject({
      kind: 'checkpoint',
      hint: expect.stringContaining('run rnn train <corpus> to train a model'),
    });
  });
});
