// SPDX-License-Identifier: GPL-3.0-or-later
/** Makes the proofs of parts in a thread, with one kernel, which keeps its memory. */
import {
  type AccountTable,
  airDigest,
  decodeStatement,
  Kernel,
  MAX_PART_RECORDS,
  PartProver,
  type PartStatement,
  readKernelModule,
} from '@foldbook/stark';
import { type RecordList, unpackRecords } from '@foldbook/verifier';
import { unpackAccounts } from './packed-accounts.ts';
import type { PartJob, ProofResult } from './proof-job.ts';
import { ProverError } from './prover-error.ts';

/** How the other threads say that the work is to end: word 0 is then not 0. */
export type StopFlag = Int32Array;

export class PartProving {
  readonly #kernel: Kernel;

  private constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** @throws StarkError KERNEL_NOT_BUILT */
  static async open(): Promise<PartProving> {
    return new PartProving(new Kernel(await readKernelModule()));
  }

  /**
   * @param stop - shared with whoever may end the work
   * @throws ProverError WITNESS for what is no part, or not the one that the statement is of;
   *   StarkError
   */
  prove(job: PartJob, stop: StopFlag): ProofResult {
    const startedMs = performance.now();
    const { statement, records, accounts } = readPart(job);
    const { chainId, market, epoch, part, recordFirst, parameters } = statement;
    const made = new PartProver(this.#kernel, parameters).prove(
      { chainId, market, epoch, part, recordFirst, records: [...records], accounts },
      { isCancelled: () => Atomics.load(stop, 0) !== 0 },
    );
    if (Buffer.compare(made.statement, job.statement) !== 0) {
      throw wrong(job, 'its records and accounts are not those that its statement names');
    }
    return { proof: made.proof, publicSignals: [], proveMs: performance.now() - startedMs };
  }
}

interface Part {
  readonly statement: PartStatement;
  readonly records: RecordList;
  readonly accounts: AccountTable;
}

function readPart(job: PartJob): Part {
  const decoded = decodeStatement(job.statement);
  if (!decoded.ok) throw wrong(job, decoded.message);
  const statement = decoded.value;
  if (Buffer.compare(statement.airDigest, airDigest()) !== 0) {
    throw wrong(job, 'its statement names other constraints than its key');
  }
  const records = unpackRecords(job.records, MAX_PART_RECORDS);
  if (!records.ok) throw wrong(job, records.error.message);
  if (records.value.length !== statement.count) {
    throw wrong(job, `${records.value.length} records, its statement names ${statement.count}`);
  }
  const accounts = unpackAccounts(job.accounts);
  if (accounts instanceof Error) throw wrong(job, accounts.message);
  return { statement, records: records.value, accounts };
}

const wrong = ({ id }: PartJob, what: string) => new ProverError('WITNESS', `job ${id}: ${what}`);
