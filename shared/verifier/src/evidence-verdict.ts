/** What is said of a file of evidence, and how a check ends that finds none. */
import type { Evidence } from './evidence-file.ts';
import { type ReasonCode, type Refused, refused } from './reason-codes.ts';

/** Whose evidence it has to be; without, anybody's whose keys are named. */
export interface EvidencePins {
  /** The operator's key: that of the genesis, or one that it was changed to. */
  readonly operatorKey?: Uint8Array | undefined;
}

/** Whose receipt is part of the evidence. Keys are in hex. */
export interface ReceiptSigner {
  readonly key: string;
  /** The operator's key that certified it; null where none did. */
  readonly certifiedBy: string | null;
  /** Epoch from which on the certifier was changed, where that is no later than the receipt's. */
  readonly retiredFrom: bigint | null;
}

/** A key that signed a header, or changes of itself. */
export interface EvidenceSigner {
  /** Hex. */
  readonly key: string;
  /**
   * Epoch from which on a list of changes that is part of the evidence has another key in its
   * place, where that is no later than what it signed.
   */
  readonly retiredFrom: bigint | null;
}

/** Evidence that holds: these keys signed things that can't all be true. */
export interface EvidenceAccepted {
  readonly ok: true;
  readonly kind: Evidence['kind'];
  readonly market: string;
  /** What contradicts what. */
  readonly words: string;
  readonly receiptKeys: readonly ReceiptSigner[];
  /**
   * The operator's key as the genesis has it, hex; of two chains the one that both signers are or
   * follow from; null where there is no genesis among the parts.
   */
  readonly operatorKey: string | null;
  /** The keys that signed the headers or the changes of a key: that one or later ones. */
  readonly signers: readonly EvidenceSigner[];
  /**
   * `signed`: everything is. `log`: the log that was shown is nobody's word. `retired`: everything
   * is, but some of it by a key of the operator that had been changed by then, which may be in
   * other hands, or by one that such a key certified: `receiptKeys` or `signers` say which.
   */
  readonly against: 'signed' | 'retired' | 'log';
}

/** Ends a check; caught by `checkEvidence` alone. */
export class Refusal extends Error {
  readonly refused: Refused;

  constructor(code: ReasonCode, message: string) {
    super(message);
    this.refused = refused(code, message);
  }
}

export const fits = (words: string) => new Refusal('EVIDENCE_FITS', `${words}: no contradiction`);
