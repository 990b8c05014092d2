// The exports of the kernel module. kernels.ts and calls.ts on the JavaScript side declare their
// types. AssemblyScript has its own number types, and decorators of functions, so tsc skips this
// folder.
export { gemmPanels, gemmTransposedA } from './gemm';
export { dropoutMask } from './dropout';
export { packPanels, transposeRows } from './packing';
export { addRows, copyRows, gather, scatterAdd, zero } from './rows';
export { reduceShards, rowSums, sumOfSquares } from './reductions';
export { softmaxCrossEntropy } from './softmax';
