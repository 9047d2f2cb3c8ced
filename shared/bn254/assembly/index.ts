/** What the host calls; src/kernel.ts names the same. */
export { decodeQ, decodeR, encodeQ, encodeR, reverseNumbers } from './codec';
export { hashToPoints } from './hash-to-points';
export { heapBase, repeatProducts } from './host';
export { addMany, longestScalar, scalarsBelowOrder, sumOfProducts } from './msm';
export { compressPoints, decompressPoints, pointsOnCurve, scalePoints } from './points';
export { hashes, sponges } from './poseidon';
export { hashBlocks } from './sha-256';
export { addScaled, addVectors, multiplyMatrix, multiplyVectors } from './vectors';
