/** BN254 for public data: nothing here runs in constant time. Runs in Node and browsers. */
export {
  Bn254Error,
  type Bn254ErrorCode,
  type Flavour,
  Kernel,
  type KernelCode,
  openFlavour,
  openKernel,
} from './kernel.ts';
export { BASE_ORDER, SCALAR_ORDER } from './orders.ts';
export { Poseidon, SPONGE_RATE } from './poseidon.ts';
