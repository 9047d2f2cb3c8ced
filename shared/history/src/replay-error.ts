/** In the order of the kernel's codes, which begin with 1 (assembly/replay-book.ts). */
export const REPLAY_ERROR_CODES = [
  /** Nothing but an ADD may name an order that is not there. */
  'UNKNOWN_ORDER',
  'DUPLICATE_ORDER',
  /** Another side than the order's, or none where there must be one. */
  'WRONG_SIDE',
  'MISSING_PRICE',
  /** A new order of nothing. */
  'ZERO_QUANTITY',
  /** More was taken of an order than it showed. */
  'TOO_MUCH',
  'UNKNOWN_ACTION',
  /** Numbers of instruments are less than 65,536. */
  'UNKNOWN_INSTRUMENT',
] as const;
export type ReplayErrorCode = (typeof REPLAY_ERROR_CODES)[number];

export function replayErrorCode(kernelCode: number): ReplayErrorCode {
  const code = REPLAY_ERROR_CODES[kernelCode - 1];
  if (code === undefined) throw new Error(`the kernel has no refusal ${kernelCode}`);
  return code;
}

/** An event that cannot be true of this book. It did nothing; what came before it stands. */
export class ReplayError extends Error {
  override readonly name = 'ReplayError';
  readonly code: ReplayErrorCode;
  /** Of the event in the block that was applied. */
  readonly index: number;
  /** Of the event among all that this book was given, from 0. */
  readonly event: number;

  constructor(code: ReplayErrorCode, index: number, event: number, message: string) {
    super(`${code}: event ${event}, ${message}`);
    this.code = code;
    this.index = index;
    this.event = event;
  }
}
