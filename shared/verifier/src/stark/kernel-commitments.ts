/** What commits to records and accounts where there is Node: for a STARK chain's data. */
import { Kernel, PartCommitter, readKernelModule } from '@foldbook/stark';
import type { PartCommitments } from './check-data.ts';

/** For `ChainOptions.commitments`. @throws StarkError KERNEL_NOT_BUILT */
export async function kernelCommitments(logBlowup: number): Promise<PartCommitments> {
  return new PartCommitter(new Kernel(await readKernelModule()), logBlowup);
}
