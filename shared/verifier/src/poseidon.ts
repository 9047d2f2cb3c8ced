import { poseidon, SPONGE_RATE } from '@foldbook/bn254/ready';
import { assert } from './assert.ts';

export { SPONGE_RATE };

/** Absorbs the words, zeros up to a multiple of 15 after them, starting from `iv`. */
export function sponge(iv: bigint, words: readonly bigint[]): bigint {
  return poseidon.sponge(iv, words);
}

/** A sponge from each iv; each absorbs as many of the words, a multiple of 15, in their order. */
export function sponges(ivs: readonly bigint[], words: readonly bigint[]): bigint[] {
  return poseidon.sponges(ivs, words);
}

/** What a proof is about, apart from its contents: the verifier computes it, never the prover. */
export interface ProofPlace {
  readonly market: number;
  readonly epoch: bigint;
  /** A batch: index of its first record since genesis. An account proof: its index in the epoch. */
  readonly seq0: bigint;
  readonly count: number;
}

export type CircuitRole = 'batch' | 'accounts';

/** The sponge's initial state, which binds a digest to its place. `size`: rows of the circuit. */
export function initialState(role: CircuitRole, size: number, place: ProofPlace): bigint {
  return poseidon.hash(initialInputs(role, size, place));
}

/** The initial states of many places. */
export function initialStates(
  role: CircuitRole,
  size: number,
  places: readonly ProofPlace[],
): bigint[] {
  return poseidon.hashLists(
    5,
    places.flatMap((place) => initialInputs(role, size, place)),
  );
}

function initialInputs(role: CircuitRole, size: number, place: ProofPlace): bigint[] {
  assert(size > 0 && size < 65536, `circuit size ${size}`);
  const tag = (role === 'batch' ? 65536 : 2 * 65536) + size;
  const { market, epoch, seq0, count } = place;
  return [BigInt(tag), BigInt(market), epoch, seq0, BigInt(count)];
}

/** Leaf of an account holding these totals (available and held). */
export function leafHash(base: bigint, quote: bigint): bigint {
  return poseidon.hash([base, quote]);
}

/** Leaves of many accounts: base and quote of each, in turn. */
export function leafHashes(totals: readonly bigint[]): bigint[] {
  return poseidon.hashLists(2, totals);
}

/** Inner node over its four children. */
export function nodeHash(children: readonly bigint[]): bigint {
  assert(children.length === 4, `${children.length} children`);
  return poseidon.hash(children);
}

/** Inner nodes over the children, four each. */
export function nodeHashes(children: readonly bigint[]): bigint[] {
  return poseidon.hashLists(4, children);
}
