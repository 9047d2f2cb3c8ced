/** The kernel of this thread in Node, opened when this module is imported. */
import { openKernel } from './kernel.ts';
import { readKernelCode } from './node-code.ts';
import { Poseidon } from './poseidon.ts';

export { SPONGE_RATE } from './poseidon.ts';

export const kernel = await openKernel(await readKernelCode());
export const poseidon = new Poseidon(kernel);
