/** Writes the corpus of `foldbook check fuzz`: a statement, and one with a proof of one query. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { Kernel } from '../kernel/kernel.ts';
import { readKernelModule } from '../kernel/module-node.ts';
import { PartProver } from '../prove/part-prover.ts';
import { sampleAccounts, sampleRecords } from './sample-part.ts';

const parameters = { logBlowup: 2, queries: 1, grindingBits: 0 };
const prover = new PartProver(new Kernel(await readKernelModule()), parameters);
const place = { chainId: new Uint8Array(32).fill(3), market: 7, epoch: 5n, part: 2 };
const part = {
  ...place,
  recordFirst: 1_000n,
  records: sampleRecords(),
  accounts: sampleAccounts(),
};
const { statement, proof } = prover.prove(part);
for (const [format, bytes] of [
  ['stark-statement', statement],
  ['stark-proof', Buffer.concat([statement, proof])],
] as const) {
  const folder = new URL(`../../corpus/${format}/`, import.meta.url);
  mkdirSync(folder, { recursive: true });
  writeFileSync(new URL('every-kind.fbs', folder), bytes);
}
