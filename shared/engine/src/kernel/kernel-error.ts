/** What can go wrong with the kernel that is neither a caller's mistake nor a matter of the log. */
export type KernelErrorCode =
  | 'KERNEL_NOT_BUILT'
  | 'KERNEL_OUT_OF_MEMORY'
  | 'KERNEL_EVENTS_NOT_READ'
  | 'KERNEL_SNAPSHOT_TAKEN_OVER';

export class KernelError extends Error {
  override readonly name = 'KernelError';
  readonly code: KernelErrorCode;

  constructor(code: KernelErrorCode, message: string, options?: ErrorOptions) {
    super(`${code}: ${message}`, options);
    this.code = code;
  }
}
