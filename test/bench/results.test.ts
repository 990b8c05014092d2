// Pages agree with the raw data of the benchmarks. Nothing is measured here.
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MAX_SENTENCE_WORDS, dialect } from '../style/dialect.ts';
import { proseOfPage } from '../style/prose.ts';
// prettier-ignore
// @ts-expect-error bench/ is plain JavaScript, without types
import { qualityCharts, qualitySection } from '../../bench/quality/section.js';
// @ts-expect-error the same
import { tasks, tasksNamed, texts } from '../../bench/quality/tasks.js';
// @ts-expect-error the same
import { charRnnParts } from '../../bench/quality/texts.js';
// @ts-expect-error the same
import { machinesToWin, scalingCharts, scalingSection } from '../../bench/scaling/section.js';
// @ts-expect-error the same
import { speedSection } from '../../bench/comparison/speed-section.js';

interface Task {
  name: string;
  group: string;
  text: string;
  rnn: readonly (string | number)[] | null;
  peer: { script: string } | null;
}

const root = resolve(import.meta.dirname, '../..');
const read = (name: string): string => readFileSync(join(root, name), 'utf8');
const rawData = (name: string): Record<string, Record<string, number>> | null =>
  existsSync(join(root, 'bench', name)) ? JSON.parse(read(`bench/${name}`)) : null;
const page = read('bench/RESULTS.md');
const [speed, quality, scaling] = ['speed.json', 'quality.json', 'scaling.json'].map(rawData);

/** A run of a task whose curve has two evaluations. */
const result = {
  program: 'rnn 1',
  machine: 'a machine',
  parameters: 1000,
  epochs: 2,
  minutes: 3,
  validationLossNats: 1.5,
  testLossNats: 1.25,
  curve: [
    [1, 0.5, 2],
    [2, 1, 1.5],
  ],
};

describe('bench/RESULTS.md', () => {
  it('has the section on quality that follows from quality.json', () => {
    expect(page).toContain(qualitySection(quality));
  });

  it.skipIf(speed === null)('has the section on speed that follows from speed.json (needs a measurement)', () => {
    expect(page).toContain(speedSection(speed));
  });

  it.skipIf(scaling === null)('has the section on scaling that follows from scaling.json (needs a measurement)', () => {
    expect(page).toContain(scalingSection(scaling));
  });
});

describe('the table of quality in the README', () => {
  const rows = [
    ...read('README.md').matchAll(/^\| `rnn train tinyshakespeare.txt(.*?)` .*?\| ([\d.]+) +\| ([\d.]+) +\|$/gm),
  ];
  const nameOf = (options: string): string => `shakespeare-${/--preset (\w+)/.exec(options)?.[1] ?? 'default'}`;

  it('has rows', () => expect(rows.length).toBeGreaterThan(2));

  const measured = rows.filter(([, options]) => nameOf(options) in quality!);
  it.each(measured.map(([, options, nats, bits]) => [nameOf(options), nats, bits]))(
    'has the losses of quality.json: %s',
    (name, nats, bits) => {
      const { validationLossNats, testLossNats } = quality![name];
      const known = [validationLossNats, testLossNats].filter((loss) => loss !== undefined);
      expect(known.map((loss) => loss.toFixed(3))).toContain(nats);
      expect(known.map((loss) => (loss / Math.LN2).toFixed(2))).toContain(bits);
    },
  );
});

describe('the tasks of bench/quality.js', () => {
  it('have different names, a text, and either options of rnn or a peer that exists', () => {
    const names = (tasks as Task[]).map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const { text, rnn, peer } of tasks as Task[]) {
      expect(texts).toHaveProperty([text]);
      expect([rnn, peer].filter((each) => each !== null)).toHaveLength(1);
      expect(peer === null || existsSync(join(root, 'bench/peers', peer.script))).toBe(true);
    }
  });

  it('can be named one by one or by their group', () => {
    expect(tasksNamed('warpeace-lstm-84x2')).toHaveLength(1);
    expect(tasksNamed('warpeace').map(({ name }: Task) => name)).toContain('warpeace-best');
    expect(() => tasksNamed('warpeac')).toThrow(/warpeac is not a task: expected one of warpeace, shakespeare/);
  });

  it('include every result of quality.json', () => {
    const names = (tasks as Task[]).map(({ name }) => name);
    expect(Object.keys(quality!).filter((name) => !names.includes(name))).toEqual([]);
  });
});

it('a text is split as char-rnn does: each row of a batch has sequences of all three parts', () => {
  const text = 'abcdefghijklmnopqrstuvw\nABCDEFGHIJKLMNOPQRSTUVWXYZ!';
  const parts = charRnnParts(text, { rows: 2, length: 2 });
  // The parts of each row follow one another.
  expect(parts).toEqual(['abcdefghijklmnopqrstBCDEFGHIJKLMNOPQRSTU', 'uvVW', 'w\r\nAXYZ!']);
});

describe('the section on quality', () => {
  const results = { 'warpeace-lstm-84x2': result, 'equal-time-3m-rnn': result, 'shakespeare-quick': result };
  const section = qualitySection(results);

  it('has groups with results only', () => {
    expect(section.match(/^### .*/gm)).toEqual([
      '### War and Peace',
      '### tinyshakespeare',
      '### Equal time with PyTorch',
    ]);
  });

  it('compares test losses with published losses, and says from where they are quoted', () => {
    expect(section).toContain('| `warpeace-lstm-84x2` | **1.250 (1.80)** | 1.227 (1.77) | 1.500 (2.16) | 1.0 |');
    expect(section).toMatch(/quoted\sfrom\smemory/);
  });

  it('shows a preset next to the programs that had the same time', () => {
    const [, group] = section.split('### Equal time with PyTorch');
    expect(group).toMatch(/\| `equal-time-3m-rnn` \|/);
    expect(group).toMatch(/\| `shakespeare-quick` \|/);
  });

  it('has a chart by epochs for published runs, and by minutes for runs of a given time', () => {
    const points = Object.fromEntries(
      qualityCharts(results).map(({ file, lines }: { file: string; lines: { points: number[][] }[] }) => [
        file,
        lines[0].points,
      ]),
    );
    expect(points['quality-warpeace.svg']).toEqual([[0.5, 2], [1, 1.5]]); // prettier-ignore
    expect(points['quality-equal-time-3m.svg']).toEqual([[1, 2], [2, 1.5]]); // prettier-ignore
    expect(points).not.toHaveProperty(['quality-equal-time-30m.svg']);
  });
});

const about = { date: '2026-01-01', machine: 'a machine', program: 'rnn 1', cores: 2 };
const scalingData = {
  threads: {
    ...about,
    batch: 64,
    steps: 64,
    rows: [
      { hidden: 128, layers: 2, threads: 1, measured: [40], simulated: [40] },
      { hidden: 128, layers: 2, threads: 4, measured: [], simulated: [12.5] },
    ],
  },
  hidden: {
    ...about,
    rows: [
      {
        hidden: 64,
        rounds: [{ parameters: 500, multiplyAdds: 1e6, stepMs: 10, gigaflops: 1, partOfPeak: 0.8 }],
        estimatedBytes: 2e8,
        peakBytes: 1.9e8,
      },
    ],
  },
  text: {
    ...about,
    rows: [{ characters: 1e6, openSeconds: 1, charactersPerSecond: 5e4, estimatedBytes: 2e8, peakBytes: 1.9e8 }],
  },
  options: {
    ...about,
    hidden: 512,
    layers: 2,
    batch: 32,
    steps: 64,
    rows: [
      { options: '', charactersPerSecond: [1000, 900, 1100] },
      { options: '--layer-norm', charactersPerSecond: [800] },
    ],
  },
  distributed: {
    ...about,
    torch: '2.15.0',
    batch: 64,
    steps: 64,
    rows: [{ hidden: 128, layers: 2, parameters: 239_297, rnn: [90], processes: { 1: [40], 2: [60] } }],
  },
};

describe('the section on scaling', () => {
  const data = scalingData;

  it('marks speeds that are simulated, and computes efficiency from one thread', () => {
    expect(scalingSection(data)).toContain('| LSTM H128 L2 N64 T64 | 4 |  | 12.5 | 328,000 (simulated) | 80 % |');
  });

  it('shows time and memory next to their formulas', () => {
    expect(scalingSection(data)).toContain('| 64 | 500 | 10 | 8 | 80 % | 250,000 | 190 | 200 | 0.046 |');
    expect(scalingCharts(data)).toHaveLength(4);
  });

  it('shows how much time an option adds to a step', () => {
    expect(scalingSection(data)).toContain('| `--layer-norm` | 800 | 25 % |');
  });

  it('computes the number of machines that are faster than one', () => {
    const network = { ours: 100, best: 60, characters: 600, parameters: 1000 };
    expect(machinesToWin({ ...network, bandwidth: Infinity })).toBe(2);
    // Two machines read 1,200 characters in 10 + 5 s, and three read 1,800 in 10 + 6.7 s.
    expect(machinesToWin({ ...network, bandwidth: 800 })).toBe(3);
    expect(machinesToWin({ ...network, bandwidth: 0.001 })).toBe('more than 1000');
    expect(machinesToWin({ ...network, best: 120, bandwidth: 1 })).toBe(1);
  });
});

describe('every section, with all that a benchmark can measure', () => {
  const network = { cell: 'lstm', hidden: 128, layers: 2, batch: 50, seq: 50 };
  const compared = {
    network,
    sides: [
      { name: 'rnn' },
      { name: 'PyTorch 2.15.0', threads: '2 × 2' },
      { name: 'JAX 0.10.2', problem: 'not installed' },
    ],
    asked: 3,
    rounds: [[200, 100, null], [210, 100, null], [190, 100, null]], // prettier-ignore
  };
  const speedData = {
    ...about,
    minutes: 60,
    node: 'v20',
    device: 'cpu',
    kernels: 'avx2',
    peers: [{ name: 'PyTorch 2.15.0', about: '2.15.0+cpu, mkl, of python3' }],
    text: 'sonnets, built in',
    command: 'npm run bench',
    rawData: 'speed.json',
    asked: 3,
    repeats: 2,
    devices: { rnn: 'cpu: machine code (AVX2), 2 threads' },
    train: [compared],
    sample: [compared],
    count: compared,
    javascript: compared,
    start: [{ command: 'rnn --help', milliseconds: 178 }],
  };
  const sections: Record<string, string> = {
    speed: speedSection(speedData),
    quality: qualitySection(Object.fromEntries((tasks as Task[]).map(({ name }) => [name, result]))),
    scaling: scalingSection(scalingData),
  };

  it('has ratios of each program, and says which is missing', () => {
    expect(sections['speed']).toContain('| LSTM H128 L2 N50 T50 | 200 | PyTorch 2.15.0 | 100 | 2 × 2 | 2.00 | 3 |');
    expect(sections['speed']).toContain('| LSTM H128 L2 N50 T50 | 200 | JAX 0.10.2 | not installed |  | – |  |');
  });

  it.each(Object.keys(sections))('keeps to the rules of language: %s', (name) => {
    const prose = proseOfPage(sections[name]).filter(({ text }) => !text.startsWith('|'));
    const sentences = prose.flatMap(({ text }) => text.split(/(?<=[.!?:])\s+/));
    expect(sentences.filter((sentence) => sentence.split(' ').length > MAX_SENTENCE_WORDS)).toEqual([]);
    const found = prose.flatMap(({ text }) => dialect.flatMap(({ pattern }) => pattern.exec(text)?.[0] ?? []));
    expect(found).toEqual([]);
  });
});
