/**
 * Opening a partition for writing: a barrier with a new term on its log and on its outputs. From
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
  pause,
  StreamError,
  type StreamRecord,
  type StreamStore,
  type StreamWriter,
  systemTimers,
  type Timers,
} from '@foldbook/runtime';
import { type Coverage, checkCoverage } from './durable-output.ts';
import type { MarketRegistry } from './market-registry.ts';
import { coverageOf, lost, type ReadAhead, readAhead } from './output-coverage.ts';

/** An output stream that is this process's to write. */
export interface OwnedOutput {
  readonly writer: StreamWriter;
  /** What the owners before wrote: of all subjects, or of those written to behind `since`. */
  readonly coverage: Coverage;
  /** Last sequence before the barrier. */
  readonly end: number;
  /** The barrier before that one. */
  readonly before: TermRecord | undefined;
}

export interface OwnedStreams {
  readonly term: number;
  /** Sequence of the barrier in the log: what is before it is to be executed first. */
  readonly barrier: number;
  /** The log's barrier before that one. */
  readonly before: TermRecord | undefined;
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
  /** The last barriers, as far as is known; saves a question, and waiting for one after another. */
  readonly last?: LastBarriers | undefined;
}

/** Undefined of a stream that no owner has begun. */
export interface LastBarriers {
  readonly log: TermRecord | undefined;
  readonly reports: TermRecord | undefined;
  readonly diffs: TermRecord | undefined;
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
    const opened = await openAll(parts, writers);
    const output = async (
      what: OutputBarrier,
      { writer, barrier, before }: Opened,
      reading: ReadAhead | undefined,
    ): Promise<OwnedOutput> => {
      // Behind the barrier: nobody else adds to what is read here.
      const coverage = await coverageOf(parts, what, reading, barrier);
      return { writer, coverage, end: barrier - 1, before };
    };
    const [reports, diffs] = await allOf([
      output(of.reports, opened.reports, ahead.reports),
      output(of.diffs, opened.diffs, ahead.diffs),
    ]);
    const { term, barrier, before, writer } = opened.log;
    return { term, barrier, before, log: writer, reports, diffs, close };
  } catch (error) {
    await close();
    throw error;
  } finally {
    ahead.reports?.close();
    ahead.diffs?.close();
  }
}

/** Between two attempts, where the broker is not waited for in each. */
const RETRY_MS = 100;

/**
 * The same, however long the broker is away: copies that elect a leader may take longer than one
 * attempt waits.
 * @param mayTake - asked before each further attempt; rejects if another node has the partition
 * @throws as `takeOwnership`, but not UNAVAILABLE, and as `mayTake`
 */
export async function takeOwnershipPatiently(
  parts: OwnershipParts,
  mayTake: () => Promise<void>,
): Promise<OwnedStreams> {
  const { logger, timers = systemTimers } = parts;
  let { last } = parts;
  for (;;) {
    try {
      return await takeOwnership({ ...parts, last });
    } catch (error) {
      if (!(error instanceof StreamError) || error.code !== 'UNAVAILABLE') throw error;
      const { message: detail } = error;
      logger.warn('the partition can not be opened yet; trying again', { detail });
    }
    // Barriers may have been stored that nobody answered for.
    last = undefined;
    await pause(timers, RETRY_MS);
    await mayTake();
  }
}

/** Waits for all however one ends: what the others have opened is to be closed. */
async function allOf<T extends readonly Promise<unknown>[]>(work: readonly [...T]) {
  await Promise.allSettled(work);
  return Promise.all(work);
}

interface OpenedStreams {
  readonly log: Opened;
  readonly reports: Opened;
  readonly diffs: Opened;
}

/** @param writers - gets all that are opened, whether this ends well or not */
async function openAll(parts: OwnershipParts, writers: StreamWriter[]): Promise<OpenedStreams> {
  const { reports, diffs } = streamsOf(parts.partition);
  const keep = <T extends Opened>(opened: T): T => {
    writers.push(opened.writer);
    return opened;
  };
  if (parts.last !== undefined) {
    const opened = await openAtOnce(parts, parts.last, keep);
    if (opened !== undefined) return opened;
    // Another node was faster; what was opened of the outputs counts as an owner's before.
    await Promise.all(writers.splice(0).map((writer) => writer.close()));
  }
  const last = await lastBarriers(parts);
  // A log that was put back from a copy may know of fewer terms than its outputs do.
  const log = keep(await openLog(parts, last));
  const [ownReports, ownDiffs] = await allOf([
    openOutput(parts, reports, last.reports, log.term).then(keep),
    openOutput(parts, diffs, last.diffs, log.term).then(keep),
  ]);
  return { log, reports: ownReports, diffs: ownDiffs };
}

/**
 * Does not wait for the log before it opens the outputs: an owner before that can tell nothing any
 * more is no worse than one that can log nothing.
 * @returns undefined if another node has appended a barrier to the log
 */
async function openAtOnce(
  parts: OwnershipParts,
  last: LastBarriers,
  keep: <T extends Opened>(opened: T) => T,
): Promise<OpenedStreams | undefined> {
  const { log: logBarrier, reports, diffs } = streamsOf(parts.partition);
  const term = nextTerm(parts, highestOf(last));
  const payload = barrierOf(parts, term, last.log);
  const log = openBehind(parts, logBarrier, payload, last.log).then(
    (writer) => writer && keep({ writer, term, barrier: writer.lastSequence, before: last.log }),
  );
  const outputs = allOf([
    openOutput(parts, reports, last.reports, term).then(keep),
    openOutput(parts, diffs, last.diffs, term).then(keep),
  ]);
  await Promise.allSettled([log, outputs]);
  const ownLog = await log;
  if (ownLog === undefined) return undefined;
  const [ownReports, ownDiffs] = await outputs;
  return { log: ownLog, reports: ownReports, diffs: ownDiffs };
}

export const highestOf = (last: LastBarriers): number =>
  Math.max(...[last.log, last.reports, last.diffs].map((barrier) => barrier?.term ?? 0));

export type OutputBarriers = Pick<LastBarriers, 'reports' | 'diffs'>;

/** Those that stood last before the owner's own. */
export const barriersBefore = ({
  reports,
  diffs,
}: Pick<OwnedStreams, 'reports' | 'diffs'>): OutputBarriers => ({
  reports: reports.before,
  diffs: diffs.before,
});

/** Asks each stream of a partition for its last barrier. */
export async function lastBarriers(
  parts: Pick<OwnershipParts, 'store' | 'partition'>,
): Promise<LastBarriers> {
  const of = streamsOf(parts.partition);
  const [log, reports, diffs] = await Promise.all([
    lastTerm(parts, of.log),
    lastTerm(parts, of.reports),
    lastTerm(parts, of.diffs),
  ]);
  return { log, reports, diffs };
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
  /** The one before it. */
  readonly before: TermRecord | undefined;
}

/**
 * Appends the log's barrier behind whatever the owner before appends meanwhile, and behind the last
 * barrier that is known: of two nodes that do so at a time one tries again, with a higher term.
 */
async function openLog(parts: OwnershipParts, told: LastBarriers): Promise<Opened> {
  const { log: what } = streamsOf(parts.partition);
  let last = told;
  for (;;) {
    const term = nextTerm(parts, highestOf(last));
    const payload = barrierOf(parts, term, last.log);
    const writer = await openBehind(parts, what, payload, last.log);
    if (writer !== undefined) {
      return { writer, term, barrier: writer.lastSequence, before: last.log };
    }
    last = { ...last, log: await lastTerm(parts, what) };
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
  let last = told;
  for (;;) {
    if (last !== undefined && last.term >= term) {
      const text = `${stream} has term ${last.term} of ${last.node}`;
      throw new StreamError('STALE_WRITER', `${text}, which followed term ${term} of this node`);
    }
    const writer = await openBehind(parts, what, barrierOf(parts, term, last), last);
    if (writer !== undefined) return { writer, term, barrier: writer.lastSequence, before: last };
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

const barrierOf = (
  { node, clock }: OwnershipParts,
  term: number,
  last: TermRecord | undefined,
): Uint8Array => encodeTerm({ term, node, timeNs: clock.nowNs(), previous: last?.sequence ?? 0 });

/** Of both outputs, what was known of them, and the highest term that had written that. */
export interface KnownEnds {
  readonly reports: number;
  readonly diffs: number;
  readonly term: number;
}

/**
 * Whether outputs have lost records that were known of, and been written on: then a later owner's
 * barrier stands where something else was. The last one alone does not show it, as owners that
 * noticed have left theirs behind it.
 * @throws StreamError TRUNCATED
 */
export async function checkOutputEnds(
  { store, partition }: Pick<OwnershipParts, 'store' | 'partition'>,
  last: OutputBarriers,
  known: KnownEnds,
): Promise<void> {
  const of = streamsOf(partition);
  for (const output of ['reports', 'diffs'] as const) {
    const what = of[output];
    let barrier = last[output];
    while (barrier !== undefined && barrier.term > known.term) {
      const { sequence, previous } = barrier;
      if (sequence <= known[output]) throw lost(what.stream, sequence - 1, known[output]);
      barrier = previous === 0 ? undefined : await termAt({ store }, what, previous);
    }
  }
}

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

/** A barrier, and where it stands. */
export interface TermRecord extends Term {
  readonly sequence: number;
  readonly payload: Uint8Array;
}

/** Undefined where no owner has begun the stream. */
async function lastTerm(
  { store }: Pick<OwnershipParts, 'store'>,
  { stream, subject }: Barrier,
): Promise<TermRecord | undefined> {
  const record = await store
    .reader(stream)
    .last(subject)
    .catch((error: unknown) => {
      if (error instanceof StreamError && error.code === 'NO_STREAM') return undefined;
      throw error;
    });
  return record === undefined ? undefined : termOf(stream, record);
}

/** The barrier that a later one names. */
async function termAt(
  { store }: Pick<OwnershipParts, 'store'>,
  { stream, filter }: Barrier,
  sequence: number,
): Promise<TermRecord> {
  for await (const record of store.reader(stream).read({ fromSequence: sequence, follow: false })) {
    return termOf(stream, record);
  }
  throw new StreamError('CORRUPT', `${stream} (${filter}) has no record ${sequence}`);
}

function termOf(stream: string, { sequence, subject, payload }: StreamRecord): TermRecord {
  const decoded = decodeTerm(payload);
  if (decoded.ok) return { ...decoded.value, sequence, payload };
  throw new StreamError(
    'CORRUPT',
    `record ${sequence} of ${stream} (${subject}) is no term: ${decoded.name} at byte ` +
      `${decoded.offset}, ${decoded.detail}; restore the stream from a copy`,
  );
}
