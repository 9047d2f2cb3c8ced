/**
 * The barrier that a new owner of a partition appends to the log and to its output streams: a batch
 * of kind TERM with the term as its generation, the place of the barrier before it in the same
 * stream as its `prev`, and one record, the node's name.
 *
 * ```
 * record  +0 length of the name  +1 name, UTF-8, then zeros
 * ```
 */
import assert from 'node:assert/strict';
import { decodeBatchHeader, encodeBatch } from './batch.ts';
import { BatchKind, RECORD_BYTES } from './layout.ts';
import { type Decoded, refuse } from './result.ts';

export const MAX_TERM = 2 ** 32 - 1;
export const MAX_NODE_NAME_BYTES = RECORD_BYTES - 1;

export interface Term {
  /** From 1; of two owners of a partition the later one's is higher. */
  readonly term: number;
  /** For people: which process it is. */
  readonly node: string;
  /** Nanoseconds since 1970, by the node's clock. */
  readonly timeNs: bigint;
  /** Sequence of the stream's barrier before this one; 0 for the first. */
  readonly previous: number;
}

/** The longest beginning of a name that fits, in whole characters. */
export function cutNodeName(name: string): string {
  let cut = name;
  while (new TextEncoder().encode(cut).byteLength > MAX_NODE_NAME_BYTES) {
    cut = [...cut].slice(0, -1).join('');
  }
  return cut;
}

/** A name of at most 63 bytes; a term of 32 bits. */
export function encodeTerm({ term, node, timeNs, previous }: Term): Uint8Array {
  const name = new TextEncoder().encode(node);
  assert(name.byteLength <= MAX_NODE_NAME_BYTES, `the name ${node} fits into a record`);
  assert(Number.isSafeInteger(term) && term > 0 && term <= MAX_TERM, `${term} is a term`);
  const record = new Uint8Array(RECORD_BYTES);
  record[0] = name.byteLength;
  record.set(name, 1);
  return encodeBatch({ kind: BatchKind.TERM, generation: term, prev: previous, timeNs }, record);
}

/** Reads and checks a barrier. Never throws. */
export function decodeTerm(bytes: Uint8Array): Decoded<Term> {
  const header = decodeBatchHeader(bytes, BatchKind.TERM, 1);
  if (!header.ok) return header;
  const { count, generation: term, prev: previous, timeNs } = header.value;
  if (count !== 1) return refuse('TRUNCATED', RECORD_BYTES, 'a term has one record');
  if (term === 0) return refuse('FIELD_RANGE', 0, 'terms begin with 1');
  const record = bytes.subarray(RECORD_BYTES);
  const length = record[0] ?? 0;
  if (length > MAX_NODE_NAME_BYTES) {
    return refuse('FIELD_RANGE', RECORD_BYTES, `a name of ${length} bytes`);
  }
  const rest = record.subarray(1 + length);
  if (rest.some((byte) => byte !== 0)) {
    return refuse('RESERVED_NOT_ZERO', RECORD_BYTES + 1 + length, 'what follows the name');
  }
  try {
    const node = new TextDecoder('utf-8', { fatal: true }).decode(record.subarray(1, 1 + length));
    return { ok: true, value: { term, node, timeNs, previous } };
  } catch {
    return refuse('MALFORMED', RECORD_BYTES + 1, 'the name is no UTF-8');
  }
}
