import { describe, expect, it } from 'vitest';
import { type Pace, paceOf } from '../../src/diagnosis/pace.ts';

/**
 * A device that requests each of these numbers of units for two runs, and the last one forever. The
 * first run of each number compiles.
 */
class Paced {
  readonly ran: number[] = [];
  #now = 0;
  readonly #lengths: readonly number[];
  readonly #unitMs: number;
  readonly #compileMs: number;
  readonly #perLength: number;

  constructor(lengths: readonly number[], unitMs: number, compileMs = 0, perLength = 2) {
    this.#lengths = lengths;
    this.#unitMs = unitMs;
    this.#compileMs = compileMs;
    this.#perLength = perLength;
  }

  nextRunUnits(): number {
    return this.#lengths[Math.min(this.#lengths.length - 1, Math.floor(this.ran.length / this.#perLength))];
  }

  run(units: number): Promise<void> {
    this.#now += units * this.#unitMs + (this.ran.includes(units) ? 0 : this.#compileMs);
    this.ran.push(units);
    return Promise.resolve();
  }

  measured(milliseconds: number): Promise<Pace> {
    return paceOf(this, milliseconds, { nowMs: () => this.#now, cpuMs: () => 2 * this.#now });
  }
}

describe('a pace', () => {
  it('is measured over runs of the final length, without compilation', async () => {
    const work = new Paced([1, 29, 63], 11, 4000);
    const pace = await work.measured(3000);
    expect(work.ran).toEqual([1, 1, 29, 29, 63, 63, 63, 63, 63, 63, 63]);
    expect(pace).toEqual({
      wallMsPerUnit: 11,
      cpuMsPerUnit: 22,
      unitsPerRun: 63,
      isRunLengthStable: true,
      firstRunExtraMs: 4000,
    });
  });

  it('is not of a stable run length if runs still grow', async () => {
    const work = new Paced([1, 29], 10, 4000, 4);
    const { unitsPerRun, isRunLengthStable } = await work.measured(1000);
    // The fourth run is measured, and then the device requests another length.
    expect(work.ran).toEqual([1, 1, 1, 1, 29, 29, 29, 29]);
    expect({ unitsPerRun, isRunLengthStable }).toEqual({ unitsPerRun: 29, isRunLengthStable: false });
  });

  it('follows a warm-up of at least three runs and a quarter of the time of the measurement', async () => {
    const slow = new Paced([1], 400);
    await slow.measured(1000);
    expect(slow.ran).toHaveLength(3 + 5);
    const quick = new Paced([1], 1);
    expect(await quick.measured(1000)).toMatchObject({ wallMsPerUnit: 1, isRunLengthStable: true, firstRunExtraMs: 0 });
    expect(quick.ran).toHaveLength(250 + 1000);
  });

  it('is the mean time of all runs, of which some may take longer', async () => {
    let now = 0;
    let runs = 0;
    const work = { nextRunUnits: () => 1, run: async () => void (now += ++runs % 2 === 0 ? 100 : 300) };
    const { wallMsPerUnit } = await paceOf(work, 2000, { nowMs: () => now, cpuMs: () => 0 });
    expect(wallMsPerUnit).toBeCloseTo(200, -1);
  });

  it('is measured in a single run if runs are very slow', async () => {
    const work = new Paced([1], 60_000, 5000);
    expect(await work.measured(3000)).toEqual({
      wallMsPerUnit: 60_000,
      cpuMsPerUnit: 120_000,
      unitsPerRun: 1,
      isRunLengthStable: true,
      firstRunExtraMs: 5000,
    });
    expect(work.ran).toEqual([1, 1]);
    const less = new Paced([1], 2500);
    await less.measured(3000);
    expect(less.ran).toHaveLength(3 + 5);
  });

  it('is measured even if the length of a run never settles, and reports this', async () => {
    const work = new Paced(
      Array.from({ length: 1000 }, (_, i) => 1 + (i % 2)),
      1,
      0,
      1,
    );
    expect(await work.measured(20)).toMatchObject({ isRunLengthStable: false });
    expect(work.ran.length).toBeLessThan(60);
    const slow = new Paced(
      Array.from({ length: 1000 }, (_, i) => 1 + (i % 2)),
      3000,
      0,
      1,
    );
    expect(await slow.measured(100)).toMatchObject({ isRunLengthStable: false });
    expect(slow.ran.length).toBeLessThan(15);
  });
});
