/**
 * Opening a partition for writing: a barrier with a new term on its log, then on its outputs. From
 * there on every append of the owner before is refused, since each names the sequence before it.
 */
import {
  type BatchHeader,
  BatchKind,
  decodeTerm,
  diffStream,
  diffsFilter,
  diffTermSubject,
  encodeTerm,
  logFilter,
  logStream,
  logTermSubject,
  MAX_TERM,
  reportStream,
  reportsFilter,
  reportTermSubject,
  type Term,
} from '@foldbook/protocol';
import {
  type Clock,
  cancelTimer,
  type Logger,
  StreamError,
  type StreamStore,
  type StreamWriter,
  systemTimers,
  type Timers,
} from '@foldbook/runtime';
import {
  type Coverage,
  checkCoverage,
  cover,
  followed,
  readCoverage,
  readCoverageSince,
} from './durable-output.ts';
import type { MarketRegistry } from './market-registry.ts';

/** An output stream that is this process's to write. */
export interface OwnedOutput {
  readonly writer: StreamWriter;
  /** What the owners before wrote: of all subjects, or of those written to behind `since`. */
  readonly coverage: Coverage;
  /** Last sequence before the barrier. */
  readonly end: number;
}

export interface OwnedStreams {
  readonly term: number;
  /** Sequence of the barrier in the log: what is before it is to be executed first. */
  readonly barrier: number;
  readonly log: StreamWriter;
  readonly reports: OwnedOutput;
  readonly diffs: OwnedOutput;
  close(): Promise<void>;
}

export interface OwnershipParts {
  readonly partition: number;
  /** At most 63 bytes. */
  readonly node: string;
  readonly store: StreamStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly timers?: Timers | undefined;
  /** Up to where it is known what the output streams hold. */
  readonly since?: { readonly reports: number; readonly diffs: number } | undefined;
}

/**
 * Takes a partition over, from whoever owned it.
 * @throws StreamError LOCKED, CORRUPT, BAD_CONFIG, UNAVAILABLE; OutputError for an output that no
 *   market wrote
 */
export async function takeOwnership(parts: OwnershipParts): Promise<OwnedStreams> {
  const { since } = parts;
  const writers: StreamWriter[] = [];
  const close = async () => {
    await Promise.all(writers.map((writer) => writer.close()));
  };
  const of = streamsOf(parts.partition);
  const ahead = {
    reports: since && readAhead(parts, of.reports, since.reports),
    diffs: since && readAhead(parts, of.diffs, since.diffs),
  };
  try {
    const lasts = [of.log, of.reports, of.diffs].map((what) => lastTerm(parts, what));
    const [toldLog, toldReports, toldDiffs] = await Promise.all(lasts);
    // A log that was put back from a copy may know of fewer terms than its outputs do.
    const above = Math.max(toldReports?.term ?? 0, toldDiffs?.term ?? 0);
    const log = await openLog(parts, of.log, toldLog, above);
    writers.push(log.writer);
    const output = async (
      what: OutputBarrier,
      told: TermRecord | undefined,
      reading: ReadAhead | undefined,
    ): Promise<OwnedOutput> => {
      const { writer, barrier } = await openOutput(parts, what, told, log.term);
      writers.push(writer);
      // Behind the barrier: nobody else adds to what is read here.
      const coverage = await coverageOf(parts, what, reading, barrier);
      return { writer, coverage, end: barrier - 1 };
    };
    const [reports, diffs] = await bothOf([
      output(of.reports, toldReports, ahead.reports),
      output(of.diffs, toldDiffs, ahead.diffs),
    ]);
    return { term: log.term, barrier: log.barrier, log: log.writer, reports, diffs, close };
  } catch (error) {
    await close();
    throw error;
  } finally {
    ahead.reports?.close();
    ahead.diffs?.close();
  }
}

/** Waits for both however one ends: what it has opened is to be closed. */
async function bothOf<T>(pair: readonly [Promise<T>, Promise<T>]): Promise<[T, T]> {
  await Promise.allSettled(pair);
  return Promise.all(pair);
}

interface OutputBarrier extends Barrier {
  readonly kind: BatchKind;
}

/** The three streams of a partition, and what begins an ownership of each. */
export function streamsOf(partition: number) {
  const log: Barrier = {
    stream: logStream(partition),
    filter: logFilter(partition),
    subject: logTermSubject(partition),
  };
  const reports: OutputBarrier = {
    stream: reportStream(partition),
    filter: reportsFilter(partition),
    subject: reportTermSubject(partition),
    kind: BatchKind.REPORTS,
  };
  const diffs: OutputBarrier = {
    stream: diffStream(partition),
    filter: diffsFilter(partition),
    subject: diffTermSubject(partition),
    kind: BatchKind.DIFF,
  };
  return { log, reports, diffs };
}

/** What is known of both output streams. */
export interface KnownOutputs {
  readonly reports: Pick<OwnedOutput, 'coverage'>;
  readonly diffs: Pick<OwnedOutput, 'coverage'>;
}

/**
 * Checks what the owners before wrote against the markets that the log gives.
 * @throws OutputError, see `checkCoverage`
 */
export function checkOutputs(
  partition: number,
  { reports, diffs }: KnownOutputs,
  markets: MarketRegistry,
): void {
  checkCoverage(reportStream(partition), reports.coverage, markets);
  checkCoverage(diffStream(partition), diffs.coverage, markets);
}

/** More would take as long to read as the last record of each subject. */
const MOST_READ = 16_384;
/** Of a reader that follows, for what is in the stream already; else it is read anew. */
const READ_PATIENCE_MS = 100;

/** Reads an output before its barrier is there, so that it need not be waited for behind it. */
interface ReadAhead {
  readonly since: number;
  /** All up to a record of the stream; undefined if it does not come soon. */
  upTo(sequence: number): Promise<Coverage | undefined>;
  close(): void;
}

function readAhead(
  { store, timers = systemTimers }: OwnershipParts,
  what: OutputBarrier,
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

async function coverageOf(
  { store }: OwnershipParts,
  what: OutputBarrier,
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

interface Barrier {
  readonly stream: string;
  readonly filter: string;
  readonly subject: string;
}

interface Opened {
  readonly writer: StreamWriter;
  readonly term: number;
  /** Sequence of the barrier. */
  readonly barrier: number;
}

/**
 * Appends the log's barrier behind whatever the owner before appends meanwhile, and behind the last
 * barrier that is known: of two nodes that do so at a time one tries again, with a higher term.
 */
async function openLog(
  parts: OwnershipParts,
  what: Barrier,
  told: TermRecord | undefined,
  above: number,
): Promise<Opened> {
  let last = told;
  for (;;) {
    const term = nextTerm(parts, Math.max(above, last?.term ?? 0));
    const payload = barrierOf(parts, term);
    const writer = await openBehind(parts, what, payload, last);
    if (writer !== undefined) return { writer, term, barrier: writer.lastSequence };
    last = await lastTerm(parts, what);
  }
}

/**
 * Appends the barrier of an output, whatever the owner before appends until then.
 * @throws StreamError STALE_WRITER if an owner has followed already
 */
async function openOutput(
  parts: OwnershipParts,
  what: Barrier,
  told: TermRecord | undefined,
  term: number,
): Promise<Opened> {
  const { stream } = what;
  const payload = barrierOf(parts, term);
  let last = told;
  for (;;) {
    if (last !== undefined && last.term >= term) {
      const text = `${stream} has term ${last.term} of ${last.node}`;
      throw new StreamError('STALE_WRITER', `${text}, which followed term ${term} of this node`);
    }
    const writer = await openBehind(parts, what, payload, last);
    if (writer !== undefined) return { writer, term, barrier: writer.lastSequence };
    last = await lastTerm(parts, what);
  }
}

/** Undefined if another barrier came first. */
async function openBehind(
  parts: OwnershipParts,
  what: Barrier,
  payload: Uint8Array,
  last: TermRecord | undefined,
): Promise<StreamWriter | undefined> {
  const { stream, filter, subject } = what;
  const after = last?.sequence ?? 0;
  try {
    return await parts.store.writer(stream, [filter], { subject, payload, after });
  } catch (error) {
    if (!(error instanceof StreamError) || error.code !== 'STALE_WRITER') throw error;
  }
  // It may be its own, of which nobody said that it is stored.
  const found = await lastTerm(parts, what);
  if (found === undefined || !Buffer.from(payload).equals(found.payload)) return undefined;
  const writer = await parts.store.writer(stream, [filter]);
  if (writer.lastSequence === found.sequence) return writer;
  await writer.close();
  return undefined;
}

const barrierOf = ({ node, clock }: OwnershipParts, term: number) =>
  encodeTerm({ term, node, timeNs: clock.nowNs() });

/** In 2096; a clock beyond it is wrong, and would leave no terms for those that follow. */
const LAST_SECOND = 4_000_000_000;

/**
 * One more than the last one, and at least the seconds since 1970: so that readers do not take a
 * log that was put back from a copy, or begun anew, for one that is behind what they have seen.
 */
function nextTerm({ clock }: OwnershipParts, last: number): number {
  const seconds = Number(clock.nowNs() / 1_000_000_000n);
  const term = Math.max(last + 1, seconds <= LAST_SECOND ? seconds : 1);
  if (term <= MAX_TERM) return term;
  throw new StreamError('CORRUPT', `there are no terms after ${last}: begin the log anew`);
}

interface TermRecord extends Term {
  readonly sequence: number;
  readonly payload: Uint8Array;
}

/** Undefined where no owner has begun the stream. */
async function lastTerm(
  { store }: OwnershipParts,
  { stream, subject }: Barrier,
): Promise<TermRecord | undefined> {
  const record = await store
    .reader(stream)
    .last(subject)
    .catch((error: unknown) => {
      if (error instanceof StreamError && error.code === 'NO_STREAM') return undefined;
      throw error;
    });
  if (record === undefined) return undefined;
  const { sequence, payload } = record;
  const decoded = decodeTerm(payload);
  if (decoded.ok) return { ...decoded.value, sequence, payload };
  throw new StreamError(
    'CORRUPT',
    `record ${sequence} of ${stream} (${subject}) is no term: ${decoded.name} at byte ` +
      `${decoded.offset}, ${decoded.detail}; restore the stream from a copy`,
  );
}
