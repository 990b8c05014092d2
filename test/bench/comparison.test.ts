// How the benchmark treats its figures. Nothing is measured here.
import { describe, expect, it, vi } from 'vitest';
// prettier-ignore
// @ts-expect-error bench/ is plain JavaScript, without types
import { commandTold, networkTold, paragraph, ratio, roundsTold, speed, stepsTold, tableHead, tableRow, withoutPaths } from '../../bench/comparison/markdown.js';
// @ts-expect-error the same
import { withSection } from '../../bench/comparison/page.js';
// @ts-expect-error the same
import { readOptions } from '../../bench/comparison/options.js';
// @ts-expect-error the same
import { bestThreads, threadCandidates } from '../../bench/comparison/python-peers.js';
// @ts-expect-error the same
import { newestFirst } from '../../bench/comparison/python.js';
// @ts-expect-error the same
import { run, withoutTuning } from '../../bench/comparison/processes.js';
// @ts-expect-error the same
import { alternate, median, noisyRounds, pairedRatio } from '../../bench/comparison/statistics.js';

interface Side {
  problem?: string;
  optional?: boolean;
  measure: () => number;
}

/** A side with known figures. `log` gets a letter for each measurement. */
function side(name: string, figures: readonly number[], log: string[] = []): Side {
  const left = [...figures];
  return {
    measure: () => {
      log.push(name);
      return left.shift()!;
    },
  };
}

describe('figures', () => {
  it('have the middle one as median, or the mean of the middle two', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
  });

  it('are noisy by round: one side far from its median is enough', () => {
    expect(
      noisyRounds([
        [100, 10],
        [114, 10],
        [100, 11],
      ]),
    ).toBe(0);
    expect(
      noisyRounds([
        [100, 10],
        [116, 10],
        [100, 13],
      ]),
    ).toBe(2);
    expect(
      noisyRounds([
        [100, null],
        [130, null],
        [100, null],
      ]),
    ).toBe(1);
  });
});

describe('alternating', () => {
  it('measures all sides in turn', () => {
    const log: string[] = [];
    expect(alternate([side('a', [1, 1, 1], log), side('b', [2, 2, 2], log)], { rounds: 3, repeats: 2 })).toEqual({
      medians: [1, 2],
      rounds: [
        [1, 2],
        [1, 2],
        [1, 2],
      ],
      repeated: 0,
      noisy: 0,
    });
    expect(log.join('')).toBe('ababab');
  });

  it('repeats a noisy round on both sides and lets all rounds count', () => {
    const log: string[] = [];
    const played = alternate([side('a', [100, 50, 102, 104], log), side('b', [10, 10, 10, 10], log)], {
      rounds: 3,
      repeats: 2,
    });
    expect(log.join('')).toBe('abababab');
    expect(played).toEqual({
      medians: [101, 10],
      rounds: [
        [100, 10],
        [50, 10],
        [102, 10],
        [104, 10],
      ],
      repeated: 1,
      noisy: 1,
    });
  });

  it('stops after the permitted repeats, and reports the number of noisy rounds', () => {
    expect(alternate([side('a', [1, 2, 4, 8, 16])], { rounds: 3, repeats: 2 })).toEqual({
      medians: [4],
      rounds: [[1], [2], [4], [8], [16]],
      repeated: 2,
      noisy: 4,
    });
  });

  it('compares two sides within a round', () => {
    expect(
      pairedRatio(
        [
          [100, 50],
          [20, 10],
          [80, 20],
        ],
        0,
        1,
      ),
    ).toBe(2); // their medians: 80 and 20
    expect(
      pairedRatio(
        [
          [100, 50],
          [20, null],
        ],
        0,
        1,
      ),
    ).toBeNull();
  });

  it('leaves out a side with a problem, and one that turns out to have one', () => {
    const broken: Side = {
      optional: true,
      measure: () => {
        throw new Error('a trace\nno kernel for Foo in /opt/x/foo.so');
      },
    };
    const absent = { ...side('absent', []), problem: 'not installed' };
    expect(alternate([side('a', [5, 5]), broken, absent], { rounds: 2, repeats: 2 }).medians).toEqual([5, null, null]);
    expect(broken.problem).toBe('failed: no kernel for Foo in foo.so');
  });

  it('ends if our own side fails', () => {
    const ours: Side = {
      measure: () => {
        throw new Error('a bug');
      },
    };
    expect(() => alternate([ours], { rounds: 1, repeats: 0 })).toThrow('a bug');
  });
});

describe('the programs of a benchmark', () => {
  it('see no variable that tunes them for one machine', () => {
    const variables = {
      RNN_KERNELS: 'wasm',
      OPENBLAS_CORETYPE: 'Haswell',
      OPENBLAS_L2_SIZE: '1',
      OPENBLAS_X: 'a',
      PATH: 'b',
    };
    expect(withoutTuning(variables)).toEqual({
      RNN_KERNELS: undefined,
      OPENBLAS_CORETYPE: undefined,
      OPENBLAS_L2_SIZE: undefined,
    });
    vi.stubEnv('RNN_KERNELS', 'wasm');
    vi.stubEnv('OPENBLAS_CORETYPE', 'Haswell');
    const script = 'console.log(Object.keys(process.env).filter((name) => /^(RNN_|OPENBLAS_C)/.test(name)).join())';
    expect(run(process.execPath, ['-e', script]).trim()).toBe('');
    expect(run(process.execPath, ['-e', script], { env: { RNN_KERNELS: 'x' } }).trim()).toBe('RNN_KERNELS');
    vi.unstubAllEnvs();
  });

  it('are each version of a framework once, newest first', () => {
    const found = [
      { framework: 'torch', version: '1.13.0a0', command: 'a' },
      { framework: 'torch', version: '2.9.1+cpu', command: 'b' },
      { framework: 'torch', version: '2.15.0+cu132', command: 'c' },
      { framework: 'torch', version: '2.9.1+cpu', command: 'd' },
    ];
    expect(newestFirst(found).map(({ command }: { command: string }) => command)).toEqual(['c', 'b', 'a']);
  });

  it('get the numbers of threads that are fastest in the better of two tries', () => {
    const speeds: Record<string, number[]> = { '1': [80, 200], '2': [100, 100], '4': [10] };
    const chosen = bestThreads([{ threads: 1 }, { threads: 2 }, { threads: 4 }], ({ threads }: { threads: number }) =>
      speeds[threads].shift(),
    );
    expect(chosen).toEqual({ threads: 1, speed: 200 });
    expect(speeds['4']).toEqual([]); // too slow for a second try
  });
});

describe('the page', () => {
  it('has tables', () => {
    expect(tableHead(['a', 'b'])).toBe('| a | b |\n| --- | --- |');
    expect(tableRow(['x|y', 'two\nlines', 3])).toBe(String.raw`| x\|y | two lines | 3 |`);
  });

  it('has paragraphs of at most 100 columns', () => {
    expect(paragraph(`a  b\n${'c'.repeat(97)} d`)).toBe(`a b\n${'c'.repeat(97)} d`);
    expect(paragraph(`${'c'.repeat(99)} de`)).toBe(`${'c'.repeat(99)}\nde`);
  });

  it('rounds figures, and has a dash for a missing figure', () => {
    expect([78_543, 1960.4, 425.3, 8.123, null].map(speed)).toEqual(['78,500', '1,960', '425', '8.12', '–']);
    expect([ratio(1.58), ratio(123.45), ratio(null)]).toEqual(['1.58', '123', '–']);
  });

  it('names networks and rounds', () => {
    expect(networkTold({ hidden: 128, layers: 2, batch: 50, seq: 40 })).toBe('LSTM H128 L2 N50 T40');
    expect(networkTold({ hidden: 8, layers: 2, batch: 5, seq: 4, embedding: 64 })).toBe('LSTM H8 L2 N5 T4 E64');
    expect(networkTold({ cell: 'rnn', hidden: 8, layers: 1 })).toBe('RNN (tanh) H8 L1');
    expect(roundsTold({ rounds: [[1], [1], [1]], repeated: 0, noisy: 0 })).toBe('3');
    expect([[], [1, 1], [60, 52, 57]].map(stepsTold)).toEqual(['', '1', '52 to 60']);
    expect(roundsTold({ rounds: [[1], [1], [1], [2]], repeated: 1, noisy: 1 })).toBe('3 + 1 repeated, 1 noisy');
  });

  it('names no folder of the machine', () => {
    expect(withoutPaths('OpenBLAS is at /usr/lib/x86_64-linux-gnu/libopenblas.so.0')).toBe(
      'OpenBLAS is at libopenblas.so.0',
    );
    expect(withoutPaths("at file:///home/me/a.js:3 of '/opt/x', ~/b/c.txt:/d/e and C:\\f\\g")).toBe(
      "at a.js:3 of 'x', c.txt:e and g",
    );
    expect(withoutPaths('1.5 characters/s, n/a, https://example.org/a/b, bench/RESULTS.md')).toBe(
      '1.5 characters/s, n/a, https://example.org/a/b, bench/RESULTS.md',
    );
    expect(
      commandTold(['npm', 'run', 'bench', '--', '--corpus', '/home/me/my-texts/a.txt', '--python=/opt/x/bin/python3']),
    ).toBe('npm run bench -- --corpus a.txt --python=python3');
    expect(commandTold(['--configurations', 'H128 L2'])).toBe("--configurations 'H128 L2'");
  });
});

describe('the options of the benchmark', () => {
  it('measure everything and write the page by default', () => {
    const { rounds, parts, configurations, cells, write } = readOptions([]);
    expect([rounds, parts.length, configurations.length, cells.length]).toEqual([3, 4, 3, 3]);
    expect(write).toMatch(/RESULTS\.md$/);
  });

  it('take the peers of the named Pythons, and name none by default', () => {
    expect(readOptions([]).pythons).toEqual([]);
    expect(readOptions(['--python', 'a/python', '--python', 'b/python']).pythons).toEqual(['a/python', 'b/python']);
  });

  it('write no page for a part, unless --write names one', () => {
    for (const args of [
      ['--quick'],
      ['--only', 'train'],
      ['--cells', 'gru'],
      ['--no-write'],
      ['--rounds', '2'],
      ['--corpus', 'a.txt'],
    ])
      expect(readOptions(args).write).toBeNull();
    expect(readOptions(['--quick', '--write', 'x.md']).write).toMatch(/x\.md$/);
    expect([readOptions([]), readOptions(['--write', 'x.md'])].map(({ isWriteNamed }) => isWriteNamed)).toEqual([
      false,
      true,
    ]);
  });

  it('write a page for the CPU and one for a GPU, and none for other devices', () => {
    expect(readOptions(['--rounds', '5']).write).toMatch(/bench.RESULTS\.md$/);
    expect(readOptions(['--device', 'gpu', '--peer-device', 'cuda']).write).toMatch(/bench.RESULTS-gpu\.md$/);
    for (const args of [
      ['--peer-device', 'cuda'],
      ['--device', 'gpu:software'],
      ['--device', 'reference'],
      ['--device', 'gpu', '--quick'],
    ])
      expect(readOptions(args).write).toBeNull();
  });

  it('refuse other values, and list the choices', () => {
    expect(() => readOptions(['--configurations', 'H7-L1'])).toThrow(
      /--configurations H7-L1: one or more of H128-L2-N50-T50/,
    );
    expect(() => readOptions(['--rounds', '0'])).toThrow('--rounds 0: a whole number above 0');
    expect(readOptions(['--configurations', 'H128 L2 N50 T50']).configurations).toHaveLength(1);
  });

  it('try the numbers of threads that may suit PyTorch', () => {
    expect(threadCandidates(1)).toEqual([{ threads: 1, blasThreads: 1 }]);
    const tried = (cores: number): string[] =>
      threadCandidates(cores)
        .map(({ threads, blasThreads }: { threads: number; blasThreads: number }) => `${threads}x${blasThreads}`)
        .toSorted();
    expect(tried(2)).toEqual(['1x1', '1x2', '2x1', '2x2']);
    expect(tried(6)).toEqual(['1x1', '1x2', '1x4', '1x6', '2x1', '2x2', '4x1', '4x4', '6x1', '6x6']);
    expect(tried(8)).toHaveLength(10);
  });
});

describe('a page of sections', () => {
  const page = '# Results\n\nwords\n\n## Speed\n\n### Training\n\n| a |\n\n## Scaling\n\nold\n';

  it('keeps the other sections when one is measured again', () => {
    expect(withSection(page, '## Speed\n\nnow\n')).toBe('# Results\n\nwords\n\n## Speed\n\nnow\n\n## Scaling\n\nold\n');
  });

  it('gets a new section in its place', () => {
    const all = withSection(page, '## Quality\n\nnew\n');
    expect(all.match(/^## .*/gm)).toEqual(['## Speed', '## Quality', '## Scaling']);
    expect(withSection(all, '## Quality\n\nnew\n')).toBe(all);
    expect(withSection(null, '## Speed\n\nfirst\n')).toBe('# Results\n\n## Speed\n\nfirst\n');
  });

  it('has no section that no program writes', () => {
    expect(() => withSection(page, '## Beauty\n')).toThrow('Beauty: one of Speed, Quality, Scaling');
  });
});
