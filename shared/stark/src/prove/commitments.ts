/** What a statement says of records and accounts, without a proof: for whoever has the data. */
import { ACCOUNT_COLUMNS } from '../air/accounts-table.ts';
import { RECORD_COLUMNS } from '../air/records-table.ts';
import { CommittedTree } from '../commit/committed-tree.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { Transforms } from '../kernel/ntt.ts';
import { HeightOpenings } from '../openings/height-openings.ts';
import { type AccountCommitment, accountPoint } from '../statement/account-commitment.ts';
import { type AccountTable, assertAccounts } from '../trace/account-table.ts';
import { traceBefore } from '../trace/accounts-trace.ts';
import { traceRecords } from '../trace/records-trace.ts';
import type { SettlementRecord } from '../trace/settlement-record.ts';
import type { TableTrace } from '../trace/table-trace.ts';
import { type ExtendedColumns, extendValues } from './extended-columns.ts';
import { scratch } from './kernel-values.ts';

const WORD_BYTES = 4;

/**
 * Root of the record tree of a part.
 * @throws StarkError STATEMENT_FALSE for a record that is not valid, with its index; OUT_OF_MEMORY
 */
export function commitRecords(
  kernel: Kernel,
  records: readonly SettlementRecord[],
  logBlowup: number,
): Uint8Array {
  const { trace } = traceRecords(records);
  return scratch(kernel, () => commit(kernel, trace, RECORD_COLUMNS.length, logBlowup).tree.root);
}

/**
 * The commitment to an account table, as the part that ends with it and the one that begins with it
 * have it.
 * @throws StarkError OUT_OF_MEMORY
 */
export function commitAccounts(
  kernel: Kernel,
  accounts: AccountTable,
  logBlowup: number,
): AccountCommitment {
  assertAccounts(accounts);
  return scratch(kernel, () => {
    const trace = traceBefore(accounts);
    const { tree, columns, transforms } = commit(kernel, trace, ACCOUNT_COLUMNS.length, logBlowup);
    const { root } = tree;
    const { logHeight } = columns;
    const openings = new HeightOpenings(kernel, transforms, logHeight);
    const addresses = ACCOUNT_COLUMNS.map((_, column) => columns.at(column));
    const pinned = openings.values(openings.at(accountPoint(root, logHeight)), addresses);
    return { logHeight, root, pinned };
  });
}

interface Committed {
  readonly tree: CommittedTree;
  readonly columns: ExtendedColumns;
  readonly transforms: Transforms;
}

/** A tree of a table's first columns alone. */
function commit(
  kernel: Kernel,
  { cells, height }: TableTrace,
  count: number,
  logBlowup: number,
): Committed {
  const { arena, exports } = kernel;
  const logHeight = Math.log2(height);
  const transforms = new Transforms(kernel, [logHeight], logBlowup);
  const words = count * height;
  const address = arena.take(WORD_BYTES * words);
  arena.words(address, words).set(cells.subarray(0, words));
  exports.enterColumn(address, address, words);
  const columns = extendValues(kernel, transforms, address, count, logHeight);
  const table = { address: columns.at(0), stride: columns.stride, columns: count, logHeight };
  return { tree: CommittedTree.build(kernel, [table], logBlowup), columns, transforms };
}
