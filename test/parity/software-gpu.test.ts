// A separate file from the other devices, because a software GPU takes longer than all of them
// together. The other modes of gpu.js run the same kernels of all networks, so this tests only the
// shading language: each operation, and a few networks.
import { compareWithReference } from './compare.ts';
import { openHere } from '../devices/gpu/helpers.ts';

compareWithReference('gpu:software', await openHere('gpu:software'), { lasting: false, fewNetworks: true });
