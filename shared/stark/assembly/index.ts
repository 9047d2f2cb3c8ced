/**
 * The prover's kernel: what it does over whole columns. Memory is the caller's to lay out, from
 * `heapBase` on; addresses of columns are multiples of 16. Base elements in memory are u32 in
 * Montgomery form (R = 2^32), canonical: below p.
 */
export { heapBase } from './memory';
export { invertColumn, invertDifferences, invertExtension } from './inversion';
export { enterColumn, leaveColumn } from './montgomery';
export { foldLayer } from './fri';
export {
  addQuotient, barycentricWeights, combineColumns, dotColumns, geometric,
} from './openings';
export { grind, hashLevel, hashRows, injectRows } from './tree';
export { extendColumns, interpolateColumns, interpolateCoset } from './ntt';
export { transformTableBytes, writeTransformTables } from './ntt-tables';
export {
  constraintsAfter, constraintsBefore, constraintsRecords, lookupsAfter, lookupsBefore,
  lookupsRecords,
} from './air';
export { rangeInverses, sumUp } from './ranges';
