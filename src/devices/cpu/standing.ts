// A call of a job that is made again and again, in the memory of its workload: identifiers go to where the workers read them,
// outputs are looked at where the workers leave them. Nothing is made anew for a call.
import type { StandingCall } from '../device.ts';
import type { Plan } from './plan.ts';

/** @param step does one step of the job with all workers */
export function standingCall(plan: Plan, name: string, memory: WebAssembly.Memory, step: () => Promise<void> | void): StandingCall {
  const { job, shardRows, programs } = plan.jobs.find((each) => each.job.name === name)!;
  const ints = new Int32Array(memory.buffer);
  const ids = new Int32Array(job.steps * job.batch);
  const homes = new Int32Array(ids.length);
  const outputs: Record<string, Float32Array[]> = {};
  let first = 0;
  for (const [worker, rows] of shardRows.entries()) {
    if (rows === 0) continue;
    const { program, layout } = programs.get(rows)!;
    const { ids: idsAddress, arena } = plan.shard;
    const base = plan.shardBases[worker];
    for (let t = 0; t < job.steps; t++) {
      for (let r = 0; r < rows; r++) homes[t * job.batch + first + r] = (base + idsAddress) / 4 + t * rows + r;
    }
    for (const [output, value] of program.outputs) {
      const { buffer, row, column } = layout.homeOf(value);
      const start = (base + arena) / 4 + layout.offsetOf(buffer) + column;
      const all = (outputs[output] ??= []);
      for (let t = 0; t < job.steps; t++) {
        for (let r = 0; r < rows; r++) {
          const at = start + (row + buffer.before + t * rows + r) * buffer.columns;
          all[t * job.batch + first + r] = new Float32Array(memory.buffer, 4 * at, value.columns);
        }
      }
    }
    first += rows;
  }
  return {
    ids,
    outputs,
    run() {
      for (let i = 0; i < homes.length; i++) ints[homes[i]] = ids[i];
      return step();
    },
  };
}
