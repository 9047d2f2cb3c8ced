/** What the host calls; src/kernel.ts names the same. */
export { longestScalar, scalarsBelowOrder, signScalars } from './buckets';
export { decodeMontgomeryQ, decodeQ, decodeR, encodeQ, encodeR, reverseNumbers } from './codec';
export { powersOf, reverseOrder, transformDown, transformUp } from './fft';
export { addManyOfTwist, sumOfTwistProducts } from './g2-msm';
export {
  pairCoordinates, pointsInSubgroup, pointsOnTwist, scaleTwistPoints, splitCoordinates,
} from './g2-points';
export { decompressTwist } from './g2-roots';
export { hashToPoints } from './hash-to-points';
export { heapBase, repeatProducts } from './host';
export { addMany, sumOfProducts } from './msm';
export { finalPowerIsOne, millerLoops } from './pairing';
export {
  compressPoints, decompressPoints, decompressSigned, pointsOnCurve, scalePoints,
} from './points';
export { hashes, sponges } from './poseidon';
export { hashBlocks } from './sha-256';
export { bindFirst, dotProduct, equalityTables, sumConstraints } from './sumcheck';
export { addScaled, addVectors, multiplyMatrix, multiplyVectors } from './vectors';
