// The exports of the kernel module. calls.ts on the JavaScript side has their types. AssemblyScript
// has the syntax of TypeScript plus decorators of functions, so tsc skips this folder.
export { gemmPanels, gemmTransposedA } from './gemm';
export { dropoutMask } from './dropout';
export { packPanels, transposeRows } from './packing';
export { addRows, copyRows, gather, scatterAdd, zero } from './rows';
export { reduceShards, sumOfSquares } from './reductions';
export { softmaxCrossEntropy } from './softmax';
