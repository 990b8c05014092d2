// The space `call`: the inputs of a call, the carried states of all jobs, and the report.
import type { Program, Value } from '../../program/value.ts';
import type { Job, UpdateRule } from '../device.ts';
import { reportNumbers } from './finish.ts';

/** Offsets of the parts of the space `call`. The inputs of a call are contiguous, from `ids` on. */
export interface CallLayout {
  readonly report: number;
  readonly ids: number;
  readonly targets: number;
  readonly sortedPositions: number;
  readonly firstPositions: number;
  /** Numbers by name: scalars of the update, `continues`, and the halves of seeds of masks. */
  readonly numbers: ReadonlyMap<string, number>;
  /** The number of elements that the inputs of a call have. */
  readonly inputs: number;
  readonly elements: number;
}

/** Offsets of the carried states of all jobs, of the report and of the inputs in the space `call`. */
export interface StatePlaces {
  /** By job and name. */
  readonly offsets: ReadonlyMap<string, number>;
  readonly report: number;
  readonly inputs: number;
}

export const CONTINUES = 'continues';
export const stateId = (job: Job, name: string): string => `${job.sharesStateWith ?? job.name} ${name}`;
export const seedName = (site: number, half: 0 | 1): string => `seed ${site} ${half}`;
export const scalarName = (name: string): string => `scalar ${name}`;

/** Places the carried states of all jobs, and the report and the inputs after them. */
export function placeStates(jobs: readonly { readonly job: Job; readonly program: Program }[]): StatePlaces {
  const offsets = new Map<string, number>();
  let next = 0;
  for (const { job, program } of jobs)
    for (const value of program.values) {
      if (value.kind !== 'loadState' && value.kind !== 'storeState') continue;
      const key = stateId(job, value.name);
      if (offsets.has(key)) continue;
      offsets.set(key, next);
      next += value.rows * value.columns;
    }
  return { offsets, report: next, inputs: next + reportNumbers.length };
}

export function layOutCall(
  { steps, batch }: Job,
  states: StatePlaces,
  masks: readonly Value<'dropoutMask'>[],
  scatterRows: number,
  update: UpdateRule | null,
): CallLayout {
  const count = steps * batch;
  let next = states.inputs;
  const reserve = (elements: number): number => (next += elements) - elements;
  const ids = reserve(count);
  const targets = reserve(count);
  const sortedPositions = reserve(scatterRows > 0 ? count : 0);
  const firstPositions = reserve(scatterRows > 0 ? scatterRows + 1 : 0);
  const numbers = new Map<string, number>();
  for (const name of update?.scalars ?? []) numbers.set(scalarName(name), reserve(1));
  numbers.set(CONTINUES, reserve(1));
  for (const { site } of masks)
    for (const half of [0, 1] as const)
      if (!numbers.has(seedName(site, half))) numbers.set(seedName(site, half), reserve(1));
  return {
    report: states.report,
    ids,
    targets,
    sortedPositions,
    firstPositions,
    numbers,
    inputs: next - ids,
    elements: next,
  };
}

/** The numbers of a call by their names. */
export function numbersOf(
  masks: readonly Value<'dropoutMask'>[],
  scalars: Readonly<Record<string, number>>,
  continues: boolean,
  seedOf: (site: number) => number,
): Map<string, number> {
  const numbers = new Map(Object.entries(scalars).map(([name, value]) => [scalarName(name), value]));
  numbers.set(CONTINUES, continues ? 1 : 0);
  for (const { site } of masks) {
    const seed = seedOf(site);
    numbers.set(seedName(site, 0), seed >>> 16).set(seedName(site, 1), seed & 0xffff);
  }
  return numbers;
}
