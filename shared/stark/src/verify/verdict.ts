/** Why a part's proof is refused. */
export type RefusalCode =
  /** The statement's bytes are none. */
  | 'STATEMENT_FORMAT'
  /** Its constraints are not those that this verifier knows. */
  | 'AIR_DIGEST'
  /** Its parameters give too few bits of security. */
  | 'PARAMETERS'
  /** The proof's bytes are none for this statement. */
  | 'PROOF_FORMAT'
  /** A tree of the proof is not the one that the statement names. */
  | 'ROOT'
  /** Lookups, netting or the accounts before do not add up. */
  | 'SUMS'
  /** A challenge fell where no proof can be (probability 2^-120). */
  | 'CHALLENGE'
  /** Values at zeta break a constraint. */
  | 'CONSTRAINTS'
  /** The nonce shows too little work. */
  | 'GRINDING'
  /** A row that was opened is not in its tree. */
  | 'OPENING'
  /** What the rows combine to is not close to a polynomial of low degree. */
  | 'LOW_DEGREE';

export interface Refused {
  readonly ok: false;
  readonly code: RefusalCode;
  readonly message: string;
}

export const refused = (code: RefusalCode, message: string): Refused => {
  return { ok: false, code, message };
};
