/** What can go wrong between a client and a market, apart from a rejected command. */
export type ClientErrorCode =
  /** No answer in time, or nobody serves the market. */
  | 'UNREACHABLE'
  /** The server refused the message or the question; `detail` names its code. */
  | 'REFUSED'
  /** An answer that can't be read. */
  | 'BAD_ANSWER'
  /** The client was closed with the command still unanswered: its outcome is unknown. */
  | 'CLOSED';

export class ClientError extends Error {
  readonly code: ClientErrorCode;

  constructor(code: ClientErrorCode, message: string) {
    super(`${code}: ${message}`);
    this.name = 'ClientError';
    this.code = code;
  }
}
