// From a job's program to the dispatches of a call. Bodies of one time and shape share a dispatch,
// as planes. Plain data: knows neither gpu.js nor WebGPU.
import { groupBy } from '../../group.ts';
import { splitIntoBlocks } from '../../program/blocks.ts';
import { layOutSteps } from '../../program/layout.ts';
import { scheduleInParallel } from '../../program/parallel.ts';
import { unstack } from '../../program/unstack.ts';
import { type SlicedWork, runUninterrupted } from '../../sliced-work.ts';
import type { ParameterShape, Program, Value } from '../../program/value.ts';
import type { CallCost, Job, UpdateRule, Workload } from '../device.ts';
import type { Body, Place, Space } from './body.ts';
import {
  CONTINUES,
  type CallLayout,
  type StatePlaces,
  layOutCall,
  placeStates,
  scalarName,
  seedName,
  stateId,
} from './call.ts';
import { VECTOR_ROW, report, reportNumbers, squareSums, update as updateBody, vectorElements } from './finish.ts';
import { type FixedPlaces, StepWriter, type TimedBody } from './members.ts';
import { splitSums } from './parts.ts';

/** One start of a kernel. */
export interface Dispatch {
  /** Bodies of the same shape, or with the same rows if a workgroup computes each row. */
  readonly planes: readonly Body[];
  readonly isByRow: boolean;
  /** Only where weights are updated. */
  readonly isUpdate: boolean;
}

/** One call of a job. */
export interface CompiledJob {
  readonly job: Job;
  readonly dispatches: readonly Dispatch[];
  readonly arenaElements: number;
  readonly call: CallLayout;
  /** Rows of the table whose gradient is a scatter, or 0. */
  readonly scatterRows: number;
  readonly masks: readonly Value<'dropoutMask'>[];
  readonly states: ReadonlyMap<string, { readonly offset: number; readonly elements: number }>;
  readonly outputs: ReadonlyMap<string, { readonly place: Place; readonly rows: number; readonly columns: number }>;
  readonly trains: boolean;
  readonly hasLoss: boolean;
  readonly cost: CallCost;
}

/** All jobs, and the memory that they share. */
export interface CompiledWorkload {
  readonly jobs: readonly CompiledJob[];
  readonly sizes: Readonly<Record<Space, number>>;
  /** All of the memory. */
  readonly bytes: number;
}

/** Compiles a workload without interruption. @param rowsApart as in `CompileOptions` */
export function compileWorkload(workload: Workload, rowsApart = false): CompiledWorkload {
  return runUninterrupted(compileInSlices(workload, rowsApart));
}

/** @param rowsApart as in `CompileOptions` */
export function* compileInSlices(
  { parameters, jobs, update }: Workload,
  rowsApart: boolean,
): SlicedWork<CompiledWorkload> {
  const built = jobs.map((job) => ({ job, program: job.build(job.batch) }));
  yield;
  const states = placeStates(built);
  const compiled: CompiledJob[] = [];
  for (const { job, program } of built)
    compiled.push(yield* compileJob(job, program, { rowsApart, parameters, update, states }));
  const arena = Math.max(...compiled.map(({ arenaElements }) => arenaElements));
  const vectors = (2 + (update?.slots.length ?? 0)) * vectorElements(parameters);
  const call = Math.max(...compiled.map((each) => each.call.elements));
  return { jobs: compiled, sizes: { arena, vectors, call }, bytes: 4 * (arena + vectors + call) };
}

interface CompileOptions {
  /** Whether threads do not wait for each other, to compute several steps of a row in turn. */
  readonly rowsApart: boolean;
  readonly parameters: readonly ParameterShape[];
  readonly update: UpdateRule | null;
  readonly states: StatePlaces;
}

function* compileJob(
  job: Job,
  built: Program,
  { rowsApart, parameters, update, states }: CompileOptions,
): SlicedWork<CompiledJob> {
  const program = splitSums(splitIntoBlocks(unstack(built)));
  const trains = program.gradients.size > 0;
  const layout = yield* layOutSteps(program, (placement) => scheduleInParallel(program, placement));
  const masks = program.values.filter((value) => value.kind === 'dropoutMask');
  const scatterRows = Math.max(0, ...program.values.map((value) => (value.kind === 'scatter' ? value.rows : 0)));
  const call = layOutCall(job, states, masks, scatterRows, update);
  const length = vectorElements(parameters);
  const parameterOffsets = new Map<string, number>();
  let parameterOffset = 0;
  for (const { name, rows, columns } of parameters) {
    parameterOffsets.set(name, parameterOffset);
    parameterOffset += rows * columns;
  }
  let arenaElements = layout.arenaElements;
  const reserve = (elements: number): number => (arenaElements += elements) - elements;
  const losses = program.values.filter((value) => value.kind === 'crossEntropy');
  const statistics = new Map(losses.map((value) => [value as Value, reserve(3 * value.rows)]));
  const places = {
    length,
    report: states.report,
    continues: call.numbers.get(CONTINUES)!,
    squares: trains ? reserve(length / VECTOR_ROW) : 0,
  };
  const fixed: FixedPlaces = {
    ...call,
    gradients: length,
    parameter: (name) => parameterOffsets.get(name)!,
    state: (name) => states.offsets.get(stateId(job, name))!,
    seed: (site) => call.numbers.get(seedName(site, 0))!,
    statistics: (value) => statistics.get(value)!,
  };
  const writer = new StepWriter(layout, fixed);
  // Results that nothing reads are not computed.
  const used = layout.steps.flatMap((step) => writer.bodiesOf(step)).filter(({ body }) => body.stores.length > 0);
  const dispatches = arrange(used, rowsApart);
  const addLast = (body: Body, isUpdate = false): void =>
    void dispatches.push({ planes: [body], isByRow: false, isUpdate });
  if (trains) addLast(squareSums(places));
  if (trains || losses.length > 0) {
    const rowLosses = losses.map((value) => ({ place: writer.rowLosses(value), rows: value.rows }));
    addLast(report(rowLosses, trains, update?.clipNorm ?? 0, places));
  }
  if (trains && update) {
    const scalars = new Map(update.scalars.map((name) => [name, call.numbers.get(scalarName(name))!]));
    addLast(updateBody(update, parameters, scalars, places), true);
  }
  const bodies = dispatches.flatMap(({ planes }) => planes);
  return {
    job,
    dispatches,
    arenaElements,
    call,
    scatterRows,
    masks,
    states: statesOf(job, built, states),
    outputs: new Map(
      [...program.outputs].map(([name, value]) => [
        name,
        { place: writer.placeOfValue(value), rows: value.rows, columns: value.columns },
      ]),
    ),
    trains,
    hasLoss: losses.length > 0,
    cost: {
      dispatches: dispatches.length,
      kernels: new Set(dispatches.map(({ planes }) => kernelKey(planes))).size,
      multiplyAdds: bodies.reduce((sum, { multiplyAdds }) => sum + multiplyAdds, 0),
      bytes: bodies.reduce((sum, { bytes }) => sum + bytes, 0),
      bytesUp: 4 * call.inputs,
      bytesBack: [...program.outputs.values()].reduce(
        (sum, x) => sum + 4 * x.rows * x.columns,
        4 * reportNumbers.length,
      ),
    },
  };
}

/** Dispatches with the same key share a kernel. */
export function kernelKey(planes: readonly Body[]): string {
  return planes.map(({ key }) => key).join();
}

/** The limit of WebGPU. */
const MOST_WORKGROUPS = 65_535;

/**
 * Bodies of one time and shape as planes of a dispatch. Bodies with sums have separate dispatches.
 * Bodies for rows that threads compute together follow each other, unless `rowsApart`.
 */
function arrange(bodies: readonly TimedBody[], rowsApart: boolean): Dispatch[] {
  const isByRow = ({ together, body }: TimedBody): boolean =>
    !rowsApart && together !== null && body.rows <= MOST_WORKGROUPS;
  const groups = groupBy(bodies, (each) => {
    const { time, turn, body } = each;
    return isByRow(each)
      ? `${time} 0 ${body.rows}`
      : `${time} ${turn} ${body.rows} ${body.columns} ${body.sums.length > 0 ? 'sums' : ''}`;
  });
  return [...groups.values()]
    .toSorted(([a], [b]) => a.time - b.time || a.turn - b.turn)
    .map((group) => ({
      planes: isByRow(group[0]) ? inTurns(group) : group.map(({ body }) => body),
      isByRow: isByRow(group[0]),
      isUpdate: false,
    }));
}

/** The first body of each group that is computed together. The other bodies of its group follow it. */
function inTurns(bodies: readonly TimedBody[]): Body[] {
  return [...groupBy(bodies, ({ together }) => together).values()].map((group) => {
    for (const [index, { body }] of group.slice(1).entries()) group[index].body.next = body;
    return group[0].body;
  });
}

/** Also those that a rewritten program does not load, because nothing that is read needs them. */
function statesOf(job: Job, program: Program, states: StatePlaces): CompiledJob['states'] {
  return new Map(
    program.values.flatMap((value) =>
      value.kind === 'loadState'
        ? [
            [
              value.name,
              { offset: states.offsets.get(stateId(job, value.name))!, elements: value.rows * value.columns },
            ] as const,
          ]
        : [],
    ),
  );
}
