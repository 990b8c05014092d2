// The exports of the kernel module; kernels.ts on the JavaScript side describes each with its shapes.
// AssemblyScript has TypeScript's syntax, and decorators on functions, which TypeScript has not: tsc passes this folder over.
export { gemmPanels, gemmTransposedA } from './gemm';
export { dropoutMask } from './dropout';
export { packPanels, transposeRows } from './packing';
export { addRows, columnSums, copyRows, gather, scatterAdd, zero } from './rows';
export { reduceShards, sumOfSquares } from './reductions';
export { softmaxCrossEntropy } from './softmax';
export { exp1 } from './math';
