import { openHere } from '../devices/gpu/helpers.ts';
import { isEverything } from '../everything.ts';
import { compareWithReference } from './compare.ts';

compareWithReference('cpu, 1 thread', await openHere('cpu', { threads: 1 }), { lasting: true });
compareWithReference('cpu, 3 threads', await openHere('cpu', { threads: 3 }), {
  lasting: true,
  fewNetworks: true,
});
// The CPU uses the fastest of these by default, as tested above.
for (const kernels of ['avx2', 'wasm', 'wasm-portable'] as const)
  compareWithReference(`cpu, 2 threads, ${kernels}`, await openHere('cpu', { threads: 2, kernels }), {
    lasting: true,
    fewNetworks: true,
    few: !isEverything || kernels === 'wasm-portable',
  });
compareWithReference('gpu:cpu', await openHere('gpu:cpu'), { lasting: false, fewNetworks: true });
