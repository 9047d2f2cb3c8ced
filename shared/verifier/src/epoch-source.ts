import type { ReasonCode } from './reason-codes.ts';

/** Where a market's chain is kept: a folder, a web server, a test's memory. Reads bytes only. */
export interface EpochSource {
  /** The market that was asked for by name; its genesis has to agree. */
  readonly market?: string;
  /** The genesis file; undefined when there is none. */
  genesis(): Promise<Uint8Array | undefined>;
  /** The list of changes of the operator's key; undefined when there is none. */
  keyChanges(): Promise<Uint8Array | undefined>;
  /** The verifying key filed under this digest (hex); undefined when there is none. */
  verifyingKey(digest: string): Promise<Uint8Array | undefined>;
  /** The shape of a folded circuit filed under this digest; absent where none is kept. */
  foldShape?(digest: string): Promise<Uint8Array | undefined>;
  /** Names of everything beside the epoch files, in any order. */
  epochNames(): Promise<readonly string[]>;
  /**
   * One of these files, without the zstd frame that a store may keep it in; undefined when it has
   * gone since.
   */
  epochFile(name: string): Promise<Uint8Array | undefined>;
}

/** A source could not give what it has; `code` says why. */
export class SourceError extends Error {
  readonly code: ReasonCode;

  constructor(code: ReasonCode, message: string) {
    super(message);
    this.name = 'SourceError';
    this.code = code;
  }
}

/** At least 8 digits, and no zeros in front of more. */
export function epochFileName(epoch: number): string {
  return `${String(epoch).padStart(8, '0')}.fbe`;
}

/** Of the net changes of its accounts. */
export function diffsFileName(epoch: number): string {
  return `${String(epoch).padStart(8, '0')}.fbd`;
}

export function recordsFileName(epoch: number): string {
  return `${String(epoch).padStart(8, '0')}.fbr`;
}
