/** The tables of a part, in the order in which everything has them. */
import { accountsAfterTable, accountsBeforeTable } from './accounts-table.ts';
import { recordsTable } from './records-table.ts';
import type { Table } from './table.ts';

/** In the order in which the protocol has them. */
export const TABLES: readonly Table[] = [recordsTable, accountsAfterTable, accountsBeforeTable];
