/** What can go wrong between a client and a market, apart from a rejected command. */
export type ClientErrorCode =
  /** No answer in time, or nobody serves the market. */
  | 'UNREACHABLE'
  /** The server refused the message, which did nothing; the error's message names its code. */
  | 'REFUSED'
  /** The client ended before the command reached anybody: it has not run and will not. */
  | 'NOT_SENT'
  /**
   * The client ended with the command sent and unanswered: it may have run, or run yet. The error
   * has `session` and `requestId`; `askOutcome`, or `outcome` of a client that takes the session
   * over, says what became of it.
   */
  | 'OUTCOME_UNKNOWN'
  /** The caller's own check did not accept an epoch that the prover calls proved. */
  | 'PROOF_REFUSED'
  /** An answer that can't be read. */
  | 'BAD_ANSWER'
  /** A receipt that is missing, not signed, or for something else than was sent. */
  | 'BAD_RECEIPT'
  /** Two signed receipts that contradict each other: the owner tells two stories. */
  | 'EQUIVOCATION'
  /** The client, the mirror or the connection was closed. */
  | 'CLOSED';

export interface ClientErrorFacts {
  /** REFUSED: the name of the market's code. */
  readonly refusal?: string;
  /** OUTCOME_UNKNOWN: what to ask for. */
  readonly session?: number;
  readonly requestId?: number;
}

export class ClientError extends Error {
  readonly code: ClientErrorCode;
  readonly refusal: string | undefined;
  readonly session: number | undefined;
  readonly requestId: number | undefined;

  constructor(code: ClientErrorCode, message: string, facts: ClientErrorFacts = {}) {
    super(`${code}: ${message}`);
    this.name = 'ClientError';
    this.code = code;
    this.refusal = facts.refusal;
    this.session = facts.session;
    this.requestId = facts.requestId;
  }
}
