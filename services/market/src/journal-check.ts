/** A journal against its log before anything is served: what was lost, and how to mend it. */
import {
  type Comparison,
  compareStreams,
  pause,
  type StreamReader,
  type StreamRecord,
  type Timers,
} from '@foldbook/runtime';

export type JournalErrorCode =
  /** The log ends before the journal does: acknowledged commands have been lost. */
  | 'JOURNAL_AHEAD'
  /** The log has other records than those that were executed. */
  | 'JOURNAL_DIFFERS'
  /** Records are missing inside the log. */
  | 'LOG_HOLE'
  /** The journal itself can't be read or written. */
  | 'JOURNAL_UNUSABLE';

export class JournalError extends Error {
  override readonly name = 'JournalError';
  readonly code: JournalErrorCode;

  constructor(code: JournalErrorCode, message: string, options?: ErrorOptions) {
    super(`${code}: ${message}`, options);
    this.code = code;
  }
}

export interface JournalCheckParts {
  /** Name of the log's stream, and the journal's folder, for people. */
  readonly stream: string;
  readonly folder: string;
  readonly journal: StreamReader;
  /** Sequences of the journal; none are checked if the last is before the first. */
  readonly first: number;
  readonly last: number;
  readonly log: StreamReader;
  readonly holes: () => Promise<readonly number[]>;
  /** So many of the last records are compared. */
  readonly depth: number;
  /** Told of each of them that the log has alike. */
  readonly onSame?: ((record: StreamRecord) => void) | undefined;
  readonly timers: Timers;
}

/** A leader of a broker's cluster that was just elected may show less than it has for a moment. */
const LOOKS = 4;
const LOOK_MS = 500;

/**
 * Resolves when the log has what the journal has, as far as that is looked at.
 * @throws JournalError JOURNAL_AHEAD, JOURNAL_DIFFERS, LOG_HOLE; StreamError of either side
 */
export async function checkJournal(parts: JournalCheckParts): Promise<void> {
  const { journal, log, timers } = parts;
  if (parts.last < parts.first) return;
  for (let look = 1; ; look += 1) {
    const found = await compareStreams({ ...parts, copy: journal, stream: log });
    if (found.kind === 'same') return;
    if (found.kind === 'shorter' && look < LOOKS) await pause(timers, LOOK_MS);
    else throw refusalOf(found, parts);
  }
}

function refusalOf(
  found: Exclude<Comparison, { readonly kind: 'same' }>,
  { stream, folder, last }: JournalCheckParts,
): JournalError {
  switch (found.kind) {
    case 'shorter':
      return new JournalError(
        'JOURNAL_AHEAD',
        `${stream} ends at ${found.streamLast}, but ${folder} has its records up to ${last}: ` +
          `the broker has lost ${found.streamLast + 1} to ${last}, commands that were ` +
          'acknowledged. Nothing is served. Append them from the journal: ' +
          `foldbook journal repair ${folder} --nats URL`,
      );
    case 'differs':
      return new JournalError(
        'JOURNAL_DIFFERS',
        `${stream} has another record at ${found.sequence} than the one that was executed and ` +
          `kept in ${folder}: ${found.what}. Nothing is served. One of the two was changed, put ` +
          'back from an old copy and written on, or is of another node: ' +
          `foldbook journal verify ${folder} --against URL says where they part. Restore the ` +
          "broker's data from a copy that agrees; or, if the log is what counts, move the " +
          'folder away, and a journal of that log is begun anew',
      );
    case 'hole':
      return new JournalError(
        'LOG_HOLE',
        `${stream} has a hole at ${found.sequence}: ${found.what}. Nothing is served, since what ` +
          "is missing can't be executed. A broker takes records at a stream's end only: restore " +
          "its data from a copy; or, if the journal has it all, end all nodes, keep the stream's " +
          `backup, remove the stream, and write it anew: foldbook journal repair ${folder} ` +
          '--nats URL',
      );
    default:
      return found satisfies never;
  }
}
