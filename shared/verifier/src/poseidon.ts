import { poseidon2 } from 'poseidon-lite/poseidon2';
import { poseidon4 } from 'poseidon-lite/poseidon4';
import { poseidon5 } from 'poseidon-lite/poseidon5';
import { poseidon16 } from 'poseidon-lite/poseidon16';
import { assert } from './assert.ts';

/** Words absorbed by one permutation; the sixteenth input is the state so far. */
export const SPONGE_RATE = 15;

/** Absorbs the words, zeros up to a multiple of 15 after them, starting from `iv`. */
export function sponge(iv: bigint, words: readonly bigint[]): bigint {
  let state = iv;
  for (let i = 0; i < words.length; i += SPONGE_RATE) {
    const chunk = words.slice(i, i + SPONGE_RATE);
    while (chunk.length < SPONGE_RATE) chunk.push(0n);
    state = poseidon16([state, ...chunk]);
  }
  return state;
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
  assert(size > 0 && size < 65536, `circuit size ${size}`);
  const tag = (role === 'batch' ? 65536 : 2 * 65536) + size;
  const { market, epoch, seq0, count } = place;
  return poseidon5([BigInt(tag), BigInt(market), epoch, seq0, BigInt(count)]);
}

/** Leaf of an account holding these totals (available and held). */
export function leafHash(base: bigint, quote: bigint): bigint {
  return poseidon2([base, quote]);
}

/** Inner node over its four children. */
export function nodeHash(children: readonly bigint[]): bigint {
  assert(children.length === 4, `${children.length} children`);
  return poseidon4([...children]);
}
