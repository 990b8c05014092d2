// A call of a job that is made again and again, in the memory of its workload: identifiers go to
// where the workers read them, outputs are looked at where the workers leave them. Nothing is made
// anew for a call.
import type { StandingCall } from '../device.ts';
import { heldRows, outputPlace } from './held-rows.ts';
import type { JobPlan, Plan } from './plan.ts';

/** @param step does one step of the job with all workers */
export function standingCall(
  plan: Plan,
  jobPlan: JobPlan,
  memory: WebAssembly.Memory,
  step: () => Promise<void> | void,
): StandingCall {
  const { job, program } = jobPlan;
  const ints = new Int32Array(memory.buffer);
  const ids = new Int32Array(job.steps * job.batch);
  const homes = new Int32Array(ids.length);
  const outputs: Record<string, Float32Array[]> = {};
  for (const held of heldRows(jobPlan)) {
    for (let r = 0; r < held.rows; r++)
      homes[held.whole + r] = (plan.shardBases[held.worker] + plan.shard.ids) / 4 + held.own + r;
    for (const [output, { columns }] of program.outputs) {
      const { start, stride } = outputPlace(plan, jobPlan, output, held);
      for (let r = 0; r < held.rows; r++)
        (outputs[output] ??= [])[held.whole + r] = new Float32Array(memory.buffer, 4 * (start + r * stride), columns);
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
