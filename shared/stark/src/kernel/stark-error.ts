/** What can go wrong in making a proof, apart from mistakes of the caller. */
export type StarkErrorCode =
  | 'KERNEL_NOT_BUILT'
  | 'KERNEL_UNSUPPORTED'
  | 'OUT_OF_MEMORY'
  | 'CANCELLED'
  | 'STATEMENT_FALSE';

export class StarkError extends Error {
  readonly code: StarkErrorCode;

  constructor(code: StarkErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StarkError';
    this.code = code;
  }
}
