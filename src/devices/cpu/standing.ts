// A call of a job that is made again and again, in the memory of its workload: identifiers go to where the workers read them,
// outputs are looked at where the workers leave them. Nothing is made anew for a call.
import type { StandingCall } from '../device.ts';
import { type Plan, heldRows, outputPlace } from './plan.ts';

/** @param step does one step of the job with all workers */
export function standingCall(plan: Plan, name: string, memory: WebAssembly.Memory, step: () => Promise<void> | void): StandingCall {
  const jobPlan = plan.jobs.find((each) => each.job.name === name)!;
  const { job, shardRows, programs } = jobPlan;
  const ints = new Int32Array(memory.buffer);
  const ids = new Int32Array(job.steps * job.batch);
  const homes = new Int32Array(ids.length);
  const outputs: Record<string, Float32Array[]> = {};
  for (const row of heldRows(jobPlan)) {
    homes[row.whole] = (plan.shardBases[row.worker] + plan.shard.ids) / 4 + row.own;
    for (const [output, { columns }] of programs.get(shardRows[0])!.program.outputs) {
      (outputs[output] ??= [])[row.whole] = new Float32Array(memory.buffer, 4 * outputPlace(plan, jobPlan, output, row).start, columns);
    }
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
