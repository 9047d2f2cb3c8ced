/** Why a snapshot cannot be restored. */
export type SnapshotErrorCode =
  /** It ends too early. */
  | 'SNAPSHOT_CUT'
  /** It is of another version, or no snapshot at all. */
  | 'SNAPSHOT_VERSION'
  /** Its hash does not match, or something follows its end. */
  | 'SNAPSHOT_DAMAGED'
  /** It is as it was written, but no engine writes such a thing. */
  | 'SNAPSHOT_INVALID'
  /** The market that it is of has other capacities, or it holds more than they allow. */
  | 'SNAPSHOT_CAPACITY'
  /** What was restored has another state hash than the header names. */
  | 'SNAPSHOT_STATE_HASH';

const REMEDIES: { readonly [Code in SnapshotErrorCode]: string } = {
  SNAPSHOT_CUT: 'fetch it again, or use an older one',
  SNAPSHOT_VERSION: 'use the software that wrote it, or replay the log from an older one',
  SNAPSHOT_DAMAGED: 'fetch it again, or use an older one',
  SNAPSHOT_INVALID: 'use an older one, and report this',
  SNAPSHOT_CAPACITY: 'restore it with the capacities that the market was created with',
  SNAPSHOT_STATE_HASH: 'use an older one, and report this',
};

export class SnapshotError extends Error {
  override readonly name = 'SnapshotError';
  readonly code: SnapshotErrorCode;
  /** Place of the record that it is about, from 0; undefined if it is about the whole. */
  readonly record: number | undefined;

  constructor(
    code: SnapshotErrorCode,
    what: string,
    record: number | undefined,
    options?: ErrorOptions,
  ) {
    const where = record === undefined ? 'the snapshot' : `record ${record} of the snapshot`;
    super(`${code}: ${where}: ${what}; ${REMEDIES[code]}`, options);
    this.code = code;
    this.record = record;
  }
}
