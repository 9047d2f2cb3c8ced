// SPDX-License-Identifier: GPL-3.0-or-later
import { createHash } from 'node:crypto';
import type { CircuitName } from '@foldbook/circuits';

/** Input signals by name: decimal strings, or lists of them. Survives JSON unchanged. */
export type CircuitInput = { readonly [signal: string]: SignalValue };
export type SignalValue = string | readonly SignalValue[];

/** One proof to make. Everything in it is plain data, so that a queue can carry it as JSON. */
export interface ProofJob {
  /**
   * The same for the same statement, whoever plans it and however often; different for any other
   * statement, so that a result left in Redis by another run can never be taken for this one's.
   */
  readonly id: string;
  readonly place: JobPlace;
  readonly circuit: CircuitName;
  /** Digest (hex) of the verifying key that the proof is for: workers may have other circuits. */
  readonly keyDigest: string;
  readonly input: CircuitInput;
  /** What the proof has to show: public signals in the circuit's order, decimal. */
  readonly publicSignals: readonly string[];
}

/** What stands in a circuit's place: a part of an epoch of a STARK chain. */
export const PART = 'stark-part';

/**
 * A part of a STARK chain to prove. A worker needs nothing else; as its proof shows one statement
 * only, it can't show another one for it.
 */
export interface PartJob extends Pick<ProofJob, 'id' | 'place' | 'keyDigest'> {
  readonly circuit: typeof PART;
  /** What the proof has to show, as `encodeStatement` writes it. Its AIR digest is the key's. */
  readonly statement: Uint8Array;
  /** As `packRecords` writes them. */
  readonly records: Uint8Array;
  /** The account table before, as `packAccounts` writes it. */
  readonly accounts: Uint8Array;
}

export type PartName = Pick<PartJob, 'id' | 'place'>;

/** What a queue carries. */
export type AnyJob = ProofJob | PartJob;

export interface ProofResult {
  /**
   * Of a circuit A (64 bytes), B (128), C (64): uncompressed big-endian, B in EIP-197 order. Of a
   * part as `PartProver` makes it.
   */
  readonly proof: Uint8Array;
  /** None of a part: its statement says what they would. */
  readonly publicSignals: readonly string[];
  /** Time in the prover's thread, waiting excluded. */
  readonly proveMs: number;
  /** Processor time of that thread. Absent where it is not known, or not believed. */
  readonly cpuMs?: number | undefined;
  /** Resident memory of the worker's process for each of its threads. */
  readonly rssBytes?: number | undefined;
  /** Who made it, "<host>:<process id>". Workers of earlier releases don't tell. */
  readonly worker?: string | undefined;
}

export interface JobPlace {
  readonly market: string;
  /** Hash of the chain's genesis, hex. */
  readonly chain: string;
  readonly epoch: number;
  /**
   * "b" or "a" for a batch or an account proof, "p" for a part of a STARK chain; its first index,
   * "+", and its rows.
   */
  readonly part: string;
}

/** The circuit, by name and by the key that its proofs are verified with. */
export interface JobCircuit {
  readonly name: CircuitName;
  readonly keyDigest: Uint8Array;
}

/** A job whose id names its place and is bound to its chain and statement. */
export function createJob(
  place: JobPlace,
  { name: circuit, keyDigest }: JobCircuit,
  input: CircuitInput,
  publicSignals: readonly string[],
): ProofJob {
  const key = Buffer.from(keyDigest).toString('hex');
  const statement = JSON.stringify([place.chain, circuit, key, publicSignals]);
  const id = jobId(place, statement);
  return { id, place, circuit, keyDigest: key, input, publicSignals };
}

export type PartContent = Pick<PartJob, 'statement' | 'records' | 'accounts'>;

/** A job for a part, as `createJob` makes them for circuits. */
export function createPartJob(
  place: JobPlace,
  airDigest: Uint8Array,
  content: PartContent,
): PartJob {
  const keyDigest = Buffer.from(airDigest).toString('hex');
  return { ...namePart(place, content.statement), circuit: PART, keyDigest, ...content };
}

/** What a part's job is called, before there is one. */
export function namePart(place: JobPlace, statement: Uint8Array): PartName {
  return { id: jobId(place, statement), place };
}

/** In whose turns a market's parts are: its chains have their proofs beside each other. */
export const starkLine = (market: string): string => `${market}/stark`;

export const isPart = (job: AnyJob): job is PartJob => job.circuit === PART;

function jobId(place: JobPlace, statement: string | Uint8Array): string {
  const hash = createHash('sha256').update(statement).digest('hex').slice(0, 16);
  const { market, chain, epoch, part } = place;
  return `${market}-${chain.slice(0, 8)}-${epoch}-${part}-${hash}`;
}
