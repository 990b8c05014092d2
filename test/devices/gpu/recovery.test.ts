// The loss of a GPU, with a fake GPU that counts calls in its memory.
import { describe, expect, it } from 'vitest';
import { type Backend, GpuLostError, type RawCall, type RawResult } from '../../../src/devices/gpu/backend.ts';
import type { Space } from '../../../src/devices/gpu/body.ts';
import type { CompiledJob } from '../../../src/devices/gpu/compile.ts';
import { Recovery } from '../../../src/devices/gpu/recovery.ts';
import { RnnError } from '../../../src/errors.ts';

const sizes = { arena: 1, vectors: 2, call: 1 } as const;
const job = {} as CompiledJob;

/** Each call adds its inputs to the first vector, and counts itself in the memory of calls. */
class FakeGpu implements Backend {
  readonly #memory: Readonly<Record<Space, Float32Array>> = {
    arena: new Float32Array(1),
    vectors: new Float32Array(2),
    call: new Float32Array(1),
  };
  readonly #world: World;
  readonly #number: number;

  constructor(world: World) {
    this.#world = world;
    this.#number = ++world.opened;
  }

  mostCalls(): number {
    return 4;
  }

  async run(_: CompiledJob, calls: readonly RawCall[]): Promise<readonly RawResult[]> {
    const results = calls.map(({ inputs }): RawResult => {
      this.#world.calls++;
      this.#memory.vectors[0] += inputs[0];
      this.#memory.call[0]++;
      return { report: Float32Array.of(this.#memory.vectors[0], this.#memory.call[0]), outputs: {} };
    });
    await this.#answer();
    return results;
  }

  async read(space: Space, offset: number, elements: number): Promise<Float32Array> {
    await this.#answer();
    return this.#memory[space].slice(offset, offset + elements);
  }

  async write(space: Space, offset: number, values: Float32Array): Promise<void> {
    this.#memory[space].set(values, offset);
  }

  async times(): Promise<readonly number[]> {
    return [];
  }

  close(): void {}

  async #answer(): Promise<void> {
    await Promise.resolve();
    if (this.#world.failure) throw this.#world.failure;
    if (this.#number <= this.#world.lost) throw new GpuLostError('lost');
  }
}

class World {
  opened = 0;
  calls = 0;
  /** GPUs up to this number are lost. */
  lost = 0;
  failure: Error | null = null;
  readonly recovery = new Recovery(new FakeGpu(this), sizes, async () => new FakeGpu(this));

  lose(): void {
    this.lost = this.opened;
  }

  /** @returns the sum of all inputs so far, and the number of calls */
  async run(...inputs: readonly number[]): Promise<{ last: readonly number[]; note: string | null }> {
    const calls = inputs.map((input) => ({ inputs: Float32Array.of(input), reset: false, updates: true }));
    const { results, note } = await this.recovery.run(job, calls);
    return { last: [...results.at(-1)!.report], note };
  }
}

describe('a GPU that is lost', () => {
  it('is replaced with the same memory, and the run is repeated', async () => {
    const world = new World();
    await world.recovery.write('vectors', 0, Float32Array.of(10, 20));
    await world.run(1, 2);
    world.lose();
    expect(await world.run(3)).toEqual({
      last: [16, 3],
      note: 'the GPU was lost and opened again: a step was repeated',
    });
    expect(await world.run(4)).toEqual({ last: [20, 4], note: null });
    world.lose();
    expect(await world.run(5, 6, 7)).toEqual({
      last: [38, 7],
      note: 'the GPU was lost and opened again: 3 steps were repeated',
    });
    expect([...(await world.recovery.read('vectors', 0, 2))]).toEqual([38, 20]);
    expect(world.opened).toBe(3);
  });

  it('repeats only the calls since the last copy of its memory', async () => {
    const world = new World();
    await world.run(1, 2, 3);
    await world.recovery.save();
    await world.run(4);
    world.lose();
    world.calls = 0;
    expect((await world.run(5)).last).toEqual([15, 5]);
    // Call 5 on the lost GPU, and calls 4 and 5 on the new one.
    expect(world.calls).toBe(3);
  });

  it.each([
    [1, 2 ** 23],
    [2 ** 15, 1],
  ])('has its memory copied before the log of calls is too large: %i calls of %i numbers', async (calls, numbers) => {
    const world = new World();
    const call = { inputs: new Float32Array(numbers), reset: false, updates: true };
    await world.recovery.run(
      job,
      Array.from({ length: calls }, () => call),
    );
    await world.run(1);
    world.lose();
    world.calls = 0;
    expect((await world.run(2)).last).toEqual([3, calls + 2]);
    expect(world.calls).toBe(3);
  });

  it('is replaced once for reads at the same time', async () => {
    const world = new World();
    await world.run(1, 2, 3);
    world.lose();
    const [sum, count] = await Promise.all([world.recovery.read('vectors', 0, 1), world.recovery.read('call', 0, 1)]);
    expect([sum[0], count[0]]).toEqual([6, 3]);
    expect(world.opened).toBe(2);
    expect((await world.run(4)).last).toEqual([10, 4]);
  });

  it('keeps written values when the caller changes them afterwards', async () => {
    const world = new World();
    const values = Float32Array.of(1, 2);
    await world.recovery.write('vectors', 0, values);
    values.fill(9);
    world.lose();
    expect([...(await world.recovery.read('vectors', 0, 2))]).toEqual([1, 2]);
  });

  it('and does not open again is an error of the device, with its cause', async () => {
    const world = new World();
    world.lost = Infinity;
    const error = await world.run(1).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(RnnError);
    expect(error).toMatchObject({
      kind: 'device',
      message: 'cannot continue on the GPU: it was lost and does not open again',
      hint: expect.stringContaining('--device cpu'),
      cause: expect.any(GpuLostError),
    });
    expect(world.opened).toBe(2);
  });
});

it('any other error is passed on, and nothing is repeated', async () => {
  const world = new World();
  world.failure = new TypeError('a bug');
  await expect(world.run(1)).rejects.toBe(world.failure);
  expect(world.opened).toBe(1);
  world.failure = null;
  expect((await world.run(2)).note).toBeNull();
});
