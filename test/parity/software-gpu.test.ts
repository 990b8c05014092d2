// In a file of its own, beside the other devices: a software GPU takes longer than all of them
// together. What it adds to gpu.js's other modes, which run the same kernels of all networks, is
// the language of shaders: each operation, and a few networks, tell whether that is right.
import { compareWithReference } from './compare.ts';
import { openHere } from '../devices/gpu/helpers.ts';

compareWithReference('gpu:software', await openHere('gpu:software'), { lasting: false, fewNetworks: true });
