/** The kernel of this thread in a browser, opened when this module is imported. */
import { G1 } from './g1.ts';
import { G2 } from './g2.ts';
import { Bn254Error, type KernelCode, openKernel } from './kernel.ts';
import { Pairing } from './pairing.ts';
import { Poseidon } from './poseidon.ts';

async function fetchCode(file: URL): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(file);
  if (response.ok) return new Uint8Array(await response.arrayBuffer());
  throw new Bn254Error('KERNEL_NOT_BUILT', `${file.href} answers ${response.status}`);
}

// Written out, so that bundlers find both files.
const code: KernelCode = {
  fused: await fetchCode(new URL('../build/fused.wasm', import.meta.url)),
  portable: await fetchCode(new URL('../build/portable.wasm', import.meta.url)),
};

export { Bn254Error } from './kernel.ts';
export { SPONGE_RATE } from './poseidon.ts';

export const kernel = await openKernel(code);
export const poseidon = new Poseidon(kernel);
export const g1 = new G1(kernel);
export const g2 = new G2(kernel);
export const pairing = new Pairing(kernel);
