import type { CommittedTree } from '../commit/committed-tree.ts';
import type { HeightOpenings } from '../openings/height-openings.ts';
import {
  ACCOUNT_COLUMNS,
  type AccountCommitment,
  accountPoint,
} from '../statement/account-commitment.ts';
import type { ExtendedColumns } from './extended-columns.ts';

/**
 * What a statement says of an account table.
 * @param columns - of the table; the first ACCOUNT_COLUMNS have the balances
 * @param tree - over those
 * @param openings - of their height
 */
export function accountCommitment(
  columns: ExtendedColumns,
  { root }: CommittedTree,
  openings: HeightOpenings,
): AccountCommitment {
  const { logHeight } = columns;
  const addresses = Array.from({ length: ACCOUNT_COLUMNS }, (_, column) => columns.at(column));
  const pinned = openings.values(openings.at(accountPoint(root, logHeight)), addresses);
  return { logHeight, root, pinned };
}
