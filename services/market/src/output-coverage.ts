/** What an output holds at a takeover, read ahead of its barrier where that is known well. */
import type { BatchHeader } from '@foldbook/protocol';
import {
  cancelTimer,
  StreamError,
  type StreamStore,
  systemTimers,
  type Timers,
} from '@foldbook/runtime';
import {
  type Coverage,
  cover,
  followed,
  type OutputSource,
  readCoverage,
  readCoverageSince,
} from './durable-output.ts';

interface ReadParts {
  readonly store: StreamStore;
  readonly timers?: Timers | undefined;
}

type Output = Pick<OutputSource, 'stream' | 'filter' | 'kind'>;

/** More would take as long to read as the last record of each subject. */
const MOST_READ = 16_384;
/** Of a reader that follows, for what is in the stream already; else it is read anew. */
const READ_PATIENCE_MS = 100;

/** Reads an output before its barrier is there, so that it need not be waited for behind it. */
export interface ReadAhead {
  readonly since: number;
  /** All up to a record of the stream; undefined if it does not come soon. */
  upTo(sequence: number): Promise<Coverage | undefined>;
  close(): void;
}

export function readAhead(
  { store, timers = systemTimers }: ReadParts,
  what: Output,
  since: number,
): ReadAhead {
  const stop = new AbortController();
  const { signal } = stop;
  const source = { ...what, reader: store.reader(what.stream) };
  const coverage = new Map<string, BatchHeader>();
  const goal = Promise.withResolvers<Coverage | undefined>();
  let reached = since;
  let wanted = Number.POSITIVE_INFINITY;
  const read = async () => {
    const records = source.reader.read({ fromSequence: since + 1, follow: true, signal });
    for await (const record of records) {
      // Of an owner that has followed; who waits for the barrier has what came before.
      if (record.sequence > wanted) return;
      cover(coverage, source, record);
      reached = record.sequence;
      if (reached >= wanted) goal.resolve(coverage);
      if (reached - since > MOST_READ) return;
    }
  };
  read().catch((error: unknown) => (signal.aborted ? undefined : goal.reject(error)));
  goal.promise.catch(() => undefined);
  const upTo = async (sequence: number) => {
    wanted = sequence;
    if (reached > sequence) throw followed(what.stream, reached, sequence);
    if (reached === sequence) return coverage;
    const timer = timers.after(READ_PATIENCE_MS, () => goal.resolve(undefined));
    return goal.promise.finally(() => cancelTimer(timer));
  };
  return { since, upTo, close: () => stop.abort() };
}

/**
 * What an output holds up to its barrier, of all subjects or of those that were written to since.
 * @throws as `readCoverage`, and StreamError TRUNCATED
 */
export async function coverageOf(
  { store }: ReadParts,
  what: Output,
  reading: ReadAhead | undefined,
  barrier: number,
): Promise<Coverage> {
  const source = { ...what, barrier, reader: store.reader(what.stream) };
  if (reading === undefined) return readCoverage(source);
  const { since } = reading;
  if (barrier <= since) throw lost(what.stream, barrier - 1, since);
  if (barrier - since > MOST_READ) return readCoverage(source);
  return (await reading.upTo(barrier)) ?? readCoverageSince(source, since);
}

/** Of a stream that ends before what was known of it. */
export function lost(stream: string, last: number, known: number): StreamError {
  return new StreamError(
    'TRUNCATED',
    `${stream} ended at ${last}, but is known to have had ${known} records: the broker has lost ` +
      'some; restore its data from a copy',
  );
}

/** Of a log that went on, with a barrier, where who follows it had read something else. */
export function lostAndWrittenOn(stream: string, barrier: number, known: number): StreamError {
  return new StreamError(
    'TRUNCATED',
    `${stream} has a new owner's barrier at ${barrier}, and is known to have had ${known} other ` +
      'records: the broker has lost some, and the log went on without them; what followed it has ' +
      'to begin anew',
  );
}
