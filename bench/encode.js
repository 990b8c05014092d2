// How long the host takes to record a training step for a GPU, per dispatch, compared with a bare
// loop that records the same number of prepared dispatches. It does not need a GPU: Dawn's null
// backend records and submits, but does not compute.
//
//   node bench/encode.js [--rounds 30]
import { parseArgs } from 'node:util';
import { create } from 'webgpu';
import { Adapter } from '../dist/devices/gpu/adapter.js';
import { compileWorkload } from '../dist/devices/gpu/compile.js';
import { WebGpuBackend } from '../dist/devices/gpu/webgpu.js';
import { stylesFor } from '../dist/devices/gpu/style.js';
import { parameterShapes } from '../dist/model/parameters.js';
import { trainingProgram } from '../dist/model/network.js';
import { createOptimizer } from '../dist/training/optimizers.js';
import { tableHead, tableRow } from './comparison/markdown.js';
import { median } from './comparison/statistics.js';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '30' } } });
const rounds = Number(values.rounds);
const CALLS = 10;

const gpu = create(['backend=null']);
const found = await gpu.requestAdapter();
const adapter = new Adapter(gpu, 'hardware', {
  name: 'null',
  driver: '',
  software: true,
  limits: found.limits,
  features: [],
});

const configurations = [
  { cell: 'lstm', hidden: 128, layers: 2, batch: 50, steps: 50 },
  { cell: 'gru', hidden: 128, layers: 2, batch: 50, steps: 50 },
  // As many dispatches as a larger network has: the null backend has little memory.
  { cell: 'lstm', hidden: 128, layers: 3, batch: 32, steps: 64 },
];

console.log(tableHead(['network', 'dispatches', 'µs a dispatch', 'bare loop', 'ratio', 'ms a step']));
for (const configuration of configurations) {
  const {
    jobs: [job],
    sizes,
  } = compileWorkload(workloadOf(configuration));
  const backend = await WebGpuBackend.open(adapter, [job], sizes, (dispatch) => stylesFor(dispatch).slice(0, 1));
  const call = { inputs: new Float32Array(job.call.inputs), reset: false, updates: true };
  const calls = Array.from({ length: CALLS }, () => call);
  const device = await adapter.device();
  const bare = bareLoop(device, job.dispatches.length);
  const ours = () => backend.run(job, calls);
  await ours();
  bare();
  const ratios = [];
  const times = [[], []];
  for (let round = 0; round < rounds; round++) {
    const pair = [];
    for (const work of [ours, bare]) {
      const started = performance.now();
      await work();
      pair.push(((performance.now() - started) * 1000) / (CALLS * job.dispatches.length));
    }
    ratios.push(pair[0] / pair[1]);
    pair.forEach((time, i) => times[i].push(time));
  }
  const [own, loop] = times.map(median);
  const { cell, hidden, layers, batch, steps } = configuration;
  console.log(
    tableRow([
      `${cell.toUpperCase()} H${hidden} L${layers} N${batch} T${steps}`,
      job.dispatches.length,
      own.toFixed(2),
      loop.toFixed(2),
      median(ratios).toFixed(2),
      ((own * job.dispatches.length) / 1000).toFixed(2),
    ]),
  );
  backend.close();
}

function workloadOf({ cell, hidden, layers, batch, steps }) {
  const model = {
    cell,
    layers,
    hidden,
    embedding: 0,
    vocabulary: 65,
    forgetBias: 1,
    initialisation: 'uniform',
    dropout: 0,
    conventions: {},
  };
  const job = {
    name: 'train',
    steps,
    batch,
    build: (rows) => trainingProgram(model, { steps, rows }, 1 / (steps * batch)),
  };
  const update = createOptimizer({ optimizer: 'adam', clipNorm: 5, momentum: 0.9 }).rule;
  return { parameters: parameterShapes(model), jobs: [job], update };
}

/** Records as many dispatches as a step has, in one pass, and submits them. */
function bareLoop(device, count) {
  const layout = device.createBindGroupLayout({
    entries: [{ binding: 0, visibility: 4, buffer: { type: 'storage' } }],
  });
  const pipelines = [0, 1].map((i) =>
    device.createComputePipeline({
      layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
      compute: {
        module: device.createShaderModule({
          code: `@group(0) @binding(0) var<storage, read_write> x : array<f32>; @compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id : vec3<u32>) { x[id.x] += ${i}.0; }`,
        }),
        entryPoint: 'main',
      },
    }),
  );
  const groups = Array.from({ length: count }, () =>
    device.createBindGroup({
      layout,
      entries: [{ binding: 0, resource: { buffer: device.createBuffer({ size: 1024, usage: 0x80 }) } }],
    }),
  );
  return () => {
    for (let call = 0; call < CALLS; call++) {
      const encoder = device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      for (let i = 0; i < count; i++) {
        pass.setPipeline(pipelines[i % 2]);
        pass.setBindGroup(0, groups[i]);
        pass.dispatchWorkgroups(4);
      }
      pass.end();
      device.queue.submit([encoder.finish()]);
    }
  };
}
