/** All cells of the main trees of a part (SPEC.md, section 8). */
import { ACCOUNT_RANGES } from '../air/accounts-table.ts';
import { RANGE, RECORD_RANGES } from '../air/records-table.ts';
import type { AccountTable } from './account-table.ts';
import { traceAccounts } from './accounts-trace.ts';
import { traceRecords } from './records-trace.ts';
import type { SettlementRecord } from './settlement-record.ts';
import { countRanges, type TableTrace } from './table-trace.ts';

export interface SettlementTrace {
  readonly records: TableTrace;
  readonly after: TableTrace;
  readonly before: TableTrace;
  /** The table that the part ends with. */
  readonly accounts: AccountTable;
}

/**
 * @param records - 1 to RECORD_LIMIT
 * @throws StarkError STATEMENT_FALSE with the record that is not valid, or the account whose
 *   balance leaves 0 .. 2^63 - 1
 */
export function traceSettlement(
  records: readonly SettlementRecord[],
  accountsBefore: AccountTable,
): SettlementTrace {
  const { trace, movements } = traceRecords(records);
  const { after, before, accounts } = traceAccounts(accountsBefore, movements);
  fillMultiplicities(trace, after);
  return { records: trace, after, before, accounts };
}

/** Column m: how often each t is looked up; rows that repeat the last t say 0. */
export function fillMultiplicities(records: TableTrace, after: TableTrace): void {
  const counts = new Uint32Array(RANGE);
  countRanges(records, RECORD_RANGES, counts);
  countRanges(after, ACCOUNT_RANGES, counts);
  const column = records.named('m');
  column.fill(0);
  column.set(counts);
}
