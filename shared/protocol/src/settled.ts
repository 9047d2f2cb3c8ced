/**
 * What an owner of a partition tells those who follow it: how far its outputs are durable. A
 * msgpack map `{ v: 1, term, log, reports, diffs }`.
 */
import { encode } from '@msgpack/msgpack';
import { PROTOCOL_VERSION } from './layout.ts';
import { isMsgpackMap, readMsgpack, showMsgpack } from './msgpack-reader.ts';
import { type Decoded, refuse } from './result.ts';
import { MAX_TERM } from './term.ts';

export interface Settled {
  /** Of the owner that says it. */
  readonly term: number;
  /** Everything that the groups up to this sequence of the log made is durable. */
  readonly log: number;
  /** Sequences of the output streams: what later groups made stands behind them. */
  readonly reports: number;
  readonly diffs: number;
}

const LIMITS = { depth: 1, arrayLength: 0, mapLength: 16, stringBytes: 64 };
const FIELDS = ['term', 'log', 'reports', 'diffs'] as const;

export function encodeSettled(settled: Settled): Uint8Array {
  return encode({ v: PROTOCOL_VERSION, ...settled });
}

/** Never throws. */
export function decodeSettled(bytes: Uint8Array): Decoded<Settled> {
  const read = readMsgpack(bytes, LIMITS);
  if (!read.ok) return read;
  if (!isMsgpackMap(read.value)) return refuse('MALFORMED', 0, 'no msgpack map');
  const version = read.value.get('v');
  if (version !== PROTOCOL_VERSION) {
    return refuse('UNSUPPORTED_VERSION', 0, `v is ${showMsgpack(version)}, expected 1`);
  }
  const counts: Record<string, number> = {};
  for (const name of FIELDS) {
    const value = read.value.get(name);
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
      return refuse('FIELD_RANGE', 0, `${name} is ${showMsgpack(value)}`);
    }
    counts[name] = value;
  }
  const { term = 0, log = 0, reports = 0, diffs = 0 } = counts;
  if (term === 0 || term > MAX_TERM) return refuse('FIELD_RANGE', 0, `term is ${term}`);
  return { ok: true, value: { term, log, reports, diffs } };
}
