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

/** Rejects when the signal aborts, or has aborted already; never resolves. */
export function interrupted(signal: AbortSignal): Promise<never> {
  const interruption = Promise.withResolvers<never>();
  // Nobody may be listening any more when it comes.
  interruption.promise.catch(() => undefined);
  const interrupt = () => interruption.reject(new InterruptedError('interrupted'));
  if (signal.aborted) interrupt();
  else signal.addEventListener('abort', interrupt, { once: true });
  return interruption.promise;
}
