// SPDX-License-Identifier: GPL-3.0-or-later
/** Small parts of a STARK chain that can be proved. Tests only. */
import {
  airDigest,
  DEFAULT_PARAMETERS,
  encodeStatement,
  genesisAccounts,
  Kernel,
  PartCommitter,
  readKernelModule,
} from '@foldbook/stark';
import { bytesToHex, packRecords, type SettlementRecord } from '@foldbook/verifier';
import { packAccounts } from '../packed-accounts.ts';
import { createPartJob, type PartJob } from '../proof-job.ts';

const deposit = (account: number, dBase: bigint): SettlementRecord => {
  return { kind: 4, a: 0, b: account, price: 0n, dBase, dQuote: 0n };
};

/** Of the first part of a chain: one deposit of so much base. */
export async function samplePartJob(
  amount = 5n,
  parameters = DEFAULT_PARAMETERS,
): Promise<PartJob> {
  const records = [deposit(2, amount)];
  const kernel = new Kernel(await readKernelModule());
  const committer = new PartCommitter(kernel, parameters.logBlowup);
  const after = {
    ids: Uint32Array.of(0, 1, 2),
    base: BigUint64Array.of(amount, 0n, amount),
    quote: new BigUint64Array(3),
  };
  const chainId = new Uint8Array(32).fill(9);
  const statement = encodeStatement({
    ...{ parameters, airDigest: airDigest(), chainId, market: 7, part: 0, epoch: 0n },
    ...{ recordFirst: 0n, count: 1, recordRoot: committer.recordRoot(records) },
    before: committer.accounts(genesisAccounts()),
    after: committer.accounts(after),
  });
  const place = { market: 'TEST-USD', chain: bytesToHex(chainId), epoch: 0, part: 'p0+1' };
  const accounts = packAccounts(genesisAccounts());
  return createPartJob(place, airDigest(), { statement, records: packRecords(records), accounts });
}
