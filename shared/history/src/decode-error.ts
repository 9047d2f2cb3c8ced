/** In the order of the kernel's codes, which begin with FIRST_ERROR (assembly/decoding.ts). */
const CODES = [
  'BAD_MAGIC',
  'BAD_VERSION',
  'BAD_LENGTH',
  'BAD_TYPE',
  'BAD_FIELD',
  'BAD_NUMBER',
  'GAP',
  'OUT_OF_ORDER',
  'TOO_MANY_INSTRUMENTS',
  'TRUNCATED',
] as const;
export type DecodeErrorCode = (typeof CODES)[number];

/** From here on a kernel's code is an error. */
export const FIRST_ERROR = 16;

export function decodeErrorCode(kernelCode: number): DecodeErrorCode {
  const code = CODES[kernelCode - FIRST_ERROR];
  if (code === undefined) throw new Error(`the kernel has no error ${kernelCode}`);
  return code;
}

/** Input that is not what its format says. What was decoded before it stands. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError';
  readonly code: DecodeErrorCode;
  /** Of the faulty thing's first byte in the decoder's whole input. */
  readonly offset: number;

  constructor(code: DecodeErrorCode, offset: number, message: string) {
    super(`${code}: ${message} at byte ${offset}`);
    this.code = code;
    this.offset = offset;
  }
}
