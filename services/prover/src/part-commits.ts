// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * What statements name of records and balances. The prover recomputes it rather than take it from
 * whoever proves: a proof of other records would verify as well.
 */
import {
  type AccountCommitment,
  type AccountTable,
  Kernel,
  MAX_PART_RECORDS,
  PartCommitter,
  PlainTree,
  readKernelModule,
} from '@foldbook/stark';
import { unpackRecords } from '@foldbook/verifier';
import { Piscina } from 'piscina';
import { messageOf, ProverError } from './prover-error.ts';
import { WORKER_IDLE_MS } from './router/settings.ts';

export interface CommitTask {
  readonly logBlowup: number;
  /** Of a part, as `packRecords` writes them; none where the accounts alone are asked for. */
  readonly records?: Uint8Array | undefined;
  /** Behind these records. */
  readonly accounts: AccountTable;
}

export interface Commitments {
  /** Of the record tree; empty without records. */
  readonly recordRoot: Uint8Array;
  readonly accounts: AccountCommitment;
  /** Of the plain tree of the accounts. */
  readonly accountsRoot: Uint8Array;
  /** The same tree's: who opens a row of it need not hash them all again. */
  readonly accountBlocks: Uint32Array;
}

export interface PartCommits {
  /** @throws ProverError PROVING_KEY where it can't be done here; CLOSED */
  commit(task: CommitTask): Promise<Commitments>;
}

/** On the thread that asks. */
export class LocalCommits implements PartCommits {
  #kernel: Promise<Kernel> | undefined;

  commit(task: CommitTask): Promise<Commitments> {
    return this.#commit(task).catch((error: unknown) => {
      throw notHere(error);
    });
  }

  async #commit({ logBlowup, records, accounts }: CommitTask): Promise<Commitments> {
    this.#kernel ??= readKernelModule().then((module) => new Kernel(module));
    const committer = new PartCommitter(await this.#kernel, logBlowup);
    const tree = new PlainTree(accounts);
    const list = unpackRecords(records ?? new Uint8Array(), MAX_PART_RECORDS);
    if (records !== undefined && !list.ok) throw new Error(list.error.message);
    return {
      recordRoot: list.ok ? committer.recordRoot([...list.value]) : new Uint8Array(),
      accounts: committer.accounts(accounts),
      accountsRoot: tree.root,
      accountBlocks: tree.blocks,
    };
  }
}

/** What a thread throws arrives as a message only. */
function notHere(error: unknown): ProverError {
  const message = messageOf(error);
  return new ProverError('PROVING_KEY', `parts can't be planned here: ${message}`, {
    cause: error,
  });
}

/** A thread for it: 65,536 records take a tenth of a second. */
export class CommitPool implements PartCommits {
  readonly #pool = new Piscina<CommitTask, Commitments>({
    filename: new URL('./part-commit-worker.ts', import.meta.url).href,
    minThreads: 0,
    maxThreads: 1,
    idleTimeout: WORKER_IDLE_MS,
  });

  #isClosed = false;

  async commit(task: CommitTask): Promise<Commitments> {
    try {
      return await this.#pool.run(task);
    } catch (error) {
      if (this.#isClosed) throw new ProverError('CLOSED', 'parts are not planned any more');
      throw notHere(error);
    }
  }

  /** Ends the thread; what it is at is rejected. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#pool.destroy();
  }
}
