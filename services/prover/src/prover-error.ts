// SPDX-License-Identifier: GPL-3.0-or-later
/** An operating error: `code` is stable, the message says what, where and how to mend. */
export type ProverErrorCode =
  | 'DIFF_MALFORMED'
  | 'DIFF_GAP'
  | 'DIFF_CONFLICT'
  | 'EPOCH_TOO_LARGE'
  | 'RECORD_INVALID'
  | 'BALANCE_OUT_OF_RANGE'
  | 'EPOCH_REFUSED'
  | 'STORE_CORRUPT'
  | 'STORE_CONFLICT'
  /** Another process has the store. */
  | 'STORE_LOCKED'
  /** The disk under the store is full, or fails. */
  | 'STORE_DISK'
  | 'KEY_FILE'
  | 'KEY_CHANGED'
  | 'PROVING_KEY'
  | 'WITNESS'
  | 'PROOF_FAILED'
  | 'PROOF_REFUSED'
  | 'CLOSED';

export class ProverError extends Error {
  readonly code: ProverErrorCode;

  constructor(code: ProverErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ProverError';
    this.code = code;
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
