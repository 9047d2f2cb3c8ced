/**
 * `NOT_A_FILE`: a folder, a pipe, a device. `TRUNCATED`: a packed file ends before its content
 * does. `CORRUPT`: it is not what its own checksums or structure say. `UNSUPPORTED`: packed in a
 * way that is not read here. `NO_MEMBER`: an archive has no such member. `WHICH_MEMBER`: it has
 * several, and none was chosen.
 */
export type InputErrorCode =
  | 'NOT_A_FILE'
  | 'TRUNCATED'
  | 'CORRUPT'
  | 'UNSUPPORTED'
  | 'NO_MEMBER'
  | 'WHICH_MEMBER';

/** A file that cannot be unpacked, or not to its end. What was read before it stands. */
export class InputError extends Error {
  override readonly name = 'InputError';
  readonly code: InputErrorCode;

  constructor(code: InputErrorCode, message: string, options?: ErrorOptions) {
    super(`${code}: ${message}`, options);
    this.code = code;
  }
}

export function truncated(cause?: Error): InputError {
  return new InputError('TRUNCATED', 'the packed data ends before its content', { cause });
}
