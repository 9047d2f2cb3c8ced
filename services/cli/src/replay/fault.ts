/** What ended the reading of a file, or of the whole run, before its end. */
import {
  Bin38Error,
  DecodeError,
  FollowError,
  HistoryKernelError,
  InputError,
  LobsterRowsError,
  MarketSetUpError,
  ReplayError,
  StrategyError,
} from '@foldbook/history';
import { UsageError } from '../cli-error.ts';
import { fileTrouble } from '../file-trouble.ts';

export interface Fault {
  readonly file: string;
  readonly code: string;
  readonly message: string;
  /**
   * Of the unpacked content: where the faulty thing begins, or what was decoded up to it. A file
   * that is written has none.
   */
  readonly byte?: number;
  /** Of an event that the book refused: its number in the run, or in a share of it, from 0. */
  readonly event?: number;
  /** Whether what comes behind this file can be read all the same. */
  readonly isOfFile: boolean;
  /** How to mend it, or nothing. */
  readonly remedy: string;
}

/** A file for results that cannot be written to its end. */
export class OutputError extends Error {
  override readonly name = 'OutputError';
  readonly path: string;
  readonly code: string;

  /** @param error what the system says */
  constructor(path: string, error: NodeJS.ErrnoException) {
    super(`can't be written to its end: ${fileTrouble(error)}`);
    this.path = path;
    this.code = `${error.code}`;
  }
}

/** @throws OutputError for what the system says; else what `write` throws */
export function writingTo<T>(path: string, write: () => T): T {
  try {
    return write();
  } catch (error) {
    throw isOfSystem(error) ? new OutputError(path, error) : error;
  }
}

const isOfSystem = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && 'syscall' in error && 'code' in error;

export function outputFault({ path, code, message }: OutputError): Fault {
  return { file: path, code, message, isOfFile: false, remedy: '' };
}

/**
 * @param consumed bytes that the decoder has taken so far
 * @param base how many of them were of files before this one
 * @throws whatever is no fault of the input
 */
export function faultOf(error: unknown, file: string, consumed: number, base: number): Fault {
  if (error instanceof OutputError) return outputFault(error);
  const at = { file, byte: consumed - base, isOfFile: true, remedy: '' };
  if (error instanceof DecodeError) {
    return { ...at, ...coded(error), byte: error.offset - base, remedy: remedyOf(error) };
  }
  if (error instanceof LobsterRowsError) {
    const remedy = '--no-orderbook leaves the orderbook aside';
    return { ...at, ...coded(error), byte: error.offset, remedy };
  }
  if (error instanceof InputError) {
    const remedy = error.code === 'TRUNCATED' ? 'get the file whole' : '';
    return { ...at, ...coded(error), remedy };
  }
  if (error instanceof ReplayError) {
    const isUnknown = error.code === 'UNKNOWN_ORDER';
    const remedy = isUnknown ? '--unknown count passes such events' : '--lenient counts them';
    return { ...at, ...coded(error), event: error.event, isOfFile: false, remedy };
  }
  if (error instanceof MarketSetUpError) {
    return { ...at, code: 'MARKET_SET_UP', message: error.message, isOfFile: false };
  }
  const isOfRun =
    error instanceof StrategyError ||
    error instanceof FollowError ||
    error instanceof HistoryKernelError ||
    error instanceof Bin38Error;
  if (isOfRun) return { ...at, ...coded(error), isOfFile: false };
  if (!isOfSystem(error)) throw error;
  return { ...at, code: `${error.code}`, message: fileTrouble(error) };
}

function remedyOf({ code }: DecodeError): string {
  if (code === 'TRUNCATED') return 'get the file whole';
  // Nothing can be read behind a beginning that is another format's.
  const isOther = code === 'BAD_MAGIC' || code === 'BAD_VERSION';
  return isOther
    ? 'is it of this format? --format names another one'
    : '--lenient counts such things and goes on';
}

/** The code stands before the message of such errors. */
function coded(error: Error & { readonly code: string }) {
  return { code: error.code, message: error.message.replace(/^[A-Z0-9_]+: /, '') };
}

/** One line: what, where, how to mend. */
export function faultWords({ file, code, message, byte, remedy }: Fault): string {
  const isTold = message.includes(' at byte ') || code === 'STRATEGY_FAILED';
  const where = isTold || byte === undefined ? '' : `, at or before byte ${byte}`;
  return `${file}: ${code}: ${message}${where}${remedy === '' ? '' : `; ${remedy}`}`;
}

/** Where a file for results cannot be made. */
export function cannotWrite(path: string, error: unknown): UsageError {
  return new UsageError(`${path} can't be written: ${fileTrouble(error)}`);
}
