/** What can go wrong between a client and a market, apart from a rejected command. */
export type ClientErrorCode =
  /** No answer in time, or nobody serves the market. */
  | 'UNREACHABLE'
  /** The server refused the message, which did nothing; the error's message names its code. */
  | 'REFUSED'
  /** The client ended before the command left it: it has not run and will not. */
  | 'NOT_SENT'
  /** The client ended with the command sent and unanswered: it may run. The reports tell. */
  | 'OUTCOME_UNKNOWN'
  /** An answer that can't be read. */
  | 'BAD_ANSWER'
  /** A receipt that is missing, not signed, or for something else than was sent. */
  | 'BAD_RECEIPT'
  /** Two signed receipts that contradict each other: the owner tells two stories. */
  | 'EQUIVOCATION'
  /** The client, the mirror or the connection was closed. */
  | 'CLOSED';

export class ClientError extends Error {
  readonly code: ClientErrorCode;

  constructor(code: ClientErrorCode, message: string) {
    super(`${code}: ${message}`);
    this.name = 'ClientError';
    this.code = code;
  }
}
