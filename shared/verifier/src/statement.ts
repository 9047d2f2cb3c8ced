/** Digests and public signals of the two circuits (circuits/STATEMENT.md). */
import { type AccountDelta, deltaWord } from './account-diffs.ts';
import type { Challenge } from './accumulator.ts';
import { assert } from './assert.ts';
import {
  initialState,
  initialStates,
  type ProofPlace,
  SPONGE_RATE,
  sponge,
  sponges,
} from './poseidon.ts';
import { recordWord, type SettlementRecord } from './settlement-record.ts';

/** Digest of a batch of 1 to `size` records at its place; `size` is the circuit's. */
export function batchDigest(
  size: number,
  place: ProofPlace,
  records: readonly SettlementRecord[],
): bigint {
  assert(records.length === place.count, `${records.length} records, count ${place.count}`);
  const words = padded(records.map(recordWord), size);
  return sponge(initialState('batch', size, place), words);
}

export interface PlacedRecords {
  readonly place: ProofPlace;
  readonly records: readonly SettlementRecord[];
}

/** Digests of many batches: as batchDigest, in half the time. */
export function batchDigests(size: number, batches: readonly PlacedRecords[]): bigint[] {
  const words = batches.flatMap(({ place, records }) => {
    assert(records.length === place.count, `${records.length} records, count ${place.count}`);
    return padded(records.map(recordWord), size);
  });
  const places = batches.map(({ place }) => place);
  return sponges(initialStates('batch', size, places), words);
}

/** Digest of 1 to `size` account changes at their place; `size` is the circuit's. */
export function accountsDigest(
  size: number,
  place: ProofPlace,
  deltas: readonly AccountDelta[],
): bigint {
  assert(deltas.length === place.count, `${deltas.length} deltas, count ${place.count}`);
  const words = padded(deltas.map(deltaWord), size);
  return sponge(initialState('accounts', size, place), words);
}

/** The circuit absorbs all its rows, whether they are in use or not. */
function padded(words: readonly bigint[], size: number): bigint[] {
  assert(words.length > 0 && words.length <= size, `${words.length} rows of ${size}`);
  const length = Math.ceil(size / SPONGE_RATE) * SPONGE_RATE;
  return [...words, ...new Array<bigint>(length - words.length).fill(0n)];
}

export interface BatchClaim {
  readonly digest: bigint;
  readonly acc: bigint;
}

export interface AccountsClaim {
  readonly rootIn: bigint;
  readonly rootOut: bigint;
  readonly digest: bigint;
  readonly acc: bigint;
}

export const BATCH_SIGNALS = 6;
export const ACCOUNTS_SIGNALS = 8;

/** A batch proof's public signals, in the circuit's order. */
export function batchSignals(
  size: number,
  place: ProofPlace,
  { digest, acc }: BatchClaim,
  { x, y }: Challenge,
): bigint[] {
  return [digest, acc, BigInt(place.count), initialState('batch', size, place), x, y];
}

/** An account proof's public signals, in the circuit's order. */
export function accountsSignals(
  size: number,
  place: ProofPlace,
  { rootIn, rootOut, digest, acc }: AccountsClaim,
  { x, y }: Challenge,
): bigint[] {
  const iv = initialState('accounts', size, place);
  return [rootOut, acc, digest, rootIn, BigInt(place.count), iv, x, y];
}
