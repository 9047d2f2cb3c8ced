/** Why a market's process may end by its own doing. */
import { OutputError } from '@foldbook/market/src/durable-output.ts';
import { CheckpointError } from '@foldbook/market/src/market-checkpoint.ts';
import { RestoreError } from '@foldbook/market/src/market-restore.ts';
import { PartitionLost } from '@foldbook/market/src/partition-lease.ts';
import { SnapshotError, StreamError } from '@foldbook/runtime';

/**
 * Another one took the partition, the broker was away for too long, or a former owner removed what
 * was being read.
 * @param spoiled - how many snapshots the world has spoiled: one may have been whole when it was
 *   checked, and not any more when it was read
 */
export function permittedEnd(error: unknown, spoiled: number): string | undefined {
  if (error instanceof CheckpointError && spoiled > 0) return 'a checkpoint spoiled as it was read';
  if (error instanceof StreamError) {
    const { code } = error;
    return code === 'STALE_WRITER' || code === 'UNAVAILABLE' || code === 'CLOSED'
      ? code
      : undefined;
  }
  if (error instanceof PartitionLost) return 'lease lost as it opened';
  if (!(error instanceof SnapshotError)) return undefined;
  const { code } = error;
  return code === 'NO_SNAPSHOT' || code === 'UNAVAILABLE' || code === 'DAMAGED' ? code : undefined;
}

/** Says that records which were acknowledged are gone. */
export const isLossSaid = (error: unknown) =>
  error instanceof OutputError ||
  error instanceof RestoreError ||
  (error instanceof StreamError && error.code === 'TRUNCATED');
