// SPDX-License-Identifier: GPL-3.0-or-later
/** Parts of STARK chains as the router knows them: by the heights of their tables. */
import { accountsLogHeight, partCells, recordsLogHeight } from '@foldbook/stark/verify';

/** A part by what its cost depends on. Heights are powers of two: what is padded is proved too. */
export interface PartKind {
  readonly backEnd: 'stark';
  readonly logBlowup: number;
  /** Rows of the table of records. */
  readonly records: number;
  /** Rows of the table of accounts behind it. */
  readonly accounts: number;
  /** Of all its tables: what is not measured yet is guessed in their proportion. */
  readonly cells: number;
  readonly folds: false;
}

/** Account tables with less than this share of the records' rows count as if they had it. */
const LOG_LEAST_SHARE = 4;

/**
 * @param records - of the part, 1 or more
 * @param accounts - rows of its larger account table, or its height
 */
export function partKind(records: number, accounts: number, logBlowup: number): PartKind {
  const logRecords = recordsLogHeight(records);
  const logAccounts = Math.max(accountsLogHeight(accounts), logRecords - LOG_LEAST_SHARE);
  return {
    ...{ backEnd: 'stark', logBlowup, records: 2 ** logRecords, accounts: 2 ** logAccounts },
    ...{ cells: partCells(logRecords, logAccounts), folds: false },
  };
}
