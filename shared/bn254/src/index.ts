/** BN254 for public data: nothing here runs in constant time. Runs in Node and browsers. */
export { FrDomain, rootOfUnity } from './fft.ts';
export { G1 } from './g1.ts';
export { G2 } from './g2.ts';
export { G2_POINT_BYTES, G2PointList } from './g2-point-list.ts';
export {
  Bn254Error,
  type Bn254ErrorCode,
  type Flavour,
  Kernel,
  type KernelCode,
  openFlavour,
  openKernel,
} from './kernel.ts';
export { EqualityTables, Multilinear } from './multilinear.ts';
export { BASE_ORDER, SCALAR_ORDER } from './orders.ts';
export { Pairing } from './pairing.ts';
export { COMPRESSED_BYTES, POINT_BYTES, PointList } from './point-list.ts';
export { Poseidon, SPONGE_RATE } from './poseidon.ts';
export {
  type ByteOrder,
  FrVector,
  FrVectors,
  LoadedMatrix,
  type SparseMatrix,
} from './vectors.ts';
