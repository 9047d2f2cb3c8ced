/**
 * Opening a partition for writing: a barrier with a new term on its log, then on its outputs. From
 * there on every append of the owner before is refused, since each names the sequence before it.
 */
import {
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
  type Logger,
  StreamError,
  type StreamStore,
  type StreamWriter,
} from '@foldbook/runtime';
import { type Coverage, checkCoverage, readCoverage, readCoverageSince } from './durable-output.ts';
import type { MarketRegistry } from './market-registry.ts';

/** The owner before may have this many appends on their way, which get in before the barrier. */
const MOST_ATTEMPTS = 64;

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
  try {
    // A log that was put back from a copy may know of fewer terms than its outputs do.
    const told = await Promise.all([lastTerm(parts, of.reports), lastTerm(parts, of.diffs)]);
    const log = await openLog(parts, of.log, Math.max(0, ...told.map((last) => last?.term ?? 0)));
    writers.push(log.writer);
    const output = async (what: OutputBarrier, from: number | undefined): Promise<OwnedOutput> => {
      const { writer, barrier } = await openOutput(parts, what, log.term);
      writers.push(writer);
      // Behind the barrier: nobody else adds to what is read here.
      const coverage = await coverageOf(parts, what, { since: from, barrier });
      return { writer, coverage, end: barrier - 1 };
    };
    const [reports, diffs] = await bothOf([
      output(of.reports, since?.reports),
      output(of.diffs, since?.diffs),
    ]);
    return { term: log.term, barrier: log.barrier, log: log.writer, reports, diffs, close };
  } catch (error) {
    await close();
    throw error;
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

async function coverageOf(
  { store }: OwnershipParts,
  what: OutputBarrier,
  { since, barrier }: { readonly since: number | undefined; readonly barrier: number },
): Promise<Coverage> {
  const source = { ...what, barrier, reader: store.reader(what.stream) };
  if (since !== undefined && barrier <= since) throw lost(what.stream, barrier - 1, since);
  if (since === undefined || barrier - since > MOST_READ) return readCoverage(source);
  return barrier - 1 > since ? readCoverageSince(source, since) : new Map();
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
 * Appends the log's barrier behind whatever the owner before appends meanwhile. Of two nodes that
 * do so at a time the one whose barrier comes second has the higher term, or tries again.
 */
async function openLog(parts: OwnershipParts, what: Barrier, toldTerm: number): Promise<Opened> {
  const { store } = parts;
  const { stream, filter, subject } = what;
  for (;;) {
    const last = await lastTerm(parts, what);
    const term = nextTerm(parts, Math.max(toldTerm, last?.term ?? 0));
    const payload = barrierOf(parts, term);
    const writer = await store.writer(stream, [filter], { subject, payload });
    const barrier = writer.lastSequence;
    const found = await store.reader(stream).firstFrom((last?.sequence ?? 0) + 1, subject);
    // Streams that keep nothing have nothing to read.
    if (found === undefined || found.sequence >= barrier) return { writer, term, barrier };
    await writer.close();
  }
}

/**
 * Appends the barrier of an output, which the owner before adds to only until it has told all that
 * the log had before its barrier.
 * @throws StreamError STALE_WRITER if an owner has followed already
 */
async function openOutput(parts: OwnershipParts, what: Barrier, term: number): Promise<Opened> {
  const { store, logger } = parts;
  const { stream, filter, subject } = what;
  for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt += 1) {
    const writer = await store.writer(stream, [filter]);
    const last = await lastTerm(parts, what);
    if (last !== undefined && last.term >= term) {
      await writer.close();
      const text = `${stream} has term ${last.term} of ${last.node}`;
      throw new StreamError('STALE_WRITER', `${text}, which followed term ${term} of this node`);
    }
    const barrier = await appendAlone(writer, subject, barrierOf(parts, term));
    if (barrier !== undefined) return { writer, term, barrier };
    await writer.close();
    logger.info(`the owner before still appends to ${stream}; trying again`, { attempt });
  }
  const text = `${stream} is still appended to by an owner that lost its log`;
  throw new StreamError('STALE_WRITER', `${text}; end that process`);
}

/** Undefined if somebody else has appended since the writer was opened. */
async function appendAlone(
  writer: StreamWriter,
  subject: string,
  payload: Uint8Array,
): Promise<number | undefined> {
  try {
    return await writer.append(subject, payload);
  } catch (error) {
    if (error instanceof StreamError && error.code === 'STALE_WRITER') return undefined;
    throw error;
  }
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

/** Undefined where no owner has begun the stream. */
async function lastTerm(
  { store }: OwnershipParts,
  { stream, subject }: Barrier,
): Promise<(Term & { readonly sequence: number }) | undefined> {
  const record = await store
    .reader(stream)
    .last(subject)
    .catch((error: unknown) => {
      if (error instanceof StreamError && error.code === 'NO_STREAM') return undefined;
      throw error;
    });
  if (record === undefined) return undefined;
  const { sequence } = record;
  const decoded = decodeTerm(record.payload);
  if (decoded.ok) return { ...decoded.value, sequence };
  throw new StreamError(
    'CORRUPT',
    `record ${sequence} of ${stream} (${subject}) is no term: ${decoded.name} at byte ` +
      `${decoded.offset}, ${decoded.detail}; restore the stream from a copy`,
  );
}
