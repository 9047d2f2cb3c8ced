/** The kernel of this thread in Node, opened when this module is imported. */
import { G1 } from './g1.ts';
import { G2 } from './g2.ts';
import { openKernel } from './kernel.ts';
import { readKernelCode } from './node-code.ts';
import { Pairing } from './pairing.ts';
import { Poseidon } from './poseidon.ts';

export { Bn254Error } from './kernel.ts';
export { SPONGE_RATE } from './poseidon.ts';

export const kernel = await openKernel(await readKernelCode());
export const poseidon = new Poseidon(kernel);
export const g1 = new G1(kernel);
export const g2 = new G2(kernel);
export const pairing = new Pairing(kernel);
