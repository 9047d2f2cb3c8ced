/** What results of different sessions, and all those of one, have to do with each other. */
import type { SnapshotSession } from './account-records.ts';
import type { SnapshotCursor } from './snapshot-cursor.ts';

/** Which of the market's last sequences have a result: a command is of one session. */
export class ResultPlaces {
  readonly #taken: Uint8Array;

  /** @param capacity - of the market; results that are older were refused */
  constructor(capacity: number) {
    this.#taken = new Uint8Array(capacity);
  }

  claim(cursor: SnapshotCursor, name: string, sequence: bigint): void {
    const place = Number(sequence % BigInt(this.#taken.length));
    if (this.#taken[place] === 1) {
      const twice = `the result with sequence ${sequence} is that of another session`;
      cursor.fail('SNAPSHOT_INVALID', `${name}: ${twice}`);
    }
    this.#taken[place] = 1;
  }
}

/**
 * Where the results are all that the session ever had, the state hash covers them by its digest.
 * @param digest - of the results
 */
export function checkDigest(
  cursor: SnapshotCursor,
  name: string,
  session: SnapshotSession,
  digest: bigint,
): void {
  const isWhole = session.sequenceBefore === 0n;
  if (!isWhole || BigInt.asUintN(64, digest) === session.digest) return;
  const says = `has the digest ${session.digest.toString(16)}, which is not that of its results`;
  cursor.fail('SNAPSHOT_INVALID', `${name}: it ${says}`);
}
