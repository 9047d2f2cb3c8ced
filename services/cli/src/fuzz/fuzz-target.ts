/** What is fuzzed: bytes from anybody in, a value or a coded error out, and nothing else. */

export interface FuzzTarget {
  /** Whether inputs are text, and changed as such, too. */
  readonly isText: boolean;
  /** Words of the format, which changes put in now and then. */
  readonly words: readonly string[];
  /** Makes checksums right again, so that what lies behind them is reached. */
  readonly mend?: (bytes: Buffer) => void;
  /**
   * Decodes an input in all the ways that must agree. The same bytes always do the same.
   * @returns `whole`, or the code of the error
   * @throws FuzzFault, or whatever the decoder should not have thrown
   */
  check(bytes: Uint8Array): string | Promise<string>;
}

export const WHOLE = 'whole';

/** What a decoder must not do; `kind` is the same for inputs that fail in the same way. */
export class FuzzFault extends Error {
  override readonly name = 'FuzzFault';
  readonly kind: string;

  constructor(kind: string, message: string) {
    super(`${kind}: ${message}`);
    this.kind = kind;
  }
}

export interface Failure {
  readonly kind: string;
  readonly message: string;
}

/** A failure by what was thrown: its numbers say where, not how it failed. */
export function failureOf(error: unknown): Failure {
  if (error instanceof FuzzFault) return { kind: error.kind, message: error.message };
  if (!(error instanceof Error)) return { kind: 'thrown', message: String(error) };
  const [first = ''] = error.message.split('\n');
  const kind = `${error.name}: ${first.replaceAll(/\d+/g, 'N').slice(0, 80)}`;
  return { kind, message: error.stack ?? error.message };
}

/** Checks one input; undefined where all is right. */
export async function failureIn(
  target: FuzzTarget,
  bytes: Uint8Array,
): Promise<Failure | undefined> {
  try {
    await target.check(bytes);
    return undefined;
  } catch (error) {
    return failureOf(error);
  }
}
