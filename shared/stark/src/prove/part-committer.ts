/** What statements name, recomputed from records and balances, without a proof. */
import { RECORD_COLUMNS } from '../air/records-table.ts';
import { CommittedTree } from '../commit/committed-tree.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { scratch } from '../kernel/kernel-values.ts';
import { Transforms } from '../kernel/ntt.ts';
import { HeightOpenings } from '../openings/height-openings.ts';
import { ACCOUNT_COLUMNS, type AccountCommitment } from '../statement/account-commitment.ts';
import type { AccountTable } from '../trace/account-table.ts';
import { traceBefore } from '../trace/accounts-trace.ts';
import { traceRecords } from '../trace/records-trace.ts';
import type { SettlementRecord } from '../trace/settlement-record.ts';
import type { TableTrace } from '../trace/table-trace.ts';
import { accountCommitment } from './committed-accounts.ts';
import { type ExtendedColumns, extendValues } from './extended-columns.ts';

const WORD_BYTES = 4;

interface Committed {
  readonly tree: CommittedTree;
  readonly columns: ExtendedColumns;
  readonly transforms: Transforms;
}

/** Of all parts of a chain: they have one blowup. */
export class PartCommitter {
  readonly #kernel: Kernel;
  readonly #logBlowup: number;

  constructor(kernel: Kernel, logBlowup: number) {
    this.#kernel = kernel;
    this.#logBlowup = logBlowup;
  }

  /**
   * Root (32 bytes) of the record tree.
   * @param records - 1 to MAX_PART_RECORDS
   * @throws StarkError STATEMENT_FALSE for a record that is not valid; OUT_OF_MEMORY
   */
  recordRoot(records: readonly SettlementRecord[]): Uint8Array {
    const { trace } = traceRecords(records);
    return scratch(this.#kernel, () => this.#commit(trace, RECORD_COLUMNS.length).tree.root);
  }

  /** The commitment of an account table at its least height. @throws StarkError OUT_OF_MEMORY */
  accounts(table: AccountTable): AccountCommitment {
    const trace = traceBefore(table);
    const logHeight = Math.log2(trace.height);
    return scratch(this.#kernel, () => {
      const { tree, columns, transforms } = this.#commit(trace, ACCOUNT_COLUMNS);
      const openings = new HeightOpenings(this.#kernel, transforms, logHeight);
      return accountCommitment(columns, tree, openings);
    });
  }

  /** The first columns of a table. */
  #commit({ cells, height }: TableTrace, count: number): Committed {
    const kernel = this.#kernel;
    const logHeight = Math.log2(height);
    const length = count * height;
    const values = kernel.arena.take(WORD_BYTES * length);
    kernel.arena.words(values, length).set(cells.subarray(0, length));
    kernel.exports.enterColumn(values, values, length);
    const transforms = new Transforms(kernel, [logHeight], this.#logBlowup);
    const columns = extendValues(kernel, transforms, values, count, logHeight);
    const { stride } = columns;
    const table = { address: columns.at(0), stride, columns: count, logHeight };
    return { tree: CommittedTree.build(kernel, [table], this.#logBlowup), columns, transforms };
  }
}
