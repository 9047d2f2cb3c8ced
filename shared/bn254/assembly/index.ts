/** What the host calls; src/kernel-exports.ts names the same. */
export { decodeQ, decodeR, encodeQ, encodeR } from './codec';
export { heapBase, repeatProducts } from './host';
export { hashes, sponges } from './poseidon';
