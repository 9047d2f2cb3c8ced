/** What commits to a STARK chain's records and accounts: the kernel. In Node and browsers. */
import { Kernel, PartCommitter, readKernelModule } from '@foldbook/stark';
import type { PartCommitments } from './check-data.ts';

/** For `ChainOptions.commitments`. @throws StarkError KERNEL_NOT_BUILT, KERNEL_UNSUPPORTED */
export async function kernelCommitments(logBlowup: number): Promise<PartCommitments> {
  return commitmentsBy(await readKernelModule())(logBlowup);
}

/** The same with `@foldbook/stark`'s stark.wasm, for whoever has it from elsewhere. */
export function commitmentsBy(module: WebAssembly.Module): typeof kernelCommitments {
  return async (logBlowup) => new PartCommitter(new Kernel(module), logBlowup);
}
