/** A copy of a stream against the stream itself: which of the two lost or changed something. */
import { StreamError, type StreamReader, type StreamRecord } from './stream.ts';

export interface ComparisonParts {
  readonly copy: StreamReader;
  /** Sequences that the copy has, the last included. */
  readonly first: number;
  readonly last: number;
  readonly stream: StreamReader;
  /** Sequences that are gone from inside the stream; ascending. */
  readonly holes: () => Promise<readonly number[]>;
  /** So many of the last records that both have are compared; all by default. */
  readonly depth?: number | undefined;
  /** Told of each record that both have alike. */
  readonly onSame?: ((record: StreamRecord) => void) | undefined;
}

export type Comparison =
  /** All that was compared is alike; the stream may be longer. */
  | { readonly kind: 'same'; readonly compared: number; readonly streamLast: number }
  /** What both have is alike, and the stream lacks what the copy has behind it. */
  | { readonly kind: 'shorter'; readonly compared: number; readonly streamLast: number }
  /** The first sequence at which they differ. */
  | { readonly kind: 'differs'; readonly sequence: number; readonly what: string }
  /** Records are missing inside the stream, or at its beginning. */
  | { readonly kind: 'hole'; readonly sequence: number; readonly what: string };

/** Rejects with StreamError of either side: CORRUPT, UNAVAILABLE, NO_STREAM (of the copy). */
export async function compareStreams(parts: ComparisonParts): Promise<Comparison> {
  const { first, last, stream, depth = Number.POSITIVE_INFINITY } = parts;
  const streamLast = await lastOf(stream);
  const holes = await parts.holes();
  const [hole] = holes;
  if (hole !== undefined) {
    return { kind: 'hole', sequence: hole, what: `${rangeWords(holes)} missing inside it` };
  }
  const until = Math.min(last, streamLast);
  const from = Math.max(first, until - depth + 1);
  const found = await compareRange(parts, from, until);
  if (found?.kind === 'differs' && from > first) {
    // Only now is it worth the time to see where they part.
    return (await compareRange(parts, first, until)) ?? found;
  }
  if (found !== undefined) return found;
  const compared = Math.max(0, until - from + 1);
  return { kind: streamLast < last ? 'shorter' : 'same', compared, streamLast };
}

async function lastOf(stream: StreamReader): Promise<number> {
  try {
    return await stream.lastSequence();
  } catch (error) {
    if (error instanceof StreamError && error.code === 'NO_STREAM') return 0;
    throw error;
  }
}

/** Undefined when they are alike from one sequence to the other, both included. */
async function compareRange(
  { copy, stream, onSame }: ComparisonParts,
  from: number,
  until: number,
): Promise<Exclude<Comparison, { readonly compared: number }> | undefined> {
  if (from > until) return undefined;
  const others = stream.read({ fromSequence: from, follow: false })[Symbol.asyncIterator]();
  try {
    for await (const record of copy.read({ fromSequence: from, follow: false })) {
      if (record.sequence > until) break;
      const { sequence } = record;
      const other = await nextOrGap(others);
      if (typeof other === 'string') return { kind: 'hole', sequence, what: other };
      const what = differenceOf(record, other);
      if (what !== undefined) return { kind: 'differs', sequence, what };
      onSame?.(record);
    }
  } finally {
    await others.return?.();
  }
  return undefined;
}

/** Whether a stream has that very record where it has to be. Rejects as its reading does. */
export async function hasRecord(stream: StreamReader, record: StreamRecord): Promise<boolean> {
  try {
    const found = await stream.firstFrom(record.sequence, '>');
    return found !== undefined && differenceOf(record, found) === undefined;
  } catch (error) {
    if (error instanceof StreamError && error.code === 'NO_STREAM') return false;
    throw error;
  }
}

/** Words where records are missing; what is missing in the copy is damage of the copy. */
async function nextOrGap(records: AsyncIterator<StreamRecord>): Promise<StreamRecord | string> {
  try {
    const next = await records.next();
    return next.done === true ? 'it ends there' : next.value;
  } catch (error) {
    if (error instanceof StreamError && error.code === 'GAP') return error.message;
    throw error;
  }
}

function differenceOf(record: StreamRecord, other: StreamRecord): string | undefined {
  if (record.sequence !== other.sequence) return `it is followed by ${other.sequence}`;
  if (record.subject !== other.subject) return `it is on ${other.subject}, not ${record.subject}`;
  if (Buffer.compare(record.payload, other.payload) === 0) return undefined;
  const sizes = `${other.payload.byteLength} bytes, not ${record.payload.byteLength}`;
  const isAsLong = record.payload.byteLength === other.payload.byteLength;
  return `its payload on ${record.subject} is ${isAsLong ? 'another one' : sizes}`;
}

function rangeWords(sequences: readonly number[]): string {
  const [first = 0] = sequences;
  const end = sequences.findIndex((sequence, index) => sequence !== first + index);
  const last = first + (end < 0 ? sequences.length : end) - 1;
  const more = sequences.length - (last - first + 1);
  const run = last === first ? `${first}` : `${first} to ${last}`;
  return more === 0 ? `${run} ${last === first ? 'is' : 'are'}` : `${run} and ${more} more are`;
}
