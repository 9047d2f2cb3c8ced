import { CliError } from './cli-error.ts';

const EXIT_FAILED = 1;
/** What was asked can't be done as it was asked: no broker there, no market, no permission. */
const EXIT_UNREACHABLE = 2;
const EXIT_INTERRUPTED = 130;

export interface ErrorExplained {
  /** For the user, without the command's name before it. */
  readonly words: string;
  /** Exit status. */
  readonly status: number;
}

/**
 * What an error that ended a command is to its user. Errors of the world outside need no stack. The
 * packages that know them are loaded here and not before: they are most of what starting takes, and
 * a command that does without them need not wait for them.
 */
export async function explainError(error: unknown): Promise<ErrorExplained> {
  if (!(error instanceof Error)) return { words: String(error), status: EXIT_FAILED };
  if (error instanceof CliError) return { words: error.message.trimEnd(), status: error.status };
  // Of the command's own signal: nothing else here is aborted.
  if (error.name === 'AbortError') return { words: 'interrupted', status: EXIT_INTERRUPTED };
  const { ClientError } = await import('@foldbook/client');
  if (error instanceof ClientError) {
    const { refusalWords } = await import('./refusal-words.ts');
    return { words: refusalWords(error), status: EXIT_UNREACHABLE };
  }
  const { StreamError, TransportError } = await import('@foldbook/runtime');
  const isOfTheWorld = error instanceof TransportError || error instanceof StreamError;
  if (isOfTheWorld) return { words: error.message.trimEnd(), status: EXIT_UNREACHABLE };
  return { words: error.stack ?? error.message, status: EXIT_FAILED };
}
