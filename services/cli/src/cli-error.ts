/** Errors that people are told in one line, without a stack: each ends with its exit status. */
export abstract class CliError extends Error {
  abstract readonly status: number;
}

/** Bad usage or bad input. */
export class UsageError extends CliError {
  override readonly name = 'UsageError';
  readonly status = 2;
}

/** A service that was started ended, or did not come up. */
export class ServiceError extends CliError {
  override readonly name = 'ServiceError';
  readonly status = 1;
}

/** Ctrl-C, with the status that shells give it. */
export class InterruptedError extends CliError {
  override readonly name = 'InterruptedError';
  readonly status = 130;
}
