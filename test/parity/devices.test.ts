import { openWithBlas } from '../devices/cpu/helpers.ts';
import { openHere } from '../devices/gpu/helpers.ts';
import { compareWithReference } from './compare.ts';

compareWithReference('cpu, 1 thread', await openHere('cpu', { threads: 1, blas: 'off' }), { lasting: true });
compareWithReference('cpu, 3 threads', await openHere('cpu', { threads: 3, blas: 'off' }), {
  lasting: true,
  fewNetworks: true,
});
compareWithReference("cpu, 2 threads, the system's BLAS", await openWithBlas({ threads: 2 }), {
  lasting: true,
  fewNetworks: true,
});
compareWithReference('gpu:webasm', await openHere('gpu:webasm'), { lasting: false, fewNetworks: true });
// The same kernels, by another of gpu.js's backends.
compareWithReference('gpu:cpu', await openHere('gpu:cpu'), { lasting: false, few: true });
