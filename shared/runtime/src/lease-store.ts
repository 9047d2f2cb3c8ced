/** Where leases are kept: named values with revisions, replaced only by who knows the revision. */

export interface LeaseEntry {
  /** Rises with every change of the key; 0 before the first. */
  readonly revision: number;
  /** Undefined before the first, and when somebody deleted the key. */
  readonly value: string | undefined;
}

export interface LeaseStore {
  /** For people, with the address: where to look when something is wrong. */
  readonly description: string;
  /** Rejects with LeaseError UNAVAILABLE, CLOSED. */
  read(key: string): Promise<LeaseEntry>;
  /**
   * Resolves with the new revision; undefined when the key's revision is not the one named. Rejects
   * with LeaseError UNAVAILABLE (the value may be written all the same), CLOSED.
   */
  replace(key: string, value: string, revision: number): Promise<number | undefined>;
  /**
   * Calls when the key may just have changed, or be about to: a reason to look, never to rely on.
   * Returns a function that ends it.
   */
  onChange(key: string, listener: () => void): () => void;
}

export type LeaseErrorCode =
  /** The store does not answer. */
  | 'UNAVAILABLE'
  /** The connection, or the table, was closed. */
  | 'CLOSED'
  /** The key holds something that is no lease. */
  | 'DAMAGED'
  /** The store was made otherwise than it has to be, or does not let this user in. */
  | 'BAD_CONFIG';

export class LeaseError extends Error {
  override readonly name = 'LeaseError';
  readonly code: LeaseErrorCode;

  constructor(code: LeaseErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
